#include <map>
#include <set>
#include <sstream>

#include "storage/artifact_store.hpp"
#include "tests/storage/proof/content.hpp"
#include "tests/storage/proof/workload.hpp"
#include "tests/storage/support.hpp"

namespace automodel::storage::testing {

namespace {

/// What one worker was told.
struct Told {
  std::uint64_t command = 0, snapshot = 0, epoch = 1;
  std::set<std::uint64_t> forgotten, perhaps_forgotten, artifacts;
};

std::map<unsigned, Told> parse(const std::vector<std::string>& lines) {
  std::map<unsigned, Told> all;
  for (unsigned worker = 0; worker < worker_count; ++worker) all[worker];
  for (const std::string& line : lines) {
    std::istringstream in(line);
    std::string what;
    unsigned worker = 0;
    std::uint64_t number = 0;
    if (!(in >> what >> worker >> number)) continue;  // the last line, cut off by a kill
    Told& told = all[worker];
    if (what == "command") told.command = std::max(told.command, number);
    if (what == "snapshot") told.snapshot = std::max(told.snapshot, number);
    if (what == "epoch") told.epoch = std::max(told.epoch, number);
    if (what == "forgot") told.forgotten.insert(number);
    if (what == "forgetting") told.perhaps_forgotten.insert(number);
    if (what == "artifact") told.artifacts.insert(number);
  }
  return all;
}

class Judge {
 public:
  Judge(EventStore& store, const ArtifactStore& artifacts) : store_(store), artifacts_(artifacts) {}

  void worker(unsigned number, const Told& told) {
    stream_ = stream_of(number);
    const std::uint64_t last = commands(told);
    replies(last);
    epoch(told);
    outbox(told, last);
    snapshot(number, told);
    for (const std::uint64_t artifact : told.artifacts) {
      const auto kept = artifacts_.get(events::hex(events::blake2b(artifact_bytes(number, artifact))));
      expect(kept.has_value(), "artifact " + std::to_string(artifact) + " is lost");
    }
  }
  void whole(const Counting& counting) {
    stream_ = "the store";
    const std::uint64_t last = store_.last_sequence();
    const auto verified = store_.verify();
    expect(verified && *verified == last,
           "verify: " + (verified ? std::to_string(*verified) + " events" : to_string(verified.error())));
    const auto waited = store_.wait_for("counting", last, std::chrono::seconds(60));
    expect(waited.has_value(), "the projection: " + (waited ? "" : to_string(waited.error())));
    expect(digest(counting, *store_.projection_rows("counting")) == rebuilt_digest(store_, counting),
           "the projection is not what its events give");
    const auto appended = store_.append(one("judge", "x"));
    expect(appended && appended->last_sequence == last + 1, "a store that was interrupted takes no event");
  }
  std::vector<std::string> complaints;

 private:
  void expect(bool holds, const std::string& complaint) {
    if (!holds && complaints.size() < 10) complaints.push_back(stream_ + ": " + complaint);
  }

  /// Commands are whole, in order, each once, and none that was acknowledged is missing. Gives the last one.
  std::uint64_t commands(const Told& told) {
    Content at;
    std::uint64_t epoch = 1;
    value(store_.read_stream(stream_, 1, [&](const events::Recorded& recorded) {
      const Content found = parse_content(goal_of(recorded));
      const Content wanted = at.index == at.count ? Content{at.number + 1, 1, events_of(at.number + 1)}
                                                  : Content{at.number, at.index + 1, at.count};
      expect(found == wanted, "event " + std::to_string(recorded.version) + " is of command " +
                                  std::to_string(found.number) + ", expected " +
                                  std::to_string(wanted.number));
      expect(recorded.epoch >= epoch, "epochs go back");
      epoch = recorded.epoch;
      at = found;
      return true;
    }));
    expect(at.index == at.count, "command " + std::to_string(at.number) + " is half there");
    expect(at.number >= told.command, "command " + std::to_string(told.command) +
                                          " was acknowledged, the last one is " + std::to_string(at.number));
    return at.number;
  }
  void replies(std::uint64_t last) {
    for (std::uint64_t number = 1; number <= last + 1; ++number) {
      const auto reply = value(store_.find_reply(stream_, "proof", number));
      const std::string wanted = reply_to(number);
      expect(number > last ? !reply : reply && *reply == events::Bytes(wanted.begin(), wanted.end()),
             "the reply to command " + std::to_string(number) + " is another one");
    }
  }
  void epoch(const Told& told) {
    const std::uint64_t stored = value(store_.epoch(stream_));
    expect(stored >= told.epoch, "epoch " + std::to_string(told.epoch) + " is forgotten");
    if (stored < 2) return;
    AppendRequest late = one(stream_);
    late.epoch = stored - 1;
    expect(code_of(store_.append(std::move(late))) == "storage.fenced", "a lower epoch is not refused");
  }
  void outbox(const Told& told, std::uint64_t last) {
    std::set<std::uint64_t> pending;
    for (const auto& message : value(store_.outbox(stream_))) {
      const std::uint64_t number = message.message.command->number;
      expect(pending.insert(number).second, "message " + std::to_string(number) + " is there twice");
      expect(number % 3 == 0 && number <= last, "message " + std::to_string(number) + " was never sent");
      expect(!told.forgotten.contains(number), "message " + std::to_string(number) + " is back");
    }
    for (std::uint64_t number = 3; number <= last; number += 3)
      expect(pending.contains(number) || told.perhaps_forgotten.contains(number),
             "message " + std::to_string(number) + " is lost");
  }
  void snapshot(unsigned number, const Told& told) {
    const auto snapshot = value(store_.load_snapshot(stream_));
    expect(told.snapshot == 0 || (snapshot && snapshot->version >= told.snapshot), "a snapshot is lost");
    if (!snapshot) return;
    expect(snapshot->schema == "proof" && snapshot->bytes == snapshot_bytes(number, snapshot->version),
           "the snapshot has another content");
    expect(snapshot->version <= value(store_.stream_version(stream_)), "the snapshot is ahead of its stream");
  }

  EventStore& store_;
  const ArtifactStore& artifacts_;
  std::string stream_;
};

}  // namespace

std::vector<std::string> judge(const std::filesystem::path& directory,
                               const std::vector<std::string>& acknowledged) {
  try {
    auto store = open_or_throw(directory);
    const auto artifacts = value(ArtifactStore::open(directory));
    const auto counting = std::make_shared<Counting>();
    value(store->attach(counting));
    Judge judge(*store, artifacts);
    for (const auto& [worker, told] : parse(acknowledged)) judge.worker(worker, told);
    judge.whole(*counting);
    return judge.complaints;
  } catch (const std::exception& thrown) {
    return {std::string("exception: ") + thrown.what()};
  }
}

}  // namespace automodel::storage::testing
