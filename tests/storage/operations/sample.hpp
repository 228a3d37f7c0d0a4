// Histories with everything in them that is hard to carry: for what operations copy and move.
#pragma once

#include <fstream>
#include <limits>
#include <random>

#include "storage/memory/memory.hpp"
#include "storage/operations/stored_records.hpp"
#include "tests/events/some_parts.hpp"
#include "tests/storage/support.hpp"

namespace automodel::storage::testing {

inline constexpr std::int64_t noon = 1'764'000'000'000'000'000;

/// Names that are no UTF-8, numbers that JSON has no word for, the largest whole numbers.
inline events::EventT awkward(std::uint64_t number) {
  events::GoalAcceptedT body;
  body.goal = events::testing::some_goal();
  body.goal->id = "goal-" + std::to_string(number);
  body.goal->metric = std::string("a\xC3\x28\xFF\0b\n\"\\", 10);
  body.goal->budget_seconds = number % 3 == 0   ? std::numeric_limits<double>::quiet_NaN()
                              : number % 3 == 1 ? -std::numeric_limits<double>::infinity()
                                                : 0.1 + static_cast<double>(number);
  body.goal->seed = std::numeric_limits<std::uint64_t>::max() - number;
  body.goal->max_trials = 4294967295u;
  body.rows = (std::uint64_t{1} << 53) + 1;
  events::EventT event;
  event.body.Set(std::move(body));
  return event;
}

inline events::EventT trained(const std::string& checkpoint) {
  events::TrialFinishedT body;
  body.trial = "trial-1";
  body.result = std::make_unique<events::TrainResultT>();
  body.result->checkpoint = checkpoint;
  body.model = std::make_unique<events::ModelRefT>();
  body.model->checkpoint = checkpoint;
  events::EventT event;
  event.body.Set(std::move(body));
  return event;
}

/// `count` events in four streams, one of whose names is no UTF-8; a second between them.
inline void fill(EventStore& store, int count, const std::string& mark = "goal") {
  for (int i = 1; i <= count; ++i) {
    AppendRequest request =
        one(i % 4 == 0 ? "\xFFstream" : "stream/" + std::to_string(i % 4), mark + "-" + std::to_string(i));
    if (i % 3 == 0) request.events.front() = awkward(static_cast<std::uint64_t>(i));
    if (i % 5 == 0) request.events.push_back(paused("two at once"));
    if (i % 2 == 0) request.correlation = "goal-\xC3\xA4\xFE";
    if (i % 7 == 0) request.causation = "stream/1#1";
    request.epoch = 1 + static_cast<std::uint64_t>(i / 10);
    request.time = noon + i * std::int64_t{1'000'000'000};
    value(store.append(std::move(request)));
  }
}

inline std::vector<events::Bytes> records_of(const std::filesystem::path& store) {
  const auto environment = value(Environment::open(store, false));
  const auto identity = value(identity_of(*environment));
  std::vector<events::Bytes> records;
  value(visit_records(*environment, 1, identity.last_sequence,
                      [&](std::uint64_t, events::ByteView bytes) -> Result<void> {
                        records.emplace_back(bytes.begin(), bytes.end());
                        return {};
                      }));
  return records;
}

inline events::Hash256 commit_of(const std::filesystem::path& store) {
  return value(identity_of(*value(Environment::open(store, false)))).commit_hash;
}

/// Of the memory that a replay of the first `until` events gives.
inline std::string memory_of(const EventStore& store, std::uint64_t until) {
  return value(replay(store, until)).digest;
}

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary).write(content.data(), std::ssize(content));
}

/// What lies in a directory, hidden names too.
inline std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace automodel::storage::testing
