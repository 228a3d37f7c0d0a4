// The target's side of a move: parts come, and then the agent is this node's, or the move is over.
#include "storage/append.hpp"
#include "storage/moves/move.hpp"

namespace automodel::storage {

namespace {

using Kind = MoveWrite::Kind;

MoveOutcome refused(const PreparedMove& move, std::string_view code, const std::string& what) {
  return fail(
      code, what,
      move.write.agent + ", move " + std::to_string(move.write.move) + " of node '" + move.write.peer + "'");
}

bool is_of(const std::optional<KeptParts>& kept, const MoveWrite& write) {
  return kept && kept->move == write.move && kept->source == write.peer;
}

/// Whether the part continues what is kept, or repeats a part of it. The first one may leave out what is here
/// up to version `whole`.
Result<void> check_order(const PreparedMove& move, const std::optional<KeptParts>& kept,
                         std::uint64_t whole) {
  const auto& part = move.write.part;
  if (!is_of(kept, move.write)) {
    if (part.part == 1 && part.after <= whole) return {};
    return fail("storage.no_parts", "the parts before part " + std::to_string(part.part) + " are not here",
                move.write.agent);
  }
  const bool repeated = part.part <= kept->part && part.until <= kept->version;
  const bool next = part.part == kept->part + 1 && part.after == kept->version && !kept->whole;
  if (repeated || next) return {};
  return fail("storage.no_parts",
              "part " + std::to_string(part.part) + " after version " + std::to_string(part.after) +
                  " does not follow part " + std::to_string(kept->part) + " up to version " +
                  std::to_string(kept->version),
              move.write.agent);
}

/// Replies to commands that the agent carried out elsewhere. Those that are known here stay as they are.
Result<void> write_replies(WriteTransaction& transaction, const PreparedMove& move) {
  for (const auto& reply : move.write.part.replies) {
    const Key key = Key().name(move.write.agent).name(reply->sender).number(reply->number);
    const auto known = transaction.get(Table::inbox, key);
    if (!known) return fail(known.error());
    if (*known) continue;
    const auto index = transaction.get(Table::streams, Key().name(move.write.agent).number(reply->version));
    if (!index) return fail(index.error());
    const std::uint64_t sequence = *index ? decode_number(**index).value_or(0) : 0;
    const InboxEntry entry{sequence, sequence, reply->version, reply->reply};
    if (auto put = transaction.put(Table::inbox, key, entry.encode()); !put) return put;
  }
  return {};
}

/// A cache: a newer one stays.
Result<void> write_state(WriteTransaction& transaction, const PreparedMove& move) {
  if (!move.state) return {};
  const auto known = load<StoredSnapshot>(transaction, Table::snapshots, view(move.write.agent));
  if (!known) return fail(known.error());
  if (*known && (*known)->version > move.state->version) return {};
  return transaction.put(Table::snapshots, view(move.write.agent), move.state->encode());
}

Result<MoveOutcome> write_part(WriteTransaction& transaction, const PreparedMove& move,
                               const std::string& store, Heads& heads) {
  const auto& write = move.write;
  const auto& part = write.part;
  const auto kept = load<KeptParts>(transaction, Table::meta, kept_parts_key(write.agent));
  if (!kept) return fail(kept.error());
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  const auto known = heads.head(transaction, write.agent);
  if (!known) return fail(known.error());
  const auto whole = whole_until(transaction, write.agent);
  if (!whole) return fail(whole.error());
  StreamHead& head = **known;
  if (auto order = check_order(move, *kept, *whole); !order) return MoveOutcome(fail(order.error()));
  if (write.epoch < head.epoch)
    return refused(move, "storage.fenced",
                   "the agent was offered at epoch " + std::to_string(write.epoch) +
                       ", the stream is at epoch " + std::to_string(head.epoch) + " here");
  const auto fit = fits(transaction, write.agent, part.after, move.records, head, store);
  if (!fit) return fail(fit.error());
  if (!*fit) return MoveOutcome(fail(fit->error()));
  if (is_of(*kept, write) && part.part <= (*kept)->part)
    return MoveOutcome(MoveWritten{(*kept)->version, {}});
  if (part.last && head.version > part.until)
    return refused(move, "storage.diverged",
                   "the stream has version " + std::to_string(head.version) +
                       " here, and ends with version " + std::to_string(part.until) + " there");
  if (auto written = write_records(transaction, move.records, **state, head); !written)
    return fail(written.error());
  if (auto written = write_replies(transaction, move); !written) return fail(written.error());
  if (auto written = write_state(transaction, move); !written) return fail(written.error());
  if (part.until > *whole)
    if (auto put = transaction.put(Table::meta, whole_key(write.agent), encode_number(part.until)); !put)
      return fail(put.error());
  const KeptParts now{
      write.move, write.peer, write.epoch, part.part,
      part.until, part.last,  move.time,   part.last ? move.messages : decltype(move.messages)()};
  if (auto put = transaction.put(Table::meta, kept_parts_key(write.agent), now.encode()); !put)
    return fail(put.error());
  return MoveOutcome(MoveWritten{part.until, {}});
}

/// The stream's outbox is what the agent had open where it came from. Ids stay: the store's next one is
/// beyond all of them.
Result<void> write_messages(WriteTransaction& transaction, const std::string& agent, const KeptParts& kept,
                            NodeState& state) {
  std::vector<std::uint64_t> old;
  {
    auto cursor = Cursor::open(transaction, Table::outbox);
    if (!cursor) return fail(cursor.error());
    const Key prefix = Key().name(agent);
    auto more = cursor->seek(prefix);
    for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next())
      old.push_back(number_at_end(cursor->key()));
    if (!more) return fail(more.error());
  }
  for (const auto id : old)
    if (auto erased = transaction.erase(Table::outbox, Key().name(agent).number(id)); !erased)
      return fail(erased.error());
  for (const auto& message : kept.messages) {
    state.next_message = std::max(state.next_message, message.id + 1);
    if (auto put = transaction.put(Table::outbox, Key().name(agent).number(message.id), message.message);
        !put)
      return put;
  }
  return kept.messages.empty() ? Result<void>() : store_state(transaction, state);
}

events::EventT activated_event(const PreparedMove& move, const KeptParts& kept) {
  events::MigrationActivatedT body;
  body.agent = move.write.agent;
  body.from = move.write.peer;
  body.to = move.node;
  body.move = move.write.move;
  body.epoch = move.write.new_epoch;
  body.seconds = seconds_between(kept.time, move.time);
  events::EventT event;
  event.body.Set(std::move(body));
  return event;
}

Result<MoveOutcome> write_activated(WriteTransaction& transaction, const PreparedMove& move,
                                    const std::string& store, Heads& heads) {
  const auto& write = move.write;
  const auto kept = load<KeptParts>(transaction, Table::meta, kept_parts_key(write.agent));
  if (!kept) return fail(kept.error());
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  const auto known = heads.head(transaction, write.agent);
  if (!known) return fail(known.error());
  StreamHead& head = **known;
  if (!is_of(*kept, write) || !(*kept)->whole)
    return refused(move, "storage.no_parts", "the agent is not here as a whole");
  const KeptParts& row = **kept;
  if (head.epoch >= write.new_epoch)
    return refused(move, "storage.fenced",
                   "the stream is at epoch " + std::to_string(head.epoch) +
                       " here, and would be activated under " + std::to_string(write.new_epoch));
  if (head.version != row.version || (!move.records.empty() && write.version != row.version + 1))
    return refused(move, "storage.corrupt",
                   "the parts reach version " + std::to_string(row.version) + ", the stream is at " +
                       std::to_string(head.version) + ", the commit at " + std::to_string(write.version));
  const auto fit = fits(transaction, write.agent, row.version, move.records, head, store);
  if (!fit) return fail(fit.error());
  if (!*fit) return MoveOutcome(fail(fit->error()));
  if (auto written = write_records(transaction, move.records, **state, head); !written)
    return fail(written.error());
  if (auto written = write_messages(transaction, write.agent, row, **state); !written)
    return fail(written.error());
  if (auto erased = transaction.erase(Table::meta, kept_parts_key(write.agent)); !erased)
    return fail(erased.error());
  const std::uint64_t version = head.version;
  auto appended = append_event(transaction, move, write.agent, version, write.new_epoch,
                               activated_event(move, row), store, heads);
  if (appended && !*appended) return fail(appended->error());  // something is written: none of it may stay
  return appended;
}

Result<MoveOutcome> write_discarded(WriteTransaction& transaction, const PreparedMove& move, Heads& heads) {
  const auto kept = load<KeptParts>(transaction, Table::meta, kept_parts_key(move.write.agent));
  if (!kept) return fail(kept.error());
  if (is_of(*kept, move.write))
    if (auto erased = transaction.erase(Table::meta, kept_parts_key(move.write.agent)); !erased)
      return fail(erased.error());
  const auto head = heads.head(transaction, move.write.agent);
  if (!head) return fail(head.error());
  return MoveOutcome(MoveWritten{(*head)->version, {}});
}

}  // namespace

Result<std::uint64_t> whole_until(const Transaction& transaction, const std::string& agent) {
  const auto bytes = transaction.get(Table::meta, whole_key(agent));
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return 0;
  const auto version = decode_number(**bytes);
  if (!version) return fail("storage.corrupt", "what the store has of a stream cannot be read", agent);
  const auto here = load_version(transaction, agent);
  if (!here) return fail(here.error());
  return std::min(*version, *here);
}

Result<MoveOutcome> write_arrival(WriteTransaction& transaction, const PreparedMove& move,
                                  const std::string& store, Heads& heads) {
  switch (move.write.kind) {
    case Kind::part:
      return write_part(transaction, move, store, heads);
    case Kind::activated:
      return write_activated(transaction, move, store, heads);
    default:
      return write_discarded(transaction, move, heads);
  }
}

Result<MoveOutcome> write_move(WriteTransaction& transaction, const PreparedMove& move,
                               const std::string& store, Heads& heads) {
  switch (move.write.kind) {
    case Kind::started:
    case Kind::committed:
    case Kind::abandoned:
      return write_departure(transaction, move, store, heads);
    default:
      return write_arrival(transaction, move, store, heads);
  }
}

}  // namespace automodel::storage
