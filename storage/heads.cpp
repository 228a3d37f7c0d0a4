#include "storage/heads.hpp"

#include "storage/record_cursor.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t most_heads = 65'536;  // in memory, some 20 MiB

/// What heads need of a record.
struct Last {
  std::uint64_t epoch = 0;
  events::Hash256 hash{};
  events::Hash256 commit_hash{};
};

events::Hash256 array_of(const events::Hash* hash) {
  events::Hash256 bytes{};
  if (hash) std::copy_n(hash->bytes()->data(), bytes.size(), bytes.begin());
  return bytes;
}

/// `checked`: its content has its hash, and the commit's hash follows from the one before.
Result<Last> read_last(const Transaction& transaction, std::uint64_t sequence, bool checked) {
  std::shared_ptr<const SegmentBlock> held;
  const auto stored = find_record(transaction, sequence, held);
  if (!stored) return fail(stored.error());
  if (!*stored) return fail(corrupt_at(sequence, "the event is missing"));
  events::Bytes scratch;
  const auto record = events::view_envelope(events::detail::aligned(**stored, scratch));
  if (!record) return fail(corrupt_at(sequence, "the record cannot be read: " + to_string(record.error())));
  if ((*record)->sequence() != sequence) return fail(corrupt_at(sequence, "the record is another one's"));
  const Last last{(*record)->epoch(), array_of((*record)->hash()), array_of((*record)->commit_hash())};
  if (!checked) return last;
  if (auto intact = events::verify_content(**record); !intact)
    return fail(corrupt_at(sequence, intact.error().message));
  events::Hash256 before{};
  if (sequence > 1) {
    const auto previous = read_last(transaction, sequence - 1, false);
    if (!previous) return fail(previous.error());
    before = previous->commit_hash;
  }
  if (last.commit_hash != events::commit_hash(before, sequence, last.hash))
    return fail(corrupt_at(sequence, "the record does not follow the commit before it"));
  return last;
}

struct IndexEntry {
  std::uint64_t version = 0;  // 0: the stream has no event
  std::uint64_t sequence = 0;
};

Result<IndexEntry> last_entry(const Transaction& transaction, const std::string& stream) {
  auto cursor = Cursor::open(transaction, Table::streams);
  if (!cursor) return fail(cursor.error());
  const auto found = cursor->seek_last_of(Key().name(stream));
  if (!found) return fail(found.error());
  if (!*found) return IndexEntry{};
  const auto sequence = decode_number(cursor->value());
  if (!sequence) return fail(corrupt_at(0, "the index of stream '" + stream + "' cannot be read"));
  return IndexEntry{number_at_end(cursor->key()), *sequence};
}

}  // namespace

Result<std::uint64_t> load_last_sequence(const Transaction& transaction) {
  auto cursor = Cursor::open(transaction, Table::events);
  if (!cursor) return fail(cursor.error());
  const auto any = cursor->last();
  if (!any) return fail(any.error());
  return *any ? SequenceKey::of(cursor->key()) : 0;
}

Result<std::uint64_t> load_version(const Transaction& transaction, const std::string& stream) {
  const auto entry = last_entry(transaction, stream);
  if (!entry) return fail(entry.error());
  return entry->version;
}

Result<StreamHead> load_head(const Transaction& transaction, const std::string& stream) {
  StreamHead head;
  const auto raised = load<StreamHead>(transaction, Table::heads, view(stream));
  if (!raised) return fail(raised.error());
  if (*raised) head.epoch = (*raised)->epoch;
  const auto entry = last_entry(transaction, stream);
  if (!entry) return fail(entry.error());
  if (entry->version == 0) return head;
  const auto last = read_last(transaction, entry->sequence, false);
  // An archived event that cannot be read: what was kept of it is enough to go on.
  if (!last && *raised && (*raised)->version == entry->version) return **raised;
  if (!last) return fail(last.error());
  head.version = entry->version;
  head.epoch = std::max(head.epoch, last->epoch);
  head.hash = last->hash;
  return head;
}

Result<NodeState> load_stored_state(const Transaction& transaction) {
  auto stored = load<NodeState>(transaction, Table::meta, view(node_state_key));
  if (!stored) return fail(stored.error());
  return stored->value_or(NodeState{});
}

Result<NodeState> load_state(const Transaction& transaction) {
  auto state = load_stored_state(transaction);
  const auto sequence = load_last_sequence(transaction);
  if (!state) return state;
  if (!sequence) return fail(sequence.error());
  state->sequence = *sequence;
  state->commit_hash = {};
  if (*sequence == 0) return state;
  const auto last = read_last(transaction, *sequence, false);
  if (!last) return fail(last.error());
  state->commit_hash = last->commit_hash;
  return state;
}

Result<void> store_state(WriteTransaction& transaction, const NodeState& state) {
  return transaction.put(Table::meta, view(node_state_key), state.encode());
}

Result<NodeState*> Heads::state(const Transaction& transaction) {
  if (known_) return &state_;
  auto state = load_state(transaction);
  if (!state) return fail(state.error());
  if (state->sequence > 0)
    if (const auto sound = read_last(transaction, state->sequence, true); !sound) return fail(sound.error());
  state_ = *state;
  known_ = true;
  return &state_;
}

Result<StreamHead*> Heads::head(const Transaction& transaction, const std::string& stream) {
  if (const auto known = streams_.find(stream); known != streams_.end()) return &known->second;
  auto head = load_head(transaction, stream);
  if (!head) return fail(head.error());
  if (streams_.size() >= most_heads) streams_.clear();
  return &streams_.emplace(stream, *head).first->second;
}

}  // namespace automodel::storage
