// The records of one stream where they lie, within a transaction. Private to storage/.
#pragma once

#include <string>

#include "storage/record_cursor.hpp"
#include "storage/scan.hpp"

namespace automodel::storage {

/// Streams that begin so are the nodes' own.
inline constexpr std::string_view node_streams = "node/";
inline bool is_of_an_agent(std::string_view stream) { return !stream.starts_with(node_streams); }
inline std::string stream_of_node(const std::string& node) { return std::string(node_streams) + node; }

/// By version, in any order. Ends before its transaction.
class StreamRecords {
 public:
  static Result<StreamRecords> open(const Transaction& transaction, std::string stream);

  /// Null where the stream has no such version. Valid until the next call, and until the transaction writes.
  /// The content is not checked against its hash. Errors: storage.corrupt, storage.io.
  Result<const events::EnvelopeView*> at(std::uint64_t version);
  /// The record that `at` found, as it lies.
  events::ByteView bytes() const { return reader_.bytes(); }

 private:
  StreamRecords(const Transaction& transaction, std::string stream, RecordCursor cursor)
      : transaction_(&transaction), stream_(std::move(stream)), cursor_(std::move(cursor)) {}

  const Transaction* transaction_;
  std::string stream_;
  RecordCursor cursor_;
  RecordReader reader_;
  events::EnvelopeView view_;
};

}  // namespace automodel::storage
