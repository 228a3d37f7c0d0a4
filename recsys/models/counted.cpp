#include "recsys/models/counted.hpp"

#include <algorithm>
#include <string>

#include "recsys/models/inference.hpp"
#include "recsys/models/values.hpp"

namespace automodel::recsys {

Result<Counted> Counted::fit(std::string_view method, const Settings& settings, const Dataset& data,
                             std::span<const float> labels, std::span<const std::uint32_t> rows) {
  auto popularity = Popularity::fit(data, labels, rows);
  if (method == "popularity") return Counted({}, std::move(popularity));
  if (method == "itemknn") {
    const auto neighbours = static_cast<std::uint32_t>(number(settings, "neighbours"));
    const auto shrink = static_cast<float>(number(settings, "shrink"));
    return Counted(ItemKnn::fit(data, labels, rows, neighbours, shrink), std::move(popularity));
  }
  if (method == "ease") {
    auto ease = Ease::fit(data, labels, rows, number(settings, "lambda"));
    if (!ease) return fail(ease.error());
    return Counted(std::move(*ease), std::move(popularity));
  }
  return fail("models.unknown_method", "'" + std::string(method) + "' is not counted");
}

float Counted::score(std::uint32_t user, std::uint32_t item) const {
  if (const auto* knn = std::get_if<ItemKnn>(&model_)) return knn->score(user, item);
  if (const auto* ease = std::get_if<Ease>(&model_)) return sigmoid(ease->score(user, item));
  return popularity_.score(item);
}

void Counted::rank_by(std::uint32_t user, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  if (const auto* knn = std::get_if<ItemKnn>(&model_)) knn->affinities(user, out);
  if (const auto* ease = std::get_if<Ease>(&model_)) ease->scores(user, out);
  if (std::any_of(out.begin(), out.end(), [](float score) { return score != 0; })) return;
  for (std::uint32_t item = 0; item < out.size(); ++item) out[item] = popularity_.positives(item);
}

ScoreCatalogue Counted::catalogue_scores(const Dataset& data) const {
  return [this, &data](auto rows, auto scores) -> Result<void> {
    const auto items = data.items();
    for (std::size_t r = 0; r < rows.size(); ++r)
      rank_by(data.user()[rows[r]], scores.subspan(r * items, items));
    return {};
  };
}

std::uint64_t Counted::parameters() const {
  const auto* ease = std::get_if<Ease>(&model_);
  return ease ? ease->parameters() : 0;
}

std::uint64_t Counted::bytes() const {
  if (const auto* knn = std::get_if<ItemKnn>(&model_)) return knn->bytes();
  const auto* ease = std::get_if<Ease>(&model_);
  return popularity_.bytes() + (ease ? ease->bytes() : 0);
}

}  // namespace automodel::recsys
