// Records of separated values: RFC 4180 quoting where asked for, separators of any length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace automodel::recsys {

/// Reads records from a text, which must outlive it. A broken record is reported, and reading goes on at the
/// next line.
class RecordReader {
 public:
  /// `quoted`: fields may stand in double quotes, and then hold separators, line ends and doubled quotes.
  RecordReader(std::string_view text, std::string separator, bool quoted);

  struct Record {
    std::uint64_t line = 0;  // its first, from 1
    std::vector<std::string> fields;
    std::string error;  // why it is broken; empty: it is not
  };
  /// The next record that is not an empty line; nothing at the end.
  bool next(Record& record);

  static constexpr std::size_t max_record_bytes = 1 << 20;

 private:
  std::string_view line_at(std::size_t at) const;
  bool read_quoted(std::size_t& at, Record& record) const;

  std::string_view text_;
  std::string separator_;
  bool quoted_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

}  // namespace automodel::recsys
