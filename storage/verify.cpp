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
  const auto events = transaction->entries(Table::events);
  const auto indexed = transaction->entries(Table::streams);
  auto cursor = Cursor::open(*transaction, Table::heads);
  if (!last) return fail(last.error());
  if (!state) return fail(state.error());
  if (!events) return fail(events.error());
  if (!indexed) return fail(indexed.error());
  if (!cursor) return fail(cursor.error());
  Claims claims{*last, *state, {}, *events, *indexed};
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

Result<Verification> verify_history(const Environment& environment, const VerifyOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  if (auto values = environment.check_values(); !values) return fail(values.error());
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
