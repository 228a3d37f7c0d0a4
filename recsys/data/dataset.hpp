// A data set as immutable, memory-mapped columns. Rows of interactions are sorted by time (stable), so that
// "before" is "at a smaller row or an earlier time".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace automodel::recsys {

enum class ColumnKind : std::uint8_t { category, categories, number, time, text };
enum class Table : std::uint8_t { interactions, users, items };

struct ColumnInfo {
  std::string name;
  ColumnKind kind = ColumnKind::category;
  Table table = Table::interactions;
  std::uint64_t cardinality =
      0;                // distinct values (category, categories); codes are 1..cardinality, 0 is missing
  bool context = true;  // known before the interaction; false: feedback, such as a rating
};

/// Values of a multi-valued column: row r holds codes[offsets[r]] … codes[offsets[r + 1] - 1].
struct CategoriesView {
  std::span<const std::uint64_t> offsets;
  std::span<const std::uint32_t> codes;
  std::span<const std::uint32_t> at(std::size_t row) const {
    return codes.subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

/// An opened data set. Cheap to copy; spans live as long as any copy does. Columns of `users` and `items` are
/// indexed by user and item code. `columns()` also lists `user`, `item` and, where there are times, `time`:
/// they are read with the functions of their names, since their codes count from 0. Errors of the column
/// accessors: data.no_such_column, data.wrong_kind.
class Dataset {
 public:
  /// Opens the directory that an import made. Errors: data.not_a_dataset, data.newer_format, data.corrupt.
  static Result<Dataset> open(const std::filesystem::path& directory);
  /// Reads every column file and checks its hash, which `open` leaves out. Errors: data.corrupt.
  Result<void> verify() const;

  const std::string& name() const;
  const std::string& hash() const;    // of the manifest, which holds the hash of every column file
  const std::string& source() const;  // what was imported
  std::size_t rows() const;
  std::size_t users() const;
  std::size_t items() const;
  const std::vector<ColumnInfo>& columns() const;
  const ColumnInfo* column(std::string_view name) const;

  std::span<const std::uint32_t> user() const;  // [rows] 0..users-1
  std::span<const std::uint32_t> item() const;  // [rows] 0..items-1
  std::span<const std::int64_t> time() const;   // [rows] seconds since 1970; zeros where the source has none
  bool has_time() const;

  Result<std::span<const std::uint32_t>> codes(
      std::string_view column) const;  // category: [rows of its table]
  Result<CategoriesView> categories(std::string_view column) const;
  Result<std::span<const float>> numbers(std::string_view column) const;  // NaN is missing
  Result<std::string_view> text(std::string_view column, std::size_t row) const;
  /// The text of a code (1..cardinality) of a category or categories column.
  Result<std::string_view> token(std::string_view column, std::uint32_t code) const;

  std::string_view user_id(std::uint32_t user) const;
  std::string_view item_id(std::uint32_t item) const;
  std::optional<std::uint32_t> find_user(std::string_view id) const;
  std::optional<std::uint32_t> find_item(std::string_view id) const;
  /// An item's title where there is a text column, else its id.
  std::string item_title(std::uint32_t item) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace automodel::recsys
