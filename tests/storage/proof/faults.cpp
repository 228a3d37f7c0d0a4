// Calls of the file system that fail, each in turn: a clear error, nothing half done, and on it goes
// afterwards.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <set>

#include "storage/artifact_store.hpp"
#include "tests/storage/proof/content.hpp"
#include "tests/storage/proof/disk_layer.hpp"
#include "tests/storage/proof/forked.hpp"
#include "tests/storage/proof/workload.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::uint64_t commands = 13;
constexpr int a_short_write = 0;

/// A store that is used while calls fail. Every step is tried again until it holds; where the store itself
/// says that it can write no more, it is opened again.
class Stubborn {
 public:
  Stubborn(std::filesystem::path directory, int error) : directory_(std::move(directory)), error_(error) {}

  void run() {
    for (std::uint64_t number = 1; number <= commands; ++number) {
      const std::uint64_t before = opened()->last_sequence();
      insist("append", [&] {
        auto appended = opened()->append(command(0, number, 1));
        if (!appended && opened()->last_sequence() != before)
          throw std::runtime_error("a refused append is there");
        if (appended && appended->repeated) throw std::runtime_error("a refused append was carried out");
        return appended;
      });
      lines_.push_back("command 0 " + std::to_string(number));
      if (number % 5 == 0) {
        insist("snapshot", [&] {
          return store_->save_snapshot(stream_of(0), {before, "proof", snapshot_bytes(0, before)});
        });
        lines_.push_back("snapshot 0 " + std::to_string(before));
      }
      if (number % 7 == 0) {
        insist("artifact", [&] { return artifacts_->put(artifact_bytes(0, number)); });
        lines_.push_back("artifact 0 " + std::to_string(number));
      }
      if (number == 8) store_.reset();  // and opened again
    }
    // Each asking makes it try again; one that failed before is waited for in vain.
    insist("projection", [&] {
      return store_->wait_for("counting", store_->last_sequence(), std::chrono::milliseconds(200));
    });
    store_.reset();
  }
  const std::vector<std::string>& lines() const { return lines_; }
  unsigned failures() const { return failures_; }

 private:
  EventStore* opened() {
    if (!store_)
      insist("open", [&]() -> Result<void> {
        auto store = EventStore::open(directory_);
        if (!store) return fail(store.error());
        auto artifacts = ArtifactStore::open(directory_);
        if (!artifacts) return fail(artifacts.error());
        if (auto attached = (*store)->attach(std::make_shared<Counting>()); !attached) return attached;
        artifacts_.emplace(std::move(*artifacts));
        store_ = std::move(*store);
        return {};
      });
    return store_.get();
  }

  template <class Step>
  void insist(const std::string& what, Step step) {
    for (int attempt = 0; attempt < (what == "projection" ? 100 : 6); ++attempt) {
      const auto done = step();
      if (done) return;
      ++failures_;
      const Error error = done.error();
      if (!expected(error)) throw std::runtime_error(what + ": " + error.code + ": " + to_string(error));
      // What was full goes on by itself; after another fault it may be necessary to open the store again.
      if (attempt >= 2 && error_ != ENOSPC && what != "open") reopen();
    }
    throw std::runtime_error(what + " fails for ever");
  }
  void reopen() {
    store_.reset();
    opened();
  }
  bool expected(const Error& error) const {
    if (error.code == "storage.timeout") return true;
    if (error_ == ENOSPC) return error.code == "storage.full";
    return error.code == "storage.io" || error.code == "storage.full";
  }

  std::filesystem::path directory_;
  int error_;
  std::unique_ptr<EventStore> store_;
  std::optional<ArtifactStore> artifacts_;
  std::vector<std::string> lines_;
  unsigned failures_ = 0;
};

/// Everything once, with this fault; "" or what went wrong. `calls`: how many there were of each kind.
std::string with_fault(disk::Fault fault, std::array<unsigned, disk::call_count>* calls = nullptr) {
  const TemporaryDirectory directory(fast_place());
  const Ended ended = in_a_process([&]() -> std::string {
    disk::inject(directory.path(), fault);
    Stubborn stubborn(directory.path(), fault.error);
    stubborn.run();
    std::string text;
    for (const unsigned counted : disk::calls()) text += std::to_string(counted) + " ";
    disk::inject(directory.path(), {disk::Call::write, 0, 0, 0});
    for (const auto& complaint : judge(directory.path(), stubborn.lines())) return complaint;
    return "fine " + text;
  });
  if (ended.signal != 0) return "signal " + std::to_string(ended.signal);
  if (!ended.said.starts_with("fine ")) return ended.said.empty() ? "no answer" : ended.said;
  if (calls != nullptr) {
    std::istringstream in(ended.said.substr(5));
    for (unsigned& counted : *calls) in >> counted;
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(whichever_call_fails_the_store_says_so_loses_nothing_and_goes_on) {
  std::array<unsigned, disk::call_count> calls{};
  BOOST_REQUIRE_EQUAL(with_fault({disk::Call::write, 0, 0, 0}, &calls), "");
  const char* names[disk::call_count] = {"write", "sync", "resize", "open", "rename"};
  for (const auto call : {disk::Call::write, disk::Call::sync})
    BOOST_TEST(calls[static_cast<std::size_t>(call)] > 15u);
  unsigned runs = 0;
  for (std::size_t kind = 0; kind < disk::call_count; ++kind)
    for (const int error : {ENOSPC, EIO, EACCES, a_short_write}) {
      if (error == a_short_write && kind != static_cast<std::size_t>(disk::Call::write)) continue;
      for (unsigned nth = 1; nth <= calls[kind]; ++nth, ++runs) {
        const unsigned times = nth % 3 == 0 ? 2 : 1;
        const std::string wrong = with_fault({static_cast<disk::Call>(kind), nth, times, error});
        BOOST_TEST(wrong.empty(), names[kind] << " " << nth << " of " << calls[kind] << ", errno " << error
                                              << ", " << times << " times: " << wrong);
      }
    }
  BOOST_TEST_MESSAGE(runs << " faults");
}

BOOST_AUTO_TEST_CASE(a_directory_that_may_not_be_written_to_is_refused_with_a_clear_error) {
  const TemporaryDirectory directory(fast_place());
  value(open_or_throw(directory.path())->append(one("a")));
  namespace fs = std::filesystem;
  for (const auto& file : fs::directory_iterator(directory.path()))
    fs::permissions(file.path(), fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                                        fs::perms::others_exec);
  const Ended ended = in_a_process([&]() -> std::string {
    if (::geteuid() == 0 && ::setuid(65534) != 0) throw std::runtime_error("cannot become nobody");
    const auto writing = EventStore::open(directory.path());
    StoreOptions options;
    options.read_only = true;
    const auto reading = EventStore::open(directory.path(), options);
    const auto none = EventStore::open(directory.path() / "new");
    return code_of(writing) + " " + code_of(reading) + " " + code_of(none);
  });
  fs::permissions(directory.path(), fs::perms::owner_all);
  BOOST_TEST(ended.signal == 0);
  BOOST_TEST(ended.said == "storage.io storage.io storage.io");
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_changes_no_order) {
  const TemporaryDirectory directory(fast_place());
  auto store = open_or_throw(directory.path());
  for (int i = 1; i <= 20; ++i) {
    AppendRequest request = one("a", std::to_string(i));
    request.time = 1'764'000'000'000'000'000 - i * 1'000'000'000LL;
    value(store->append(std::move(request)));
  }
  std::uint64_t next = 1;
  value(store->read_all(1, [&](const events::Recorded& recorded) {
    BOOST_TEST(goal_of(recorded) == std::to_string(next));
    return recorded.sequence == next++;
  }));
  BOOST_TEST(next == 21u);
  BOOST_TEST(value(store->verify()) == 20u);
}

BOOST_AUTO_TEST_CASE(a_map_that_is_full_grows_in_the_middle_of_a_group) {
  const TemporaryDirectory directory(fast_place());
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 40; ++i) {
    AppendRequest request = one("a", std::string(700'000, static_cast<char>('a' + i % 26)));
    request.events.push_back(paused(std::string(300'000, 'z')));
    value(store->append(std::move(request)));
  }
  BOOST_TEST(value(store->verify()) == 80u);
}

BOOST_AUTO_TEST_SUITE_END()
