#include "storage/memory/past.hpp"

#include <charconv>

#include "storage/memory/query.hpp"
#include "storage/memory/watched.hpp"

namespace automodel::storage {

namespace {

constexpr std::int64_t second = 1'000'000'000;

Error not_a_moment(std::string_view text, std::string message) {
  return {"usage.moment",
          "'" + std::string(text) + "' " + std::move(message),
          {},
          "give a sequence (1200) or a time in UTC (2026-11-23T05:00 or 2026-11-23T05:00:07.25)"};
}

}  // namespace

Result<TimeSpan> time_span_of(std::string_view text) {
  std::string_view rest = text;
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  std::int64_t fraction = 0, length = second;
  if (const auto dot = rest.find('.'); dot != std::string_view::npos) {
    const auto digits = rest.substr(dot + 1);
    if (digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string_view::npos)
      return fail(not_a_moment(text, "has no fraction of a second of one to nine digits"));
    length = 1;
    for (std::size_t i = 0; i < 9; ++i) fraction = fraction * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    rest = rest.substr(0, dot);
    if (std::count(rest.begin(), rest.end(), ':') != 2)
      return fail(not_a_moment(text, "has a fraction, but no seconds"));
  }
  const auto time = parse_time(rest);
  if (!time || rest.ends_with('Z')) return fail(not_a_moment(text, "is neither a sequence nor a time"));
  if (rest.find('T') == std::string_view::npos)
    return fail(not_a_moment(text, "is a whole day: no moment of it is named"));
  return TimeSpan{*time + fraction, *time + fraction + length - 1};
}

namespace {

Result<Moment> at_sequence(const EventStore& store, std::uint64_t sequence) {
  const auto last = store.last_sequence();
  if (sequence > last)
    return fail(
        "memory.no_such_event", "there is no event " + std::to_string(sequence), store.path().string(),
        last == 0 ? "nothing was recorded yet" : "events are numbered from 1 to " + std::to_string(last));
  Moment moment{sequence, 0, 0};
  if (sequence == 0) return moment;
  auto read = store.read_all(sequence, [&](const events::Recorded& event) {
    moment.time = event.time;
    return false;
  });
  if (!read) return fail(read.error());
  return moment;
}

}  // namespace

Result<Moment> moment_of(const EventStore& store, std::string_view text, const Watch& watch) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error == std::errc() && end == text.data() + text.size()) return at_sequence(store, sequence);
  const auto time = time_span_of(text);
  if (!time) return fail(time.error());
  Moment moment;
  std::uint64_t later = 0;
  const std::uint64_t all = store.last_sequence();
  Result<void> on;
  auto read = store.read_all(1, [&](const events::Recorded& event) {
    if (event.sequence % watched_events == 0)
      on = go_on(watch, {"looking for the time", event.sequence, all, "events"});
    if (!on) return false;
    if (event.time > time->last)
      ++later;
    else
      moment = {event.sequence, event.time, later};
    return true;
  });
  if (!read) return fail(read.error());
  if (!on) return fail(on.error());
  return moment;
}

Result<PastMemory> memory_at(const EventStore& store, std::uint64_t sequence, const Watch& watch) {
  if (sequence > store.last_sequence()) return fail(at_sequence(store, sequence).error());
  const auto projection = memory_projection();
  const auto rows = std::make_shared<MapRows>();
  PastMemory past{rows, 0, 0};
  if (sequence == 0) return past;
  const auto rebuilt = rebuild(store, *projection, *rows, sequence, watch);
  if (!rebuilt) return fail(rebuilt.error());
  past.events = rebuilt->events;
  past.seconds = rebuilt->seconds;
  return past;
}

std::vector<std::pair<std::string, std::uint64_t>> row_counts(const RowReader& rows) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const std::string& table : memory_tables()) {
    std::uint64_t count = 0;
    rows.scan(table, {}, [&](std::string_view, events::ByteView) {
      ++count;
      return true;
    });
    counts.emplace_back(table, count);
  }
  return counts;
}

}  // namespace automodel::storage
