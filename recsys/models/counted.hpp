// Private to recsys: the methods that are counted or solved in one go, not trained by gradient.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "base/error.hpp"
#include "recsys/evaluation/baselines.hpp"
#include "recsys/evaluation/catalogue.hpp"
#include "recsys/models/ease.hpp"
#include "recsys/models/method.hpp"

namespace automodel::recsys {

class Counted {
 public:
  /// popularity, itemknn or ease, of `rows`, with complete settings. Errors: models.unknown_method, those of
  /// Ease.
  static Result<Counted> fit(std::string_view method, const Settings& settings, const Dataset& data,
                             std::span<const float> labels, std::span<const std::uint32_t> rows);

  /// The probability of a positive. EASE has no probabilities: the logistic function of its scores, as of
  /// other methods that rank.
  float score(std::uint32_t user, std::uint32_t item) const;
  /// What a list of recommendations is ordered by, for all items: popularity by positives, item-kNN by the
  /// summed similarities to what the user liked, EASE by its scores. Users of whom nothing is known to be
  /// liked get what is popular.
  void rank_by(std::uint32_t user, std::span<float> out) const;
  /// The same for `evaluate_catalogue`; `data` and this must outlive it.
  ScoreCatalogue catalogue_scores(const Dataset& data) const;

  std::uint64_t parameters() const;  // numbers that were solved for; 0 where it only counts
  std::uint64_t bytes() const;

 private:
  using Model = std::variant<std::monostate, ItemKnn, Ease>;  // nothing: popularity alone
  Counted(Model model, Popularity popularity)
      : model_(std::move(model)), popularity_(std::move(popularity)) {}
  Model model_;
  Popularity popularity_;
};

}  // namespace automodel::recsys
