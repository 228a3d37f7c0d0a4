#include "recsys/features/history.hpp"

#include <algorithm>
#include <cmath>

namespace automodel::recsys {

void Timeline::add(std::int64_t time, double value) {
  const Point before = points_.empty() ? Point{0, 0, 0} : points_.back();
  points_.push_back({time, before.sum + value, before.squares + value * value});
}

Totals Timeline::from(std::size_t first) const {
  if (first >= points_.size()) return {};
  const Point before = first == 0 ? Point{0, 0, 0} : points_[first - 1];
  return {static_cast<std::uint32_t>(points_.size() - first), points_.back().sum - before.sum,
          points_.back().squares - before.squares, points_[first].time, points_.back().time};
}

Totals Timeline::since(std::int64_t time) const {
  const auto at = std::upper_bound(points_.begin(), points_.end(), time,
                                   [](std::int64_t t, const Point& point) { return t < point.time; });
  return from(static_cast<std::size_t>(at - points_.begin()));
}

Totals Timeline::newest(std::size_t rows) const {
  return from(points_.size() - std::min(rows, points_.size()));
}

std::uint64_t Similarity::key_of(std::uint32_t a, std::uint32_t b) {
  return (static_cast<std::uint64_t>(std::min(a, b)) << 32 | std::max(a, b)) + 1;
}

namespace {

std::size_t slot_of(std::uint64_t key, std::size_t slots) {
  key *= 0x9E3779B97F4A7C15ull;  // multiplicative hashing: the high bits are the mixed ones
  return static_cast<std::size_t>(key >> 20) & (slots - 1);
}

}  // namespace

const Similarity::Pair* Similarity::find(std::uint64_t key) const {
  if (pairs_.empty()) return nullptr;
  for (std::size_t slot = slot_of(key, pairs_.size());; slot = (slot + 1) & (pairs_.size() - 1)) {
    if (pairs_[slot].key == key) return &pairs_[slot];
    if (pairs_[slot].key == 0) return nullptr;
  }
}

Similarity::Pair& Similarity::at(std::uint64_t key) {
  if (used_ * 10 >= pairs_.size() * 7) grow();
  std::size_t slot = slot_of(key, pairs_.size());
  while (pairs_[slot].key != key && pairs_[slot].key != 0) slot = (slot + 1) & (pairs_.size() - 1);
  if (pairs_[slot].key == 0) {
    pairs_[slot].key = key;
    ++used_;
  }
  return pairs_[slot];
}

void Similarity::grow() {
  std::vector<Pair> old(std::max<std::size_t>(1024, pairs_.size() * 2));
  old.swap(pairs_);
  for (const Pair& pair : old) {
    if (pair.key == 0) continue;
    std::size_t slot = slot_of(pair.key, pairs_.size());
    while (pairs_[slot].key != 0) slot = (slot + 1) & (pairs_.size() - 1);
    pairs_[slot] = pair;
  }
}

void Similarity::add(std::uint32_t user, std::uint32_t item, double residual) {
  auto& rated = users_[user];
  const auto own = static_cast<float>(residual);
  for (const Rated& other : rated) {
    if (other.item == item) continue;
    Pair& pair = at(key_of(item, other.item));
    pair.count += 1;
    pair.products += own * other.residual;
    pair.squares += 0.5f * (own * own + other.residual * other.residual);
  }
  if (next_.empty()) next_.resize(users_.size(), 0);
  if (rated.size() < last_) {
    rated.push_back({item, own});
  } else {
    rated[next_[user]] = {item, own};
    next_[user] = (next_[user] + 1) % last_;
  }
}

double Similarity::expect(std::uint32_t user, std::uint32_t item) const {
  if (user >= users_.size()) return 0;
  double sum = 0, weights = 0;
  for (const Rated& other : users_[user]) {
    if (other.item == item) continue;
    const Pair* pair = find(key_of(item, other.item));
    if (!pair || pair->squares <= 0) continue;
    constexpr double shrink = 5;  // users in common at which a similarity counts half; not tuned
    const double weight = pair->products / pair->squares * pair->count / (pair->count + shrink);
    sum += weight * other.residual;
    weights += std::abs(weight);
  }
  return sum / (weights + 1);
}

}  // namespace automodel::recsys
