#include "recsys/features/past_items.hpp"

#include <algorithm>

namespace automodel::recsys {

namespace {

constexpr double seconds_a_day = 86400;

}  // namespace

PastItems::PastItems(const Dataset& data, std::span<const std::uint32_t> item_rows) : data_(data) {
  const auto known = [&](std::uint32_t row) {
    const std::uint32_t item = data_.item()[row];
    return item < item_rows.size() ? item_rows[item] : 0;
  };
  offsets_.assign(data_.users() + 1, 0);
  for (std::uint32_t row = 0; row < data_.rows(); ++row)
    if (known(row) > 0) ++offsets_[data_.user()[row] + 1];
  for (std::size_t user = 0; user < data_.users(); ++user) offsets_[user + 1] += offsets_[user];
  rows_.resize(offsets_.back());
  items_.resize(offsets_.back());
  std::vector<std::uint64_t> next(offsets_.begin(), offsets_.end() - 1);
  for (std::uint32_t row = 0; row < data_.rows(); ++row) {  // rows are in the order of time
    const std::uint32_t item = known(row);
    if (item == 0) continue;
    const std::uint64_t at = next[data_.user()[row]]++;
    rows_[at] = row;
    items_[at] = item;
  }
}

void PastItems::before(std::uint32_t user, std::int64_t time, std::span<std::int64_t> items,
                       std::span<float> ages) const {
  std::fill(items.begin(), items.end(), 0);
  std::fill(ages.begin(), ages.end(), 0.0f);
  if (user + std::size_t{1} >= offsets_.size()) return;
  const auto times = data_.time();
  const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(offsets_[user]);
  const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(offsets_[user + 1]);
  const auto end = std::lower_bound(first, last, time, [&](auto row, auto t) { return times[row] < t; });
  const std::size_t count = std::min(items.size(), static_cast<std::size_t>(end - first));
  const std::size_t from = static_cast<std::size_t>(end - rows_.begin()) - count, to = items.size() - count;
  for (std::size_t i = 0; i < count; ++i) {
    items[to + i] = items_[from + i];
    ages[to + i] = static_cast<float>(static_cast<double>(time - times[rows_[from + i]]) / seconds_a_day);
  }
}

}  // namespace automodel::recsys
