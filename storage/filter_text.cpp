#include "storage/filter_text.hpp"

#include "storage/memory/query.hpp"

namespace automodel::storage {

namespace {

Result<std::optional<std::int64_t>> time_of(const std::string& option, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>();
  const auto time = parse_time(text);
  if (time) return time;
  return fail("usage.time", "'" + text + "' is no time", option,
              "UTC, for example 2026-11-23 or 2026-11-23T14:05");
}

}  // namespace

Result<EventFilter> filter_from_text(const FilterText& text) {
  EventFilter filter;
  filter.streams = text.streams;
  for (const auto& name : text.kinds) {
    auto kind = events::kind_from_name(name);
    if (!kind) return fail(kind.error());
    filter.kinds.push_back(*kind);
  }
  filter.correlation = text.correlation;
  auto since = time_of("--since", text.since), before = time_of("--until", text.until);
  if (!since) return fail(since.error());
  if (!before) return fail(before.error());
  filter.since = *since;
  filter.before = *before;
  return filter;
}

}  // namespace automodel::storage
