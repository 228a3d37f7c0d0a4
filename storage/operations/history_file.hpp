// A history outside of a store: as JSON lines or as binary. docs/storage.md, "Exports", has the formats.
#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "events/codec.hpp"

namespace automodel::storage {

enum class HistoryForm : std::uint8_t { json_lines, binary };

/// What a file says of itself at its beginning.
struct HistoryHeader {
  std::string node;        // the store's
  std::uint64_t from = 1;  // first and last sequence; `until` is from - 1 where there are no events
  std::uint64_t until = 0;
  events::Hash256 previous_commit{};  // of the event before `from`; zeros before the first
};

// Writing: the header, the records in order, the end.

std::string history_header(HistoryForm form, const HistoryHeader& header);
/// `record`: the bytes of the Envelope that `recorded` was decoded from.
std::string history_record(HistoryForm form, const events::Recorded& recorded, events::ByteView record);
std::string history_end(HistoryForm form, std::uint64_t last_sequence, const events::Hash256& commit_hash);

/// Reads such a file record by record, keeping one at a time. Nothing is believed: a file of garbage gives
/// storage.malformed, whose `where` is "FILE:LINE" or "FILE, byte OFFSET".
class HistoryReader {
 public:
  /// Tells the form by the first bytes, and reads the header. `in` must outlive the reader; `name` is the
  /// file's, for errors. Errors: storage.malformed, storage.newer_format, storage.io.
  static Result<std::unique_ptr<HistoryReader>> open(std::istream& in, std::string name);
  virtual ~HistoryReader() = default;

  const HistoryHeader& header() const { return header_; }
  virtual HistoryForm form() const = 0;
  /// The next record as an Envelope's bytes; nothing after the last, once the end was found to be as it
  /// should. The bytes are not verified: that is VerifiedHistory's. Errors: storage.malformed.
  virtual Result<std::optional<events::Bytes>> next() = 0;
  /// What stands in the file beside the record just read and is not covered by its hashes says the same as
  /// the record does.
  virtual Result<void> agrees(const events::Recorded& recorded) const = 0;
  /// The place of what was read last.
  virtual std::string where() const = 0;

 protected:
  HistoryHeader header_;
};

/// The commit hash that a file's end names must be the last record's: both forms' check of the end.
struct HistoryEnd {
  std::uint64_t last_sequence = 0;
  events::Hash256 commit_hash{};
};

}  // namespace automodel::storage
