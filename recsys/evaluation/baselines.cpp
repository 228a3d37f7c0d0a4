#include "recsys/evaluation/baselines.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace automodel::recsys {
namespace {

constexpr float kRateWeight = 20;
constexpr std::size_t kLongestHistory =
    500;  // liked items of one user that count for similarity: the work is its square

}  // namespace

Popularity Popularity::fit(const Dataset& data, std::span<const float> labels,
                           std::span<const std::uint32_t> rows) {
  Popularity out;
  std::vector<float> positives(data.items()), counts(data.items());
  double sum = 0;
  for (const auto row : rows) {
    positives[data.item()[row]] += labels[row];
    counts[data.item()[row]] += 1;
    sum += labels[row];
  }
  if (!rows.empty()) out.rate_ = static_cast<float>(sum / static_cast<double>(rows.size()));
  out.rates_.resize(data.items());
  for (std::size_t i = 0; i < out.rates_.size(); ++i) {
    out.rates_[i] = (positives[i] + kRateWeight * out.rate_) / (counts[i] + kRateWeight);
  }
  out.ranked_.resize(data.items());
  std::iota(out.ranked_.begin(), out.ranked_.end(), 0U);
  std::stable_sort(out.ranked_.begin(), out.ranked_.end(),
                   [&](auto a, auto b) { return positives[a] > positives[b]; });
  out.positives_ = std::move(positives);
  return out;
}

ItemKnn ItemKnn::fit(const Dataset& data, std::span<const float> labels, std::span<const std::uint32_t> rows,
                     std::uint32_t neighbours, float shrink) {
  ItemKnn out;
  out.popularity_ = Popularity::fit(data, labels, rows);
  std::vector<std::vector<Seen>> by_user(data.users());
  for (const auto row : rows) by_user[data.user()[row]].push_back({data.item()[row], labels[row]});

  std::vector<std::vector<std::uint32_t>> liked(data.users()), fans(data.items());
  out.user_offsets_.push_back(0);
  for (std::uint32_t user = 0; user < by_user.size(); ++user) {
    auto& own = by_user[user];  // in the order of time
    std::stable_sort(own.begin(), own.end(), [](const Seen& a, const Seen& b) { return a.item < b.item; });
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (i + 1 < own.size() && own[i + 1].item == own[i].item) continue;  // a later label replaces this one
      out.seen_.push_back(own[i]);
      if (own[i].label > 0.5F && liked[user].size() < kLongestHistory) {
        liked[user].push_back(own[i].item);
        fans[own[i].item].push_back(user);
      }
    }
    out.user_offsets_.push_back(out.seen_.size());
  }

  std::vector<float> together(data.items());
  std::vector<std::uint32_t> touched;
  out.item_offsets_.push_back(0);
  for (std::uint32_t item = 0; item < data.items(); ++item) {
    touched.clear();
    for (const auto user : fans[item]) {
      for (const auto other : liked[user]) {
        if (other != item && together[other]++ == 0) touched.push_back(other);
      }
    }
    std::vector<Neighbour> near;
    for (const auto other : touched) {
      const float norm =
          std::sqrt(static_cast<float>(fans[item].size()) * static_cast<float>(fans[other].size()));
      const float count = std::exchange(together[other], 0.0F);
      near.push_back({other, count / norm * count / (count + shrink)});
    }
    const auto keep = std::min<std::size_t>(neighbours, near.size());
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(keep), near.end(),
                      [](const Neighbour& a, const Neighbour& b) {
                        return a.similarity != b.similarity ? a.similarity > b.similarity : a.item < b.item;
                      });
    out.neighbours_.insert(out.neighbours_.end(), near.begin(),
                           near.begin() + static_cast<std::ptrdiff_t>(keep));
    out.item_offsets_.push_back(out.neighbours_.size());
  }
  return out;
}

std::span<const ItemKnn::Seen> ItemKnn::history(std::uint32_t user) const {
  if (user + std::size_t{1} >= user_offsets_.size()) return {};
  return std::span(seen_).subspan(user_offsets_[user], user_offsets_[user + 1] - user_offsets_[user]);
}

std::span<const Neighbour> ItemKnn::neighbours(std::uint32_t item) const {
  if (item + std::size_t{1} >= item_offsets_.size()) return {};
  return std::span(neighbours_).subspan(item_offsets_[item], item_offsets_[item + 1] - item_offsets_[item]);
}

bool ItemKnn::had(std::uint32_t user, std::uint32_t item) const {
  const auto own = history(user);
  const auto at =
      std::lower_bound(own.begin(), own.end(), item, [](const Seen& s, auto i) { return s.item < i; });
  return at != own.end() && at->item == item;
}

float ItemKnn::score(std::uint32_t user, std::uint32_t item) const {
  const auto own = history(user);
  float sum = popularity_.score(item), weight = 1;
  if (own.empty()) return sum;
  for (const auto& near : neighbours(item)) {
    const auto at =
        std::lower_bound(own.begin(), own.end(), near.item, [](const Seen& s, auto i) { return s.item < i; });
    if (at == own.end() || at->item != near.item) continue;
    sum += near.similarity * at->label;
    weight += near.similarity;
  }
  return sum / weight;
}

std::vector<Neighbour> ItemKnn::recall(std::uint32_t user, std::uint32_t count) const {
  std::unordered_map<std::uint32_t, float> sums;
  for (const auto& seen : history(user)) {
    if (seen.label <= 0.5F) continue;
    for (const auto& near : neighbours(seen.item)) sums[near.item] += near.similarity;
  }
  std::vector<Neighbour> out;
  for (const auto& [item, sum] : sums) {
    if (!had(user, item)) out.push_back({item, sum});
  }
  std::sort(out.begin(), out.end(), [](const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.item < b.item;
  });
  if (out.size() > count) out.resize(count);
  return out;
}

void ItemKnn::affinities(std::uint32_t user, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  for (const auto& seen : history(user)) {
    if (seen.label <= 0.5F) continue;
    for (const auto& near : neighbours(seen.item)) out[near.item] += near.similarity;
  }
}

std::uint64_t ItemKnn::bytes() const {
  return popularity_.bytes() + seen_.size() * sizeof(Seen) + neighbours_.size() * sizeof(Neighbour) +
         (user_offsets_.size() + item_offsets_.size()) * sizeof(std::uint64_t);
}

}  // namespace automodel::recsys
