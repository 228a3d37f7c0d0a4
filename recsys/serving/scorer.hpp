// A trained model that scores: rows of the data set (evaluation) or a user's candidates now (serving).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/catalogue.hpp"
#include "recsys/models/method.hpp"

namespace automodel::recsys {

class Scorer {
 public:
  /// Loads a checkpoint's bytes and builds its features over `data`. The bytes bring their own program,
  /// TorchScript that runs in this process: no Python, no native code. Errors: serving.bad_checkpoint,
  /// features.*, models.out_of_memory. `train_rows` are those it was trained on (features fit their buckets
  /// on them, baselines count them).
  static Result<Scorer> load(std::string_view checkpoint, const Dataset& data, std::span<const float> labels,
                             std::span<const std::uint32_t> train_rows, std::uint32_t threads);
  Scorer(Scorer&&) noexcept;
  Scorer& operator=(Scorer&&) noexcept;
  ~Scorer();

  /// Probabilities for rows of the data set: [rows].
  Result<std::vector<float>> score_rows(std::span<const std::uint32_t> rows) const;
  /// Scores for one user's candidates at `now`, after all rows: [items]. Probabilities; of methods that rank,
  /// the logistic function of what they order by.
  Result<std::vector<float>> score(std::uint32_t user, std::span<const std::uint32_t> items,
                                   std::int64_t now) const;

  /// Whether it orders the whole catalogue: methods that learn a ranking, and the counted ones.
  bool ranks() const;
  /// Where each of the positive ones of `rows` (`rows_to_rank`) stands in the whole catalogue without what
  /// its user has in `train_rows`: ranks from 1. Empty where the method does not rank. Errors also
  /// evaluation.not_finite.
  Result<std::vector<double>> catalogue_ranks(std::span<const std::uint32_t> rows,
                                              std::span<const float> labels,
                                              std::span<const std::uint32_t> train_rows,
                                              const OnRanked& on_ranked = {}) const;
  /// How well the positive ones of `rows` are found in the whole catalogue without what their users have in
  /// `train_rows`: `catalogue_metric_names`. Nothing where the method does not rank. Errors also
  /// evaluation.not_finite.
  Result<Metrics> rank_catalogue(std::span<const std::uint32_t> rows, std::span<const float> labels,
                                 std::span<const std::uint32_t> train_rows,
                                 const OnRanked& on_ranked = {}) const;

  const std::string& method() const;
  std::uint64_t bytes() const;  // of weights in memory

 private:
  struct Impl;
  explicit Scorer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The same model with the tables of its look-ups (but for those of scalars) as int8, one scale a row.
/// Errors: serving.bad_checkpoint, serving.nothing_to_quantize.
Result<std::string> quantize_embeddings(std::string_view checkpoint);

struct Recommended {
  std::uint32_t item = 0;
  float score = 0;
  std::string from;         // itemknn, popularity
  std::uint32_t place = 0;  // among all candidates by score alone, from 1
};

/// recall (item-kNN and popularity) -> rank (scorer) -> re-rank (maximal marginal relevance over a
/// multi-valued item column).
class Recommender {
 public:
  static Result<Recommender> create(const Dataset& data, std::span<const float> labels);
  Recommender(Recommender&&) noexcept;
  Recommender& operator=(Recommender&&) noexcept;
  ~Recommender();
  /// Items that the user has not had. The best scored one is first; from there on one that is like those
  /// before it gives way to others, so scores need not go down: `place` says where each would be by its
  /// score. Where the items have no multi-valued column, the order is that of the scores. An unknown user
  /// gets popular items ranked by the scorer's view of a user without history.
  Result<std::vector<Recommended>> recommend(const Scorer& scorer, std::optional<std::uint32_t> user,
                                             std::uint32_t k, std::int64_t now) const;

 private:
  struct Impl;
  explicit Recommender(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::recsys
