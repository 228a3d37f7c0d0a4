#include "tests/storage/proof/workload.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "storage/artifact_store.hpp"
#include "tests/storage/proof/content.hpp"
#include "tests/storage/support.hpp"

namespace automodel::storage::testing {

namespace {

class Worker {
 public:
  Worker(EventStore& store, const ArtifactStore& artifacts, unsigned number, const Say& say)
      : store_(store), artifacts_(artifacts), worker_(number), stream_(stream_of(number)), say_(say) {}

  /// The next number; the last command is sent again, which must change nothing.
  std::uint64_t resume() {
    const std::uint64_t version = value(store_.stream_version(stream_));
    const std::uint64_t last =
        version == 0 ? 0 : parse_content(goal_of(*value(store_.find(stream_, version)))).number;
    epoch_ = value(store_.epoch(stream_));
    if (last > 0 && !value(store_.append(command(worker_, last, epoch_))).repeated)
      throw std::runtime_error("command " + std::to_string(last) + " of " + stream_ +
                               " was carried out twice");
    return last + 1;
  }

  void one_by_one(std::uint64_t from, std::uint64_t until) {
    for (std::uint64_t number = from; number <= until; ++number) {
      acknowledged(number, value(store_.append(command(worker_, number, epoch_))));
      if (number % 16 == 0) snapshot();
      if (number % 6 == 0) forget_oldest();
      if (number % 40 == 0) take_over();
      if (number % 50 == 0) keep_artifact(number);
    }
  }

  /// Several commands wait at a time.
  void pipelined(std::uint64_t from, std::uint64_t until) {
    std::mutex mutex;
    std::condition_variable moved;
    unsigned waiting = 0;
    std::string trouble;
    for (std::uint64_t number = from; number <= until; ++number) {
      std::unique_lock lock(mutex);
      moved.wait(lock, [&] { return waiting < 16 || !trouble.empty(); });
      if (!trouble.empty()) break;
      ++waiting;
      lock.unlock();
      store_.append_async(command(worker_, number, epoch_), [&, number](Result<Appended> appended) {
        if (appended) acknowledged(number, *appended);
        const std::lock_guard hold(mutex);
        if (!appended) trouble = to_string(appended.error());
        --waiting;
        moved.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    moved.wait(lock, [&] { return waiting == 0; });
    if (!trouble.empty()) throw std::runtime_error(trouble);
  }

 private:
  void say(const std::string& what, std::uint64_t number) {
    say_(what + " " + std::to_string(worker_) + " " + std::to_string(number));
  }
  void acknowledged(std::uint64_t number, const Appended& appended) {
    if (appended.repeated) throw std::runtime_error("a new command was taken for a repeated one");
    say("command", number);
  }
  void snapshot() {
    const std::uint64_t version = value(store_.stream_version(stream_));
    value(store_.save_snapshot(stream_, {version, "proof", snapshot_bytes(worker_, version)}));
    say("snapshot", version);
  }
  void forget_oldest() {
    const auto pending = value(store_.outbox(stream_));
    if (pending.empty()) return;
    say("forgetting", pending.front().message.command->number);
    value(store_.acknowledge(stream_, pending.front().id));
    say("forgot", pending.front().message.command->number);
  }
  void take_over() {
    value(store_.raise_epoch(stream_, ++epoch_));
    say("epoch", epoch_);
  }
  void keep_artifact(std::uint64_t number) {
    value(artifacts_.put(artifact_bytes(worker_, number)));
    say("artifact", number);
  }

  EventStore& store_;
  const ArtifactStore& artifacts_;
  unsigned worker_;
  std::string stream_;
  const Say& say_;
  std::uint64_t epoch_ = 1;
};

}  // namespace

std::string stream_of(unsigned worker) { return "stream/" + std::to_string(worker); }

AppendRequest command(unsigned worker, std::uint64_t number, std::uint64_t epoch) {
  AppendRequest request;
  request.stream = stream_of(worker);
  request.epoch = epoch;
  request.sender = "proof";
  request.number = number;
  request.correlation = "goal-" + std::to_string(number % 7);
  // A clock that goes back now and then.
  request.time = 1'764'000'000'000'000'000 + static_cast<std::int64_t>(number) * 1000 -
                 (number % 9 == 0 ? 3'600'000'000'000 : 0);
  const unsigned count = events_of(number);
  for (unsigned index = 1; index <= count; ++index)
    request.events.push_back(paused(content(number, index, count)));
  if (number % 3 == 0) request.outbox.push_back(message_to("somebody", number));
  const std::string reply = reply_to(number);
  request.reply.assign(reply.begin(), reply.end());
  return request;
}

void work(const std::filesystem::path& directory, std::uint64_t commands, const Say& say) {
  auto store = open_or_throw(directory);
  const auto artifacts = value(ArtifactStore::open(directory));
  value(store->attach(std::make_shared<Counting>()));
  std::mutex mutex;
  std::exception_ptr trouble;
  {
    std::vector<std::jthread> threads;
    for (unsigned number = 0; number < worker_count; ++number)
      threads.emplace_back([&, number] {
        try {
          Worker worker(*store, artifacts, number, say);
          const std::uint64_t from = worker.resume();
          const std::uint64_t until = commands == 0 ? ~std::uint64_t{0} : from + commands - 1;
          number + 1 == worker_count ? worker.pipelined(from, until) : worker.one_by_one(from, until);
        } catch (...) {
          const std::lock_guard lock(mutex);
          trouble = std::current_exception();
        }
      });
  }
  if (trouble) std::rethrow_exception(trouble);
}

}  // namespace automodel::storage::testing
