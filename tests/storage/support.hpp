// What the store's tests share: a directory of their own, small events, a projection that notices a skipped
// or repeated event.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "storage/event_store.hpp"
#include "storage/projection.hpp"

namespace automodel::storage::testing {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(
      const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
    std::string name = (where / "automodel-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<EventStore> open_or_throw(const std::filesystem::path& path,
                                                 StoreOptions options = {}) {
  auto store = EventStore::open(path, std::move(options));
  if (!store) throw std::runtime_error(to_string(store.error()));
  return std::move(*store);
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A value of a Result, or a failed test that says why.
template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The code of an error, "" where there is none.
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? std::string() : result.error().code;
}

inline events::EventT paused(const std::string& goal, const std::string& by = "test") {
  events::GoalPausedT body;
  body.goal = goal;
  body.by = by;
  events::EventT event;
  event.body.Set(std::move(body));
  return event;
}

inline std::string goal_of(const events::Recorded& recorded) {
  return recorded.event.body.AsGoalPaused()->goal;
}

inline AppendRequest one(const std::string& stream, const std::string& goal = "goal-1",
                         Expected expected = Expected::any()) {
  AppendRequest request;
  request.stream = stream;
  request.expected = expected;
  request.time = 1'764'000'000'000'000'000;
  request.events.push_back(paused(goal));
  return request;
}

inline events::OutboxMessageT message_to(const std::string& target, std::uint64_t number) {
  events::OutboxMessageT message;
  message.target = target;
  message.command = std::make_unique<events::CommandT>();
  message.command->sender = "test";
  message.command->number = number;
  events::PauseGoalT body;
  body.goal = "goal-1";
  message.command->body.Set(std::move(body));
  return message;
}

/// Counts events by stream, and chains every sequence that it was given: its digest tells any other order.
class Counting final : public Projection {
 public:
  explicit Counting(std::string schema = "1") : schema_(std::move(schema)) {}
  std::string name() const override { return "counting"; }
  std::string schema() const override { return schema_; }
  std::vector<std::string> tables() const override { return {"chain", "counts"}; }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    const auto counted = rows.get("counts", event.stream);
    const std::uint64_t count =
        1 + (counted ? std::stoull(std::string(counted->begin(), counted->end())) : 0);
    const std::string text = std::to_string(count);
    rows.put("counts", event.stream, events::Bytes(text.begin(), text.end()));
    events::Bytes chain = rows.get("chain", "last").value_or(events::Bytes());
    for (int shift = 0; shift < 64; shift += 8)
      chain.push_back(static_cast<std::uint8_t>(event.sequence >> shift));
    rows.put("chain", "last", events::blake2b(chain));
  }

 private:
  std::string schema_;
};

inline std::uint64_t count_of(const RowReader& rows, const std::string& stream) {
  const auto row = rows.get("counts", stream);
  return row ? std::stoull(std::string(row->begin(), row->end())) : 0;
}

/// The digest of a projection rebuilt from the events alone.
inline events::Hash256 rebuilt_digest(const EventStore& store, const Projection& projection) {
  MapRows rows;
  value(store.read_all(1, [&](const events::Recorded& event) {
    projection.apply(rows, event);
    return true;
  }));
  return digest(projection, rows);
}

}  // namespace automodel::storage::testing
