// Keys and small values of the databases, as docs/storage.md describes them. Private to storage/.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/codec.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// Names in keys: LMDB's keys have at most 511 bytes, and zero separates their parts.
inline constexpr std::size_t max_name_bytes = 240;

/// Builds a key from parts; numbers are big endian, so that keys sort by them.
class Key {
 public:
  Key& name(std::string_view part) {
    bytes_.reserve(bytes_.size() + part.size() + 24);  // a number and a short name may follow
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    bytes_.push_back(0);
    return *this;
  }
  Key& rest(std::string_view part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
  }
  Key& number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  operator events::ByteView() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  events::Bytes bytes_;
};

/// The number at a key's end.
std::uint64_t number_at_end(events::ByteView key);
bool starts_with(events::ByteView key, events::ByteView prefix);

/// LMDB reads integer keys in the machine's order, from aligned memory.
class SequenceKey {
 public:
  explicit SequenceKey(std::uint64_t sequence) : sequence_(sequence) {}
  operator events::ByteView() const {
    return {reinterpret_cast<const std::uint8_t*>(&sequence_), sizeof sequence_};
  }
  static std::uint64_t of(events::ByteView key);

 private:
  std::uint64_t sequence_;
};

// Values. `decode` gives nothing where the bytes are none of its kind.

struct NodeState {
  std::uint64_t sequence = 0;  // last committed
  std::uint64_t next_message = 1;
  events::Hash256 commit_hash{};
  events::Bytes encode() const;
  static std::optional<NodeState> decode(events::ByteView bytes);
};

struct StreamHead {
  std::uint64_t version = 0;
  std::uint64_t epoch = 1;
  events::Hash256 hash{};
  events::Bytes encode() const;
  static std::optional<StreamHead> decode(events::ByteView bytes);
};

struct InboxEntry {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t version = 0;
  events::Bytes reply;
  events::Bytes encode() const;
  static std::optional<InboxEntry> decode(events::ByteView bytes);
};

/// How far a projection is. Its rows lie in generations: one answers, the next may be built beside it.
struct Checkpoint {
  struct Building {
    std::uint64_t sequence = 0;
    std::string schema;
    std::uint64_t generation = 0;
    bool operator==(const Building&) const = default;
  };
  std::uint64_t sequence = 0;  // what the rows that answer have applied
  std::string schema;          // empty: none answer yet
  std::uint64_t generation = 0;
  std::optional<Building> building;
  std::vector<std::uint64_t> leaving;  // generations whose rows are still to be removed
  bool operator==(const Checkpoint&) const = default;
  events::Bytes encode() const;
  static std::optional<Checkpoint> decode(events::ByteView bytes);
};

struct StoredSnapshot {
  std::uint64_t version = 0;
  std::string schema;
  events::Bytes bytes;
  events::Bytes encode() const;
  static std::optional<StoredSnapshot> decode(events::ByteView bytes);
};

/// What is kept of a move to this store beside the stream (storage/moves.hpp).
struct KeptParts {
  struct Message {
    std::uint64_t id = 0;
    events::Bytes message;  // a packed OutboxMessage
    bool operator==(const Message&) const = default;
  };
  std::uint64_t move = 0;
  std::string source;         // a node
  std::uint64_t epoch = 0;    // of the agent when it was offered
  std::uint64_t part = 0;     // the newest
  std::uint64_t version = 0;  // that it reaches
  bool whole = false;         // it was the last
  std::int64_t time = 0;      // when it was written; UTC, ns
  std::vector<Message> messages;
  events::Bytes encode() const;
  static std::optional<KeptParts> decode(events::ByteView bytes);
  bool operator==(const KeptParts&) const = default;
};

/// The value at a key. Errors: storage.corrupt where it is none of its kind.
template <class Value>
Result<std::optional<Value>> load(const Transaction& transaction, Table table, events::ByteView key) {
  const auto bytes = transaction.get(table, key);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return std::optional<Value>();
  auto value = Value::decode(**bytes);
  if (!value)
    return fail("storage.corrupt", "a value of the store cannot be read", {},
                "restore the store from a backup");
  return value;
}
inline constexpr std::string_view node_state_key = "state";
/// Where the node stands, as its last record says (storage/heads.hpp); an empty store stands at 0.
Result<NodeState> load_state(const Transaction& transaction);

events::Bytes encode_number(std::uint64_t value);
std::optional<std::uint64_t> decode_number(events::ByteView bytes);

}  // namespace automodel::storage
