// The whole history checked: hashes, order, and that the index agrees.
#include <map>

#include "storage/heads.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/reader.hpp"

namespace automodel::storage {

namespace {

Error corrupt(std::uint64_t sequence, const std::string& message) {
  return {"storage.corrupt", message, "sequence " + std::to_string(sequence),
          "restore the store from a backup"};
}

/// What the store says of itself at one moment; the walk must come to the same. `state` and `heads` were true
/// at some commit, not always the newest: what they name must be in the history, so that an end cut off is
/// missed.
struct Claims {
  std::uint64_t sequence = 0;
  NodeState state;
  std::map<std::string, StreamHead> heads;  // of streams whose last event at that time is named
  std::uint64_t events = 0;
  std::uint64_t indexed = 0;
};

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
      return fail(corrupt(0, "the head of stream '" + std::string(text(cursor->key())) + "' cannot be read"));
    if (head->version > 0) claims.heads.emplace(text(cursor->key()), *head);
  }
  if (!more) return fail(more.error());
  return claims;
}

class Walk {
 public:
  explicit Walk(const Environment& environment) : environment_(environment) {}

  /// Checks events up to `until` in one transaction, at most a batch of them.
  Result<void> step(std::uint64_t until) {
    const auto transaction = environment_.read();
    if (!transaction) return fail(transaction.error());
    for (std::size_t i = 0; i < 1024 && sequence_ < until; ++i)
      if (auto checked = check(*transaction, sequence_ + 1); !checked) return checked;
    return {};
  }

  Result<void> conclude(const Claims& claims) const {
    if (claims.events != sequence_ || claims.indexed != sequence_)
      return fail(corrupt(sequence_, "there are more records or index entries than events"));
    const auto transaction = environment_.read();
    if (!transaction) return fail(transaction.error());
    if (claims.state.sequence > sequence_) return fail(corrupt(sequence_ + 1, "the event is missing"));
    if (claims.state.sequence > 0) {
      const auto then = read_event(*transaction, claims.state.sequence);
      if (!then) return fail(then.error());
      if (then->commit_hash != claims.state.commit_hash)
        return fail(corrupt(then->sequence, "the commit's hash is not what the store recorded"));
    }
    for (const auto& [stream, head] : claims.heads)
      if (auto named = check_head(*transaction, stream, head); !named) return named;
    return {};
  }

  std::uint64_t sequence() const { return sequence_; }

 private:
  Result<void> check_head(const Transaction& transaction, const std::string& stream,
                          const StreamHead& head) const {
    const auto wrong = [&] {
      return fail(corrupt(sequence_, "the head of stream '" + stream + "' is not one of its events"));
    };
    const auto index = transaction.get(Table::streams, Key().name(stream).number(head.version));
    if (!index) return fail(index.error());
    if (!*index) return wrong();
    const auto event = read_event(transaction, decode_number(**index).value_or(0));
    if (!event) return fail(event.error());
    return event->hash == head.hash ? Result<void>() : wrong();
  }

  Result<void> check(const Transaction& transaction, std::uint64_t sequence) {
    const auto record = transaction.get(Table::events, SequenceKey(sequence));
    if (!record) return fail(record.error());
    if (!*record) return fail(corrupt(sequence, "the event is missing"));
    events::Bytes scratch;
    const auto bytes = events::detail::aligned(**record, scratch);
    const auto envelope = events::view_envelope(bytes);
    if (!envelope)
      return fail(corrupt(sequence, "the record cannot be read: " + to_string(envelope.error())));
    StreamHead& head = heads_[(*envelope)->stream()->str()];
    auto recorded = events::decode_verified(bytes, head.hash, commit_);
    if (!recorded) return fail(corrupt(sequence, to_string(recorded.error())));
    if (recorded->sequence != sequence) return fail(corrupt(sequence, "the record is another one's"));
    if (recorded->version != head.version + 1)
      return fail(corrupt(sequence, "version " + std::to_string(recorded->version) + " follows version " +
                                        std::to_string(head.version) + " in stream '" + recorded->stream +
                                        "'"));
    const auto index =
        transaction.get(Table::streams, Key().name(recorded->stream).number(recorded->version));
    if (!index) return fail(index.error());
    if (!*index || decode_number(**index) != sequence)
      return fail(corrupt(sequence, "the index of stream '" + recorded->stream + "' does not lead to it"));
    head.version = recorded->version;
    head.hash = recorded->hash;
    commit_ = recorded->commit_hash;
    sequence_ = sequence;
    return {};
  }

  const Environment& environment_;
  std::uint64_t sequence_ = 0;
  events::Hash256 commit_{};
  std::map<std::string, StreamHead> heads_;
};

}  // namespace

Result<std::uint64_t> verify_history(const Environment& environment) {
  const auto claims = read_claims(environment);
  if (!claims) return fail(claims.error());
  Walk walk(environment);
  while (walk.sequence() < claims->sequence)
    if (auto stepped = walk.step(claims->sequence); !stepped) return fail(stepped.error());
  if (auto agreed = walk.conclude(*claims); !agreed) return fail(agreed.error());
  return walk.sequence();
}

}  // namespace automodel::storage
