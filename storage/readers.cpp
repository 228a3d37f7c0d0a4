#include "storage/readers.hpp"

#include <unistd.h>

#include <algorithm>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

Result<std::vector<OpenReader>> ReaderWatch::look() { return look_and_note(nullptr); }

Result<std::vector<OpenReader>> ReaderWatch::look_and_note(std::vector<OpenReader>* grown_long) {
  const auto table = environment_.reader_table();
  if (!table) return fail(table.error());
  const std::uint64_t newest = environment_.last_transaction();
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  decltype(seen_) present;
  std::vector<OpenReader> readers;
  for (const auto& entry : *table) {
    const std::tuple id(entry.process, entry.thread, entry.transaction);
    const auto known = seen_.find(id);
    Sight& sight = present.emplace(id, known == seen_.end() ? Sight{now} : known->second).first->second;
    readers.push_back({entry.process, entry.process == ::getpid(), entry.transaction,
                       newest > entry.transaction ? newest - entry.transaction : 0,
                       std::chrono::duration<double>(now - sight.first).count()});
    if (grown_long && !sight.told && now - sight.first >= longest_) {
      sight.told = true;
      grown_long->push_back(readers.back());
    }
  }
  seen_ = std::move(present);
  std::ranges::stable_sort(readers, std::ranges::greater(), &OpenReader::commits_behind);
  return readers;
}

void ReaderWatch::tick() {
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds(1);
  }
  environment_.clear_stale_readers();
  std::vector<OpenReader> grown_long;
  (void)look_and_note(&grown_long);  // where it cannot be seen, whoever asks is told why
  if (!tell_) return;
  for (const auto& reader : grown_long) tell_(reader);
}

}  // namespace automodel::storage
