#include "storage/filter.hpp"

#include <algorithm>

namespace automodel::storage {

namespace {

bool wants_fields(const EventFilter& filter, std::uint64_t sequence, std::string_view stream,
                  events::EventBody kind, std::string_view correlation, std::int64_t time) {
  return sequence >= filter.from && sequence <= filter.until &&
         (filter.kinds.empty() || std::ranges::find(filter.kinds, kind) != filter.kinds.end()) &&
         (filter.correlation.empty() || correlation == filter.correlation) &&
         (!filter.since || time >= *filter.since) && (!filter.before || time < *filter.before) &&
         (filter.streams.empty() || std::ranges::find(filter.streams, stream) != filter.streams.end());
}

}  // namespace

bool wants(const EventFilter& filter, const events::EnvelopeView& event) {
  return wants_fields(filter, event.sequence, event.stream, event.body(), event.correlation, event.time);
}

bool wants(const EventFilter& filter, const events::Recorded& event) {
  return wants_fields(filter, event.sequence, event.stream, event.event.body.type, event.correlation,
                      event.time);
}

}  // namespace automodel::storage
