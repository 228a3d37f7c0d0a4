#include "storage/activity.hpp"

#include <algorithm>
#include <numeric>

#include "storage/lmdb_event_store.hpp"

namespace automodel::storage {

void Distribution::add(double value) {
  ++counts_[static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin())];
  sum_ += value;
}

std::uint64_t Distribution::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

StoreActivity LmdbEventStore::activity() const {
  StoreActivity now;
  counters_.fill(now);
  now.writer = writer_->activity();
  now.subscribers = observers_.count();
  return now;
}

Result<std::optional<StoreActivity>> activity_of(const EventStore& store) {
  const auto* ours = dynamic_cast<const LmdbEventStore*>(&store);
  if (ours == nullptr || store.is_read_only()) return std::optional<StoreActivity>();
  auto activity = ours->activity();
  const auto readers = store.readers();
  if (!readers) return fail(readers.error());
  for (const auto& reader : *readers)
    activity.longest_reader_seconds = std::max(activity.longest_reader_seconds, reader.seconds);
  return std::optional(std::move(activity));
}

}  // namespace automodel::storage
