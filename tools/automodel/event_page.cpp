#include "tools/automodel/event_page.hpp"

#include <algorithm>

#include "actors/session/protocol.hpp"
#include "storage/filter_text.hpp"
#include "tools/automodel/event_text.hpp"

namespace automodel::tools {
namespace {

Result<storage::EventFilter> filter_of(const storage::EventStore& store, const events::ReadEventsT& wish) {
  storage::FilterText text;
  if (!wish.stream.empty()) {
    if (auto known = check_stream(store, wish.stream); !known) return fail(known.error());
    text.streams = {wish.stream};
  }
  if (!wish.kind.empty()) text.kinds = {wish.kind};
  text.correlation = wish.correlation;
  text.since = wish.since;
  text.until = wish.until;
  return storage::filter_from_text(text);
}

}  // namespace

events::EventPageT read_page(const storage::EventStore& store, const events::ReadEventsT& wish) {
  events::EventPageT page;
  const std::uint64_t last = store.last_sequence();
  page.next = wish.from == 0 ? last + 1 : wish.from;
  auto filter = filter_of(store, wish);
  if (!filter) {
    page.failure = std::make_unique<events::FailureT>(actors::failure_of(filter.error()));
    return page;
  }
  filter->from = page.next;
  filter->until = last;
  filter->limit = std::clamp<std::uint32_t>(wish.limit, 1, actors::max_page);
  std::size_t bytes = 0;
  bool whole = true;  // everything up to `until` was looked at
  auto read = store.read(*filter, [&](const events::Recorded& event) {
    page.next = event.sequence + 1;
    auto record = std::make_unique<events::RecordBytesT>();
    record->bytes = events::encode_envelope(event, events::pack(event.event));
    bytes += record->bytes.size();
    page.records.push_back(std::move(record));
    whole = page.records.size() < filter->limit && bytes < actors::max_answer_bytes / 4;
    return whole;
  });
  if (whole) page.next = std::max(page.next, last + 1);
  if (!read) page.failure = std::make_unique<events::FailureT>(actors::failure_of(read.error()));
  return page;
}

}  // namespace automodel::tools
