#include "recsys/features/keys.hpp"

#include <limits>

namespace automodel::recsys {

namespace {

constexpr std::size_t max_combinations = 1024;  // of one row: more values than any real column has

}  // namespace

Result<ColumnReader> ColumnReader::bind(const Dataset& data, const std::string& name) {
  ColumnReader out;
  if (name == "user" || name == "item") {
    out.kind_ = name == "user" ? Kind::user : Kind::item;
    out.table_ = name == "user" ? Table::users : Table::items;
    out.cardinality_ = name == "user" ? data.users() : data.items();
    return out;
  }
  const ColumnInfo* info = data.column(name);
  if (!info || (info->kind != ColumnKind::category && info->kind != ColumnKind::categories)) {
    std::string names;
    for (const ColumnInfo& column : data.columns())
      if (column.kind == ColumnKind::category || column.kind == ColumnKind::categories)
        names += (names.empty() ? "" : ", ") + column.name;
    return fail("features.unknown_column", (info ? "not a category: '" : "no column '") + name + "'",
                data.name(), "Categories are: " + names);
  }
  if (info->table == Table::interactions && !info->context)
    return fail("features.unknown_column", "column '" + name + "' is known only after the interaction",
                data.name());
  out.table_ = info->table;
  out.cardinality_ = info->cardinality;
  if (info->kind == ColumnKind::category) {
    out.kind_ = Kind::single;
    out.codes_ = *data.codes(name);
  } else {
    out.kind_ = Kind::multiple;
    out.categories_ = *data.categories(name);
  }
  return out;
}

std::span<const std::uint32_t> ColumnReader::values(const Moment& moment, std::uint32_t& scratch) const {
  const std::size_t row = table_ == Table::users   ? moment.user
                          : table_ == Table::items ? moment.item
                                                   : moment.row;
  if (kind_ == Kind::user || kind_ == Kind::item) {
    if (row >= cardinality_) return {};
    scratch = static_cast<std::uint32_t>(row) + 1;
    return {&scratch, 1};
  }
  if (kind_ == Kind::multiple) {
    if (row >= categories_.offsets.size() - 1) return {};
    return categories_.at(row);
  }
  if (row >= codes_.size() || codes_[row] == 0) return {};
  return codes_.subspan(row, 1);
}

void ColumnReader::expect(std::size_t row) const {
  if (table_ != Table::interactions) return;
  if (row < codes_.size()) __builtin_prefetch(&codes_[row]);
  if (row < categories_.offsets.size()) __builtin_prefetch(&categories_.offsets[row]);
}

std::size_t table_row(Table table, const Moment& moment, const Dataset& data) {
  if (table == Table::users) return moment.user < data.users() ? moment.user : Moment::no_row;
  if (table == Table::items) return moment.item < data.items() ? moment.item : Moment::no_row;
  return moment.row;
}

Result<KeyIndex> KeyIndex::bind(const Dataset& data, const std::vector<std::string>& columns) {
  KeyIndex out;
  double product = 1;
  for (const std::string& name : columns) {
    auto column = ColumnReader::bind(data, name);
    if (!column) return fail(column.error());
    product *= static_cast<double>(column->cardinality() + 1);
    out.columns_.push_back(std::move(*column));
  }
  const auto too_large = [&](const std::string& what) {
    return fail("features.too_large", what, data.name(), "Use columns with fewer distinct values");
  };
  if (product > static_cast<double>(std::numeric_limits<std::int64_t>::max()))
    return too_large("the key has too many possible combinations");
  if (columns.size() <= 1) {
    out.size_ = columns.empty() ? 1 : out.columns_[0].cardinality();
    if (out.size_ > max_keys) return too_large("the key has " + std::to_string(out.size_) + " values");
    return out;
  }
  std::vector<std::uint64_t> found;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    out.combinations({data.user()[row], data.item()[row], data.time()[row], row}, found);
    for (const std::uint64_t key : found)
      out.numbers_.try_emplace(key, static_cast<std::uint32_t>(out.numbers_.size()));
    if (out.numbers_.size() > max_keys)
      return too_large("the key has over " + std::to_string(max_keys) + " combinations");
  }
  out.size_ = out.numbers_.size();
  return out;
}

void KeyIndex::combinations(const Moment& moment, std::vector<std::uint64_t>& out) const {
  out.assign(1, 0);
  for (const ColumnReader& column : columns_) {
    std::uint32_t scratch = 0;
    const auto values = column.values(moment, scratch);
    const std::size_t before = out.size();
    if (values.empty()) return out.clear();
    for (std::size_t v = 1; v < values.size() && out.size() < max_combinations; ++v)
      for (std::size_t i = 0; i < before; ++i) out.push_back(out[i] * (column.cardinality() + 1) + values[v]);
    for (std::size_t i = 0; i < before; ++i) out[i] = out[i] * (column.cardinality() + 1) + values[0];
  }
}

void KeyIndex::find(const Moment& moment, std::vector<std::uint32_t>& out) const {
  out.clear();
  if (columns_.empty()) return out.push_back(0);
  if (columns_.size() == 1) {
    std::uint32_t scratch = 0;
    for (const std::uint32_t value : columns_[0].values(moment, scratch)) out.push_back(value - 1);
    return;
  }
  thread_local std::vector<std::uint64_t> keys;
  combinations(moment, keys);
  for (const std::uint64_t key : keys) {
    const auto at = numbers_.find(key);
    out.push_back(at == numbers_.end() ? unseen : at->second);
  }
}

}  // namespace automodel::recsys
