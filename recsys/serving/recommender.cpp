#include <algorithm>
#include <optional>
#include <unordered_set>

#include "recsys/evaluation/baselines.hpp"
#include "recsys/serving/scorer.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint32_t kNear = 150;  // candidates from item-kNN
constexpr std::uint32_t kAll = 200;   // candidates altogether, the rest is popular
constexpr std::uint32_t kNeighbours = 100;
constexpr float kShrink = 10;
constexpr float kRelevance = 0.8F;  // the lambda of maximal marginal relevance

/// Jaccard similarity of two sets of codes.
float overlap(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  std::size_t both = 0;
  for (const auto code : a) both += static_cast<std::size_t>(std::find(b.begin(), b.end(), code) != b.end());
  const auto any = a.size() + b.size() - both;
  return any == 0 ? 0 : static_cast<float>(both) / static_cast<float>(any);
}

}  // namespace

struct Recommender::Impl {
  Dataset data;
  ItemKnn knn;
  std::optional<CategoriesView> topics;

  std::vector<Recommended> recall(std::uint32_t user, std::uint32_t k) const;
  std::vector<Recommended> diversify(std::vector<Recommended> ranked, std::uint32_t k) const;
};

std::vector<Recommended> Recommender::Impl::recall(std::uint32_t user, std::uint32_t k) const {
  std::vector<Recommended> out;
  std::unordered_set<std::uint32_t> taken;
  for (const auto& near : knn.recall(user, std::max(kNear, k))) {
    out.push_back({near.item, 0, "itemknn", 0});
    taken.insert(near.item);
  }
  for (const auto item : knn.popularity().ranked()) {
    if (out.size() >= std::max(kAll, k)) break;
    if (!taken.contains(item) && !knn.had(user, item)) out.push_back({item, 0, "popularity", 0});
  }
  return out;
}

/// Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998): next is the item with the largest lambda *
/// relevance - (1 - lambda) * similarity to the nearest one already chosen; relevance is the score scaled to
/// [0, 1].
std::vector<Recommended> Recommender::Impl::diversify(std::vector<Recommended> ranked,
                                                      std::uint32_t k) const {
  if (!topics || ranked.size() <= 1) {
    ranked.resize(std::min<std::size_t>(ranked.size(), k));
    return ranked;
  }
  const float top = ranked.front().score, range = std::max(1e-9F, top - ranked.back().score);
  std::vector<float> nearest(ranked.size());
  std::vector<bool> chosen(ranked.size());
  std::vector<Recommended> out;
  while (out.size() < std::min<std::size_t>(k, ranked.size())) {
    std::size_t best = ranked.size();
    float best_value = 0;
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      if (chosen[i]) continue;
      const float relevance = 1 - (top - ranked[i].score) / range;
      const float value = kRelevance * relevance - (1 - kRelevance) * nearest[i];
      if (best == ranked.size() || value > best_value) {
        best = i;
        best_value = value;
      }
    }
    chosen[best] = true;
    out.push_back(ranked[best]);
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      nearest[i] = std::max(nearest[i], overlap(topics->at(ranked[best].item), topics->at(ranked[i].item)));
    }
  }
  return out;
}

Recommender::Recommender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recommender::Recommender(Recommender&&) noexcept = default;
Recommender& Recommender::operator=(Recommender&&) noexcept = default;
Recommender::~Recommender() = default;

Result<Recommender> Recommender::create(const Dataset& data, std::span<const float> labels) {
  auto impl = std::make_unique<Impl>();
  impl->data = data;
  std::vector<std::uint32_t> rows(data.rows());
  for (std::uint32_t row = 0; row < rows.size(); ++row) rows[row] = row;
  impl->knn = ItemKnn::fit(data, labels, rows, kNeighbours, kShrink);
  for (const auto& column : data.columns()) {
    if (column.table != Table::items || column.kind != ColumnKind::categories) continue;
    auto topics = data.categories(column.name);
    if (!topics) return fail(topics.error());
    impl->topics = *topics;
    break;
  }
  return Recommender(std::move(impl));
}

Result<std::vector<Recommended>> Recommender::recommend(const Scorer& scorer,
                                                        std::optional<std::uint32_t> user, std::uint32_t k,
                                                        std::int64_t now) const {
  // A code past the last user has no history and no id: every part of the model sees a stranger.
  const auto who = user.value_or(static_cast<std::uint32_t>(impl_->data.users()));
  auto candidates = impl_->recall(who, k);
  std::vector<std::uint32_t> items;
  for (const auto& candidate : candidates) items.push_back(candidate.item);
  const auto scores = scorer.score(who, items, now);
  if (!scores) return fail(scores.error());
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].score = (*scores)[i];
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Recommended& a, const Recommended& b) { return a.score > b.score; });
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].place = static_cast<std::uint32_t>(i + 1);
  return impl_->diversify(std::move(candidates), k);
}

}  // namespace automodel::recsys
