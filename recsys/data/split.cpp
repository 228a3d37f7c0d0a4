#include "recsys/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace automodel::recsys {

namespace {

using Rows = std::vector<std::uint32_t>;

Rows slice(const Rows& rows, std::size_t from, std::size_t to) {
  Rows out(rows.begin() + static_cast<std::ptrdiff_t>(from), rows.begin() + static_cast<std::ptrdiff_t>(to));
  std::sort(out.begin(), out.end());
  return out;
}

/// Row numbers are in order of time: the first half is the older.
void halve(const Rows& validation, Split& out) {
  out.tuning = slice(validation, 0, validation.size() / 2);
  out.promotion = slice(validation, validation.size() / 2, validation.size());
}

Split by_ratios(const Rows& order, const std::vector<double>& ratios) {
  const auto n = static_cast<double>(order.size());
  const auto train_end = std::min(order.size(), static_cast<std::size_t>(std::llround(n * ratios[0])));
  const auto valid_end = std::clamp(static_cast<std::size_t>(std::llround(n * (ratios[0] + ratios[1]))),
                                    train_end, order.size());
  Split out;
  out.train = slice(order, 0, train_end);
  halve(slice(order, train_end, valid_end), out);
  out.test = slice(order, valid_end, order.size());
  return out;
}

/// Fisher-Yates with a generator whose sequence the standard fixes: the same seed cuts the same on every
/// machine.
void shuffle(Rows& rows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random() % i]);
}

Split leave_last_out(const Dataset& data) {
  const auto users = data.user();
  std::vector<std::uint32_t> left(data.users(), 0);
  for (const std::uint32_t user : users) ++left[user];
  const std::vector<std::uint32_t> counts = left;
  Split out;
  Rows validation;
  for (std::uint32_t row = 0; row < users.size(); ++row) {
    const std::uint32_t after = --left[users[row]];
    const bool enough = counts[users[row]] >= 3;  // fewer rows would leave nothing to train on
    if (enough && after == 0)
      out.test.push_back(row);
    else if (enough && after == 1)
      validation.push_back(row);
    else
      out.train.push_back(row);
  }
  halve(validation, out);
  return out;
}

}  // namespace

std::vector<std::uint32_t> Split::validation() const {
  Rows rows = tuning;
  rows.insert(rows.end(), promotion.begin(), promotion.end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

Result<Split> split(const Dataset& data, SplitKind kind, const std::vector<double>& ratios,
                    std::uint64_t seed) {
  if (kind != SplitKind::random && !data.has_time())
    return fail("data.no_time", "the data set has no times to split by", data.name(), "Split at random");
  if (kind == SplitKind::leave_last_out) return leave_last_out(data);
  const bool positive =
      std::all_of(ratios.begin(), ratios.end(), [](double r) { return std::isfinite(r) && r > 0; });
  if (ratios.size() != 3 || !positive ||
      std::abs(std::accumulate(ratios.begin(), ratios.end(), 0.0) - 1) > 1e-6) {
    std::string given;
    for (const double ratio : ratios) given += (given.empty() ? "" : ",") + std::to_string(ratio);
    return fail("data.bad_ratios", "ratios must be three positive numbers that sum to 1", given,
                "For example 0.8,0.1,0.1");
  }
  Rows order(data.rows());
  std::iota(order.begin(), order.end(), 0u);
  if (kind == SplitKind::random) shuffle(order, seed);
  return by_ratios(order, ratios);
}

Result<SplitKind> split_kind(std::string_view name) {
  if (name == "temporal") return SplitKind::temporal;
  if (name == "random") return SplitKind::random;
  if (name == "leave_last_out" || name == "leave-last-out") return SplitKind::leave_last_out;
  return fail("data.bad_split", "no split '" + std::string(name) + "'", {},
              "Splits are temporal, random, leave-last-out");
}

}  // namespace automodel::recsys
