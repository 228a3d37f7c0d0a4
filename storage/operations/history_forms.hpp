// The two forms of a history file. Private to storage/.
#pragma once

#include <string_view>

#include "storage/operations/history_file.hpp"

namespace automodel::storage {

/// What this program writes, and the newest that it reads; of both forms.
inline constexpr std::uint64_t history_version = 1;

/// No text begins so, and a transfer that takes it for text (line ends, the eighth bit) destroys it visibly.
inline constexpr std::string_view binary_magic =
    "\x89"
    "AMH\r\n\x1a\n";

std::string json_header(const HistoryHeader& header);
std::string json_record(const events::Recorded& recorded, events::ByteView record);
std::string json_end(const HistoryEnd& end);
Result<std::unique_ptr<HistoryReader>> read_json_lines(std::istream& in, std::string name);

std::string binary_header(const HistoryHeader& header);
std::string binary_record(events::ByteView record);
std::string binary_end(const HistoryEnd& end);
Result<std::unique_ptr<HistoryReader>> read_binary(std::istream& in, std::string name);

/// What both readers ask of a header. Errors: storage.malformed.
Result<void> check_header(const HistoryHeader& header, const std::string& where);
/// And of an end, after the record `last` was read. Errors: storage.malformed.
Result<void> check_end(const HistoryHeader& header, const HistoryEnd& end, const HistoryEnd& last,
                       const std::string& where);

inline Error malformed(std::string message, std::string where) {
  return {"storage.malformed", std::move(message), std::move(where),
          "the file is not as automodel export wrote it: export it again"};
}
inline Error newer_history(std::uint64_t version, std::string where) {
  return {"storage.newer_format",
          "the file has format " + std::to_string(version) + ", this program reads up to " +
              std::to_string(history_version),
          std::move(where), "use the newer version of the program that wrote it"};
}

}  // namespace automodel::storage
