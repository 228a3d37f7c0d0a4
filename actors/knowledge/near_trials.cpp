#include "actors/knowledge/near_trials.hpp"

#include <chrono>

namespace automodel::actors {

namespace {
constexpr std::chrono::seconds memory_patience{10};
}

Result<void> NearTrials::catch_up(const storage::EventStore& store, const storage::Memory& memory) {
  const auto last = store.last_sequence();
  if (auto waited = store.wait_for(storage::memory_projection()->name(), last, memory_patience); !waited)
    return fail(waited.error());
  if (!built_) {
    // Rows may be newer than `last`: the events after it are looked at again, which changes nothing.
    storage::NearestIndex fresh;
    memory.rows().scan("trials", {}, [&](std::string_view key, events::ByteView bytes) {
      if (const auto row = events::unpack<events::TrialRowT>(bytes); row && row->config)
        fresh.put(key, *row->config);
      return true;
    });
    index_ = std::move(fresh);
    built_ = true;
    seen_ = last;
    return {};
  }
  if (seen_ >= last) return {};
  return store.read_all(seen_ + 1, [&](const events::Recorded& event) {
    if (const auto* started = event.event.body.AsTrialStarted()) {
      const auto key = storage::memory_key(started->trial);
      if (started->config)
        index_.put(key, *started->config);
      else
        index_.erase(key);
    }
    seen_ = event.sequence;
    return seen_ < last;
  });
}

Result<std::vector<events::TrialRowT>> NearTrials::nearest(const storage::EventStore& store,
                                                           const storage::Memory& memory,
                                                           const events::TrialConfigT& config,
                                                           std::size_t k) {
  const std::lock_guard lock(mutex_);
  if (auto caught_up = catch_up(store, memory); !caught_up) return fail(caught_up.error());
  std::vector<events::TrialRowT> rows;
  for (const auto& near : index_.nearest(config, k))
    if (auto row = memory.find<events::TrialRowT>("trials", near.key)) rows.push_back(std::move(*row));
  return rows;
}

}  // namespace automodel::actors
