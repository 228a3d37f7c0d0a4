// Records that come from another store: believed only as far as they prove themselves. Private to storage/.
#pragma once

#include <string>
#include <vector>

#include "events/envelope_view.hpp"
#include "storage/heads.hpp"

namespace automodel::storage {

/// A record that is what its hash says, with its fields where they lie in it.
struct MovedRecord {
  events::Bytes bytes;
  events::EnvelopeView view;

  MovedRecord() = default;
  MovedRecord(MovedRecord&&) = default;  // bytes that are moved stay where they are
  MovedRecord& operator=(MovedRecord&&) = default;
};

/// A record of this stream and version: well formed to the bit, of a kind that this program reads, its
/// payload whole, its content what its hash says. Errors: storage.corrupt, events.newer_kind; `where` is
/// "stream#version".
Result<MovedRecord> check_record(const std::string& stream, std::uint64_t version, events::Bytes bytes);
/// The same of whatever stream and version it says.
Result<MovedRecord> check_record(events::Bytes bytes);

/// Whether each record follows the one before it, and none is of an epoch beyond `epoch`. Errors:
/// storage.corrupt.
Result<void> check_links(const std::vector<MovedRecord>& records, std::uint64_t epoch);

/// Whether records that prove themselves, those after version `after`, continue or repeat what the stream is
/// here. The outer error is the store's; the inner one says why they don't fit: storage.diverged,
/// storage.corrupt (a gap), storage.fenced (of an epoch that is over here).
Result<Result<void>> fits(const Transaction& transaction, const std::string& stream, std::uint64_t after,
                          const std::vector<MovedRecord>& records, const StreamHead& head,
                          const std::string& node);

/// Puts one behind its stream and the node's history, once it fits. `node`, `head`: moved along.
Result<void> write_record(WriteTransaction& transaction, const events::EnvelopeView& view, NodeState& node,
                          StreamHead& head);

/// Puts those that are not here yet behind the stream, once they fit. `node`, `head`: moved along.
Result<void> write_records(WriteTransaction& transaction, const std::vector<MovedRecord>& records,
                           NodeState& node, StreamHead& head);

}  // namespace automodel::storage
