// The whole history checked: hashes, order, and that index and heads agree.
#include <chrono>
#include <thread>

#include "storage/heads.hpp"
#include "storage/reader.hpp"
#include "storage/scan.hpp"
#include "storage/verify_walk.hpp"

namespace automodel::storage {

namespace {

Result<Claims> read_claims(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto last = load_last_sequence(*transaction);
  const auto state = load_stored_state(*transaction);
  const auto archived = load_archived(*transaction);
  auto segments = load_segments(*transaction);
  const auto events = transaction->entries(Table::events);
  const auto indexed = transaction->entries(Table::streams);
  auto cursor = Cursor::open(*transaction, Table::heads);
  if (!last) return fail(last.error());
  if (!state) return fail(state.error());
  if (!archived) return fail(archived.error());
  if (!segments) return fail(segments.error());
  if (!events) return fail(events.error());
  if (!indexed) return fail(indexed.error());
  if (!cursor) return fail(cursor.error());
  Claims claims{*last, *state, {}, *archived, std::move(*segments), *events, *indexed};
  auto more = cursor->seek({});
  for (; more && *more; more = cursor->next()) {
    const auto head = StreamHead::decode(cursor->value());
    if (!head)
      return fail(
          corrupt_at(0, "the head of stream '" + std::string(text(cursor->key())) + "' cannot be read"));
    if (head->version > 0) claims.heads.emplace(text(cursor->key()), *head);
  }
  if (!more) return fail(more.error());
  return claims;
}

}  // namespace

bool archive_is_whole(const Claims& claims) {
  std::uint64_t end = 0;
  for (const SegmentEntry& segment : claims.segments) {
    if (claims.archived <= end || segment.first != end + 1 || segment.last < segment.first) return false;
    end = segment.last;
  }
  return claims.archived <= end && (end == 0 || end < claims.sequence);
}

Result<void> check_unused_blocks(const Environment& environment, const Claims& claims) {
  if (claims.segments.empty() || claims.segments.back().last <= claims.archived) return {};
  const auto segment = environment.segments().segment(claims.segments.back());
  if (!segment) return fail(segment.error());
  for (std::size_t i = 0; i < (*segment)->blocks().size(); ++i)
    if ((*segment)->blocks()[i].last > claims.archived)
      if (auto block = (*segment)->load(i); !block) return fail(block.error());
  return {};
}

Result<std::uint64_t> unreadable_until(const Transaction& transaction, std::uint64_t sequence) {
  const auto archived = load_archived(transaction);
  if (!archived) return fail(archived.error());
  const auto segments = load_segments(transaction);
  if (!segments) return fail(segments.error());
  std::uint64_t end = *archived;
  for (const SegmentEntry& entry : *segments) {
    if (entry.first > sequence) {
      end = std::min(end, entry.first - 1);  // nothing leads to this one
      break;
    }
    if (entry.last < sequence) continue;
    end = std::min(end, entry.last);
    const auto segment = transaction.environment().segments().segment(entry);
    if (segment) end = std::min(end, (*segment)->blocks()[(*segment)->block_with(sequence)].last);
    break;
  }
  return std::max(end, sequence);
}

Result<Verification> verify_history(const Environment& environment, const VerifyOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  if (auto values = environment.check_values(); !values) return fail(values.error());
  environment.segments().forget();  // what was read before says nothing of what is on the disk
  const auto claims = read_claims(environment);
  if (!claims) return fail(claims.error());
  Verification found;
  found.events = claims->sequence;
  found.threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  const auto sound = is_beyond_doubt(environment, *claims, found.threads, options);
  if (!sound || !*sound)  // an error of reading comes again, and with the place where it happened
    if (auto named = find_faults(environment, *claims, options, found); !named) return fail(named.error());
  if (sound && !*sound && found.intact()) {
    // The fast way doubts, the slow one does not: something changes the file just now.
    found.fault_count = 1;
    found.faults.push_back({found.events, "the history changed while it was read"});
  }
  if (!sound && found.intact()) return fail(sound.error());
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return found;
}

Result<std::uint64_t> require_intact(const Verification& verification) {
  if (verification.intact()) return verification.events;
  const Fault& first = verification.faults.front();
  return fail(corrupt_at(first.sequence, first.message));
}

}  // namespace automodel::storage
