// What a store can do by its other functions: enough for stores that tests make of a map.
#include "storage/event_store.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "storage/filter.hpp"
#include "storage/moves.hpp"
#include "storage/readers.hpp"
#include "storage/verification.hpp"

namespace automodel::storage {

namespace {

Error no_moves() { return {"storage.unsupported", "this store moves no streams between nodes", {}, {}}; }

/// An event that was unpacked, as a view again.
bool view_again(const events::Recorded& event,
                const std::function<bool(const events::EnvelopeView&)>& visit) {
  const events::Bytes record = events::encode_envelope(event, events::pack(event.event));
  events::EnvelopeView view;
  return events::read_envelope(record, view) && visit(view);
}

}  // namespace

Result<void> EventStore::read(const EventFilter& filter,
                              const std::function<bool(const events::Recorded&)>& visit) const {
  const std::uint64_t limit = filter.limit > 0 ? filter.limit : std::numeric_limits<std::uint64_t>::max();
  std::vector<events::Recorded> found;
  auto read = read_all(std::max<std::uint64_t>(1, filter.from), [&](const events::Recorded& event) {
    if (wants(filter, event)) found.push_back(event);
    return event.sequence < filter.until && (filter.newest_first || found.size() < limit);
  });
  if (!read) return read;
  if (filter.newest_first) std::ranges::reverse(found);
  for (std::size_t i = 0; i < found.size() && i < limit; ++i)
    if (!visit(found[i])) break;
  return {};
}

Result<void> EventStore::scan(std::uint64_t from, std::uint64_t until,
                              const std::function<bool(const events::EnvelopeView&)>& visit) const {
  return read_all(from, [&](const events::Recorded& event) {
    return event.sequence <= until && view_again(event, visit);
  });
}

Result<void> EventStore::scan_stream(const std::string& stream, std::uint64_t from_version,
                                     std::uint64_t until_version,
                                     const std::function<bool(const events::EnvelopeView&)>& visit) const {
  return read_stream(stream, from_version, [&](const events::Recorded& event) {
    return event.version <= until_version && view_again(event, visit);
  });
}

Result<Verification> EventStore::verify(const VerifyOptions&) const {
  const auto begun = std::chrono::steady_clock::now();
  Verification found;
  const auto verified = verify();
  found.events = verified.value_or(last_sequence());
  if (!verified) {
    found.fault_count = 1;
    found.faults.push_back({found.events, to_string(verified.error())});
  }
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return found;
}

void EventStore::write_move(const std::string&, MoveWrite, std::function<void(Result<MoveWritten>)> done) {
  done(fail(no_moves()));
}

Result<ReadPart> EventStore::read_move(const std::string&, std::uint64_t, std::size_t, bool) const {
  return fail(no_moves());
}

Result<std::uint64_t> EventStore::whole_until(const std::string&) const { return fail(no_moves()); }

Result<std::vector<RecoveredAgent>> EventStore::recover_agents(const std::string&) {
  return fail(no_moves());
}

Result<std::vector<RecoveredParts>> EventStore::recover_parts() const { return fail(no_moves()); }

Result<std::vector<OpenReader>> EventStore::readers() const { return std::vector<OpenReader>(); }

}  // namespace automodel::storage
