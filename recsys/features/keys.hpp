// The keys that history is kept by: a user, an item, a category, or a combination of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// One (possible) interaction. `row` is `no_row` for a moment after all rows: then nothing is known of its
/// context.
struct Moment {
  static constexpr std::size_t no_row = static_cast<std::size_t>(-1);
  std::uint32_t user = 0;  // data.users() or more: unknown
  std::uint32_t item = 0;
  std::int64_t time = 0;
  std::size_t row = no_row;
};

/// The values of one column at a moment, as codes from 1.
class ColumnReader {
 public:
  /// Errors: features.unknown_column where there is no such category or categories column, or where it is
  /// known only after the interaction.
  static Result<ColumnReader> bind(const Dataset& data, const std::string& name);
  /// No values: missing. `scratch` holds a single value for as long as the span is used.
  std::span<const std::uint32_t> values(const Moment& moment, std::uint32_t& scratch) const;
  /// Tells the processor that the values at this row of interactions are wanted soon.
  void expect(std::size_t row) const;
  std::uint64_t cardinality() const { return cardinality_; }

 private:
  enum class Kind : std::uint8_t { user, item, single, multiple } kind_ = Kind::user;
  Table table_ = Table::interactions;
  std::uint64_t cardinality_ = 0;
  std::span<const std::uint32_t> codes_;
  CategoriesView categories_;
};

/// The row of a column's table that a moment means; `Moment::no_row` where it is unknown.
std::size_t table_row(Table table, const Moment& moment, const Dataset& data);

/// Numbers the keys of one kind: 0 … size() - 1. A moment has several keys where a column has several values,
/// and none where a value is missing.
class KeyIndex {
 public:
  static constexpr std::size_t max_keys = 20'000'000;
  /// No columns: one key for everything. Errors: features.unknown_column, features.too_large.
  static Result<KeyIndex> bind(const Dataset& data, const std::vector<std::string>& columns);

  /// A combination that the data set never held: it has a history, an empty one.
  static constexpr std::uint32_t unseen = static_cast<std::uint32_t>(-1);
  /// The keys of a moment; `unseen` for each combination that is in no row of the data set.
  void find(const Moment& moment, std::vector<std::uint32_t>& out) const;
  std::size_t size() const { return size_; }

 private:
  void combinations(const Moment& moment, std::vector<std::uint64_t>& out) const;

  std::vector<ColumnReader> columns_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // of combinations
  std::size_t size_ = 0;
};

}  // namespace automodel::recsys
