#include "recsys/training/validation.hpp"

#include <algorithm>
#include <cmath>

namespace automodel::recsys {

Result<Metrics> Validation::measure(std::span<const float> scores, const ScoreCatalogue& catalogue,
                                    const OnRanked& on_ranked) {
  const auto no_number = [] {
    return fail("training.nan", "the model's scores are no numbers", {}, "try a smaller lr");
  };
  std::vector<float> labels;
  std::vector<std::uint32_t> users;
  for (const auto row : rows_) {
    labels.push_back(labels_[row]);
    users.push_back(data_.user()[row]);
  }
  if (std::any_of(scores.begin(), scores.end(), [](float s) { return !std::isfinite(s); }))
    return no_number();
  auto out = evaluate(scores, labels, users);
  if (!catalogue) return out;
  if (!had_) had_.emplace(data_, train_rows_);
  const auto ranked =
      evaluate_catalogue(data_, *had_, rows_to_rank(rows_, labels_, data_.items()), catalogue, on_ranked);
  if (!ranked) return ranked.error().code == "evaluation.not_finite" ? no_number() : fail(ranked.error());
  out.insert(ranked->begin(), ranked->end());
  return out;
}

}  // namespace automodel::recsys
