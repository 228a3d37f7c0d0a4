// A data set that grows row by row, and is then written as columns. What has a value a row grows in scratch files, not in memory;
// texts, values of categories columns and vocabularies are held.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/manifest.hpp"
#include "recsys/data/spool.hpp"

namespace automodel::recsys {

/// Distinct texts, numbered in order of appearance from 0. An import asks for every value of every row: so a look-up touches one
/// place of a flat table, and texts lie one after the other.
class TokenTable {
 public:
  /// Of the text as UTF-8.
  std::uint32_t code(std::string_view text);
  std::size_t size() const { return offsets_.size() - 1; }
  /// All texts, and where each begins; then where the last ends.
  const std::string& bytes() const { return bytes_; }
  const std::vector<std::uint64_t>& offsets() const { return offsets_; }

 private:
  struct Slot {
    std::uint32_t tag = 0;   // of the text's hash
    std::uint32_t next = 0;  // its code + 1; 0: free
  };
  std::string_view at(std::uint32_t code) const {
    return std::string_view(bytes_).substr(offsets_[code], offsets_[code + 1] - offsets_[code]);
  }
  void grow();

  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
  std::string bytes_;
  std::vector<std::uint64_t> offsets_{0};
};

class DatasetBuilder {
 public:
  /// Scratch files lie in `directory`. What makes them grow throws std::filesystem::filesystem_error where the disk is full.
  explicit DatasetBuilder(const std::filesystem::path& directory)
      : scratch_(directory), user_(directory), item_(directory), time_(directory) {}

  /// The name is made unique and fit for expressions ("release date" -> release_date). `separator` cuts the
  /// values of a categories column. Returns the column's number.
  std::size_t add_column(std::string name, ColumnKind kind, Table table, bool context,
                         std::string separator = "|");

  /// Why `value` cannot be stored in the column; nothing if it can.
  std::optional<std::string> check(std::size_t column, std::string_view value) const;
  /// Stores a value that `check` accepted. `row` is of the column's table.
  void set(std::size_t column, std::size_t row, std::string_view value);

  std::uint32_t user(std::string_view id) { return users_.code(id); }
  std::uint32_t item(std::string_view id) { return items_.code(id); }
  /// Adds an interaction and returns its row. Call with times always, or never.
  std::size_t add_row(std::uint32_t user, std::uint32_t item, std::optional<std::int64_t> time);
  std::size_t rows() const { return user_.size(); }

  /// Sorts by time where need be, writes columns and manifest into an existing directory, syncs. Errors: data.io.
  Result<void> write(const std::filesystem::path& directory, const std::string& source,
                     const std::string& importer);

 private:
  struct Column {
    ColumnInfo info;
    std::string separator;
    Spool<std::uint32_t> codes;
    std::vector<std::vector<std::uint32_t>> sets;
    Spool<float> numbers;
    std::vector<std::string> texts;
    TokenTable vocabulary;
  };
  std::size_t rows_of(Table table) const;
  /// Rows by time; empty where they are in order already.
  std::vector<std::uint32_t> order_by_time();
  Result<ManifestColumn> write_column(const std::filesystem::path& directory, Column& column,
                                      std::size_t number, const std::vector<std::uint32_t>& order) const;

  std::filesystem::path scratch_;
  std::vector<Column> columns_;
  TokenTable users_, items_;
  Spool<std::uint32_t> user_, item_;
  Spool<std::int64_t> time_;
};

/// A finite number, or nothing. Surrounding blanks are ignored.
std::optional<double> parse_number(std::string_view text);
/// Seconds since 1970: a number of seconds, or 2020-01-31, 2020-01-31 12:30:00, 2020-01-31T12:30:00Z.
std::optional<std::int64_t> parse_time(std::string_view text);
/// The same text as UTF-8: what is no UTF-8 is taken for Latin-1.
std::string to_utf8(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace automodel::recsys
