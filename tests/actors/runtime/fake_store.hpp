// The store's contract over a map, with commits that happen when a test says so: so that tests can stop the
// world between a decision, its commit and the callback. It keeps to every rule of storage/event_store.hpp
// that agents use.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "storage/event_store.hpp"
#include "storage/projection.hpp"

namespace automodel::test {

class FakeStore final : public storage::EventStore {
 public:
  bool automatic = true;            // commit within append_async
  std::optional<Error> fail_next;   // the next commit fails with this
  std::optional<Error> fail_reads;  // read_stream fails with this

  std::size_t queued() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
  }
  /// Commits the oldest queued append; with `tell` false, whoever asked never learns (a crash after the
  /// commit).
  void commit_next(bool tell = true) {
    std::unique_lock lock(mutex_);
    if (queue_.empty()) return;
    auto [request, done] = std::move(queue_.front());
    queue_.pop_front();
    auto result = commit(std::move(request));
    lock.unlock();
    if (tell) done(std::move(result));
  }
  void commit_all() {
    while (queued() > 0) commit_next();
  }
  /// A crash of the process: what was not committed is gone.
  void lose_queue() {
    std::lock_guard lock(mutex_);
    queue_.clear();
  }
  std::size_t count(const std::string& stream) const { return *stream_version(stream); }

  Result<storage::Appended> append(storage::AppendRequest request) override {
    std::lock_guard lock(mutex_);
    return commit(std::move(request));
  }
  void append_async(storage::AppendRequest request,
                    std::function<void(Result<storage::Appended>)> done) override {
    std::unique_lock lock(mutex_);
    if (!automatic) {
      queue_.emplace_back(std::move(request), std::move(done));
      return;
    }
    auto result = commit(std::move(request));
    lock.unlock();
    done(std::move(result));
  }

  Result<void> read_stream(const std::string& stream, std::uint64_t from,
                           const std::function<bool(const events::Recorded&)>& visit) const override {
    std::lock_guard lock(mutex_);
    if (fail_reads) return fail(*fail_reads);
    for (const auto& event : all_)
      if (event.stream == stream && event.version >= from && !visit(event)) break;
    return {};
  }
  Result<void> read_all(std::uint64_t from,
                        const std::function<bool(const events::Recorded&)>& visit) const override {
    std::lock_guard lock(mutex_);
    for (const auto& event : all_)
      if (event.sequence >= from && !visit(event)) break;
    return {};
  }
  Result<std::optional<events::Recorded>> find(const std::string& stream,
                                               std::uint64_t version) const override {
    std::lock_guard lock(mutex_);
    for (const auto& event : all_)
      if (event.stream == stream && event.version == version) return event;
    return std::nullopt;
  }
  Result<std::vector<std::string>> streams() const override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, version] : versions_) names.push_back(name);
    return names;
  }
  std::uint64_t last_sequence() const override {
    std::lock_guard lock(mutex_);
    return all_.size();
  }
  Result<std::uint64_t> stream_version(const std::string& stream) const override {
    std::lock_guard lock(mutex_);
    const auto found = versions_.find(stream);
    return found == versions_.end() ? 0 : found->second;
  }
  Result<void> save_snapshot(const std::string& stream, storage::Snapshot snapshot) override {
    std::lock_guard lock(mutex_);
    snapshots_[stream] = std::move(snapshot);
    return {};
  }
  Result<std::optional<storage::Snapshot>> load_snapshot(const std::string& stream) const override {
    std::lock_guard lock(mutex_);
    const auto found = snapshots_.find(stream);
    if (found == snapshots_.end()) return std::nullopt;
    return found->second;
  }
  Result<std::optional<events::Bytes>> find_reply(const std::string& stream, const std::string& sender,
                                                  std::uint64_t number) const override {
    std::lock_guard lock(mutex_);
    const auto found = inbox_.find({stream, sender, number});
    if (found == inbox_.end()) return std::nullopt;
    return found->second;
  }
  Result<std::vector<storage::PendingMessage>> outbox(const std::string& stream) const override {
    std::lock_guard lock(mutex_);
    std::vector<storage::PendingMessage> pending;
    for (const auto& message : outbox_)
      if (message.stream == stream) pending.push_back(message);
    return pending;
  }
  Result<void> acknowledge(const std::string& stream, std::uint64_t id) override {
    std::lock_guard lock(mutex_);
    std::erase_if(outbox_, [&](const auto& message) { return message.stream == stream && message.id == id; });
    return {};
  }
  Result<std::uint64_t> epoch(const std::string&) const override { return 1; }
  Result<void> raise_epoch(const std::string&, std::uint64_t) override {
    return fail("test.not_here", "no epochs");
  }
  std::shared_ptr<void> on_commit(std::function<void(std::uint64_t)>) override { return nullptr; }
  Result<std::uint64_t> verify() const override { return last_sequence(); }
  Result<void> attach(std::shared_ptr<storage::Projection>) override {
    return fail("test.not_here", "no projections");
  }
  Result<void> wait_for(const std::string&, std::uint64_t, std::chrono::milliseconds) const override {
    return {};
  }
  std::shared_ptr<const storage::RowReader> projection_rows(const std::string&) const override {
    return std::make_shared<storage::MapRows>();
  }
  const std::filesystem::path& path() const override { return path_; }

 private:
  using Queued = std::pair<storage::AppendRequest, std::function<void(Result<storage::Appended>)>>;

  Result<storage::Appended> commit(storage::AppendRequest request) {
    if (fail_next) return fail(*std::exchange(fail_next, std::nullopt));
    auto& version = versions_[request.stream];
    const auto key = std::tuple(request.stream, request.sender, request.number);
    if (!request.sender.empty() && inbox_.contains(key)) {
      storage::Appended known;
      known.version = version;
      known.repeated = true;
      known.reply = inbox_.at(key);
      return known;
    }
    if (request.expected.kind == storage::Expected::Kind::exactly && request.expected.version != version)
      return fail("storage.version_conflict", "the stream is at " + std::to_string(version));
    storage::Appended done;
    done.first_sequence = all_.size() + 1;
    for (auto& event : request.events) {
      events::Recorded recorded;
      recorded.sequence = all_.size() + 1;
      recorded.stream = request.stream;
      recorded.version = ++version;
      recorded.time = request.time;
      recorded.correlation = request.correlation;
      recorded.causation = request.causation;
      recorded.epoch = request.epoch;
      recorded.event = std::move(event);
      all_.push_back(std::move(recorded));
    }
    done.last_sequence = all_.size();
    done.version = version;
    for (auto& message : request.outbox)
      outbox_.push_back({next_message_++, request.stream, std::move(message)});
    if (!request.sender.empty()) inbox_[key] = std::move(request.reply);
    return done;
  }

  mutable std::mutex mutex_;
  std::deque<Queued> queue_;
  std::vector<events::Recorded> all_;
  std::map<std::string, std::uint64_t> versions_;
  std::map<std::string, storage::Snapshot> snapshots_;
  std::map<std::tuple<std::string, std::string, std::uint64_t>, events::Bytes> inbox_;
  std::vector<storage::PendingMessage> outbox_;
  std::uint64_t next_message_ = 1;
  std::filesystem::path path_ = "memory";
};

}  // namespace automodel::test
