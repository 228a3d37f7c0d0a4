// Events in order, each checked, read ahead by threads of their own. Private to storage/.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "events/hash_checks.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// Some consecutive events, copied out of the store: no transaction is open while they are looked at.
class CheckedRun {
 public:
  /// Reads `from` to `until` and checks each record's form, content hash and place, in place of what was read
  /// before. Errors: storage.corrupt, storage.io.
  Result<void> load(const Environment& environment, std::uint64_t from, std::uint64_t until);
  /// Views of the run; valid until the next `load`.
  const std::vector<EventView>& events() const { return events_; }

 private:
  struct Record {
    std::size_t offset;
    std::size_t size;
  };
  Result<void> copy(const Environment& environment, std::uint64_t from, std::uint64_t until);

  Result<EventView> look_at(std::uint64_t sequence, events::ByteView bytes);

  std::vector<std::uint64_t> bytes_;  // every record starts at a multiple of eight
  std::vector<Record> records_;
  std::vector<EventView> events_;
  events::EnvelopeReader reader_;
  events::HashChecks checks_;
  std::deque<events::Bytes> lifted_;  // events that older programs wrote, in the newest form
};

/// Runs of events one after the other. Whoever asks for the next helps to check what is not checked yet, so
/// that checking and applying share the cores whichever of them is slower.
class CheckedEvents {
 public:
  CheckedEvents(const Environment& environment, std::uint64_t from, std::uint64_t until);
  ~CheckedEvents();
  CheckedEvents(const CheckedEvents&) = delete;
  CheckedEvents& operator=(const CheckedEvents&) = delete;

  /// The next run, null after the last; valid until the next call.
  Result<const CheckedRun*> next();
  /// What reading and checking took so far, all threads together.
  double seconds() const;

 private:
  struct Slot {
    CheckedRun run;
    std::optional<Result<void>> loaded;
  };
  std::size_t claimable() const;  // runs that may be claimed: those within the window
  void load(std::unique_lock<std::mutex>& lock);
  void help();

  const Environment* environment_;
  std::uint64_t from_;
  std::uint64_t until_;
  std::size_t runs_;
  std::vector<Slot> slots_;  // run k is in slot k modulo their number
  std::size_t claimed_ = 0;  // runs that somebody reads or has read
  std::size_t handed_out_ = 0;
  std::size_t released_ = 0;  // runs whose slots are free again
  bool stopping_ = false;
  double seconds_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> helpers_;
};

}  // namespace automodel::storage
