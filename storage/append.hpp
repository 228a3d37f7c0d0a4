// One append: checked and packed by the thread that asks, written by the writer thread. Private to storage/.
#pragma once

#include "storage/event_store.hpp"
#include "storage/heads.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// A request whose events and messages are packed already, so that the writer thread need not.
struct PreparedAppend {
  struct Item {
    std::uint16_t kind;  // as it is stored: with the version in which the payload is written
    events::Bytes payload;
  };
  AppendRequest request;  // without its events and messages
  std::vector<Item> items;
  std::vector<events::Bytes> messages;
};

/// Errors: storage.bad_request (names too long, an event or message without a body, too large).
Result<PreparedAppend> prepare(AppendRequest request);

/// What came of one request inside a group: a refusal writes nothing and leaves the others of the group
/// alone.
using AppendOutcome = Result<Appended>;

/// Checks and writes one append; moves `heads` along. The outer error is the transaction's: nothing of the
/// group may be committed, and `heads` must forget.
Result<AppendOutcome> write_append(WriteTransaction& transaction, const PreparedAppend& append,
                                   const std::string& node, Heads& heads);

/// Errors: storage.fenced where it would be lowered.
Result<Result<void>> write_epoch(WriteTransaction& transaction, const std::string& stream,
                                 std::uint64_t epoch, Heads& heads);

/// storage.bad_request where a name cannot be part of a key.
Result<void> check_name(std::string_view what, std::string_view name);

}  // namespace automodel::storage
