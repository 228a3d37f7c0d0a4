#include "recsys/data/profile.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

namespace automodel::recsys {

namespace {

/// Calls with each code of a column at a row of interactions.
using Visit = std::function<void(std::uint32_t)>;
using Reader = std::function<void(std::size_t row, const Visit& visit)>;

std::size_t table_row(const Dataset& data, Table table, std::size_t row) {
  return table == Table::users ? data.user()[row] : table == Table::items ? data.item()[row] : row;
}

double entropy_of(const std::vector<double>& counts, double total) {
  double bits = 0;
  for (const double count : counts)
    if (count > 0) bits -= count / total * std::log2(count / total);
  return bits;
}

/// Square root of the Jensen-Shannon divergence (Endres & Schindelin, IEEE Trans. Inf. Theory 2003).
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  const double na = std::accumulate(a.begin(), a.end(), 0.0), nb = std::accumulate(b.begin(), b.end(), 0.0);
  if (na == 0 || nb == 0) return 0;
  double divergence = 0;
  for (std::size_t v = 0; v < a.size(); ++v) {
    const double p = a[v] / na, q = b[v] / nb, m = (p + q) / 2;
    if (p > 0) divergence += 0.5 * p * std::log2(p / m);
    if (q > 0) divergence += 0.5 * q * std::log2(q / m);
  }
  return std::sqrt(std::clamp(divergence, 0.0, 1.0));
}

void summarise(const Dataset& data, std::size_t values, const Reader& read, ColumnProfile& out) {
  std::vector<double> all(values, 0), oldest(values, 0), newest(values, 0);
  const std::size_t rows = data.rows(), tenth = rows / 10;
  std::size_t missing = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    bool any = false;
    read(row, [&](std::uint32_t value) {
      any = true;
      all[value] += 1;
      if (row < tenth) oldest[value] += 1;
      if (row >= rows - tenth) newest[value] += 1;
    });
    missing += !any;
  }
  const double total = std::accumulate(all.begin(), all.end(), 0.0);
  out.missing = rows ? static_cast<double>(missing) / static_cast<double>(rows) : 0;
  out.drift = data.has_time() ? distance(oldest, newest) : 0;
  if (total == 0) return;
  out.entropy = entropy_of(all, total);
  std::sort(all.begin(), all.end(), std::greater<>());
  const auto distinct =
      static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](double c) { return c > 0; }));
  const std::size_t top = std::max<std::size_t>(1, distinct / 100);
  out.top_share = std::accumulate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(top), 0.0) / total;
}

void profile_numbers(const Dataset& data, const std::function<double(std::size_t)>& value,
                     ColumnProfile& out) {
  std::vector<double> sorted;
  for (std::size_t row = 0; row < data.rows(); ++row)
    if (const double x = value(row); !std::isnan(x)) sorted.push_back(x);
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> limits;
  for (std::size_t b = 1; b < 16 && !sorted.empty(); ++b) limits.push_back(sorted[sorted.size() * b / 16]);
  out.cardinality = std::set<double>(sorted.begin(), sorted.end()).size();
  summarise(
      data, 16,
      [&](std::size_t row, const Visit& visit) {
        const double x = value(row);
        if (!std::isnan(x))
          visit(
              static_cast<std::uint32_t>(std::upper_bound(limits.begin(), limits.end(), x) - limits.begin()));
      },
      out);
}

void profile_codes(const Dataset& data, const ColumnInfo& info, ColumnProfile& out) {
  out.cardinality = info.cardinality;
  const auto ids = info.name == "user" ? data.user() : data.item();
  if (info.name == "user" || info.name == "item") {
    summarise(
        data, info.cardinality, [&](std::size_t row, const Visit& visit) { visit(ids[row]); }, out);
  } else if (info.kind == ColumnKind::category) {
    const auto codes = *data.codes(info.name);
    summarise(
        data, info.cardinality + 1,
        [&](std::size_t row, const Visit& visit) {
          if (const auto code = codes[table_row(data, info.table, row)]; code != 0) visit(code);
        },
        out);
  } else {
    const auto sets = *data.categories(info.name);
    summarise(
        data, info.cardinality + 1,
        [&](std::size_t row, const Visit& visit) {
          for (const auto code : sets.at(table_row(data, info.table, row))) visit(code);
        },
        out);
  }
}

void profile_texts(const Dataset& data, const ColumnInfo& info, ColumnProfile& out) {
  std::set<std::string_view> distinct;
  std::size_t missing = 0;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    const std::string_view text = *data.text(info.name, table_row(data, info.table, row));
    if (text.empty())
      ++missing;
    else
      distinct.insert(text);
  }
  out.cardinality = distinct.size();
  out.missing = data.rows() ? static_cast<double>(missing) / static_cast<double>(data.rows()) : 0;
}

}  // namespace

std::vector<ColumnProfile> profile(const Dataset& data) {
  std::vector<ColumnProfile> out;
  for (const ColumnInfo& info : data.columns()) {
    ColumnProfile column;
    column.info = info;
    if (info.kind == ColumnKind::number) {
      const auto numbers = *data.numbers(info.name);
      profile_numbers(
          data, [&](std::size_t row) -> double { return numbers[table_row(data, info.table, row)]; }, column);
    } else if (info.kind == ColumnKind::time) {
      profile_numbers(
          data, [&](std::size_t row) { return static_cast<double>(data.time()[row]); }, column);
    } else if (info.kind == ColumnKind::text) {
      profile_texts(data, info, column);
    } else {
      profile_codes(data, info, column);
    }
    out.push_back(std::move(column));
  }
  return out;
}

}  // namespace automodel::recsys
