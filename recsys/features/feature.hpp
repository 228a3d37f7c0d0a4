// Point-in-time features: the value at a row uses only rows with an earlier time. Rows of equal time do not
// see each other, and no row sees its own label. A feature is written as an expression:
//
//   count(user)                       log(1 + rows of that user before now) (also item, user*genres, any
//   category) count(item, 30d)                  within a window (w, d, h, m, s) mean(label | user) smoothed
//   mean of the label: (sum + w * global) / (n + w), w = 5 unless `, w=…` mean(rating | user) the same of a
//   number column of interactions, feedback too: only earlier rows count mean(label | user, last=10) over the
//   last ten mean(label | user*genres)         over a crossed key; multi-valued columns are averaged over
//   their values std(label | user)                 smoothed standard deviation recency(user)  age(item) log(1
//   + seconds) since that key's last row, and since its first popularity(item, 30d)             count in the
//   window, as a share of all rows in it residual(user)                    shrunk mean of label minus what
//   was expected of each row when it happened: the
//                                     item's mean for `user`, the user's for `item`, both (less the global
//                                     mean) else; with a window or last=… too
//   residual(user*genres)             taste beyond user and item; residual(rating | user*genres) of a number
//   column similar(user)                     what the user's last 50 (`, last=…`) residuals on similar items
//   let expect here bucket(mean(label | item), 16)    quantile buckets of a number, fitted on training rows
//   cross(gender, genres)             a category of combinations; its parts may be buckets, hour and weekday
//   too hour(time)  weekday(time)         UTC; 1 is the hour after midnight, and Monday
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// One feature's values for rows. Exactly one of the two vectors is used.
struct FeatureColumn {
  std::string expression;
  bool categorical = false;
  std::uint32_t cardinality = 0;     // categorical: codes are 1..cardinality, 0 is missing
  std::vector<float> numbers;        // [rows], NaN is missing
  std::vector<std::uint32_t> codes;  // [rows]
};

/// A set of features over one data set: computes them for all rows in one pass over time, and afterwards
/// answers for moments after the last row (serving). The two ways agree: a test appends rows and compares.
class FeatureEngine {
 public:
  /// Parses expressions and binds their columns. `train_rows` fit buckets. Errors: features.syntax,
  /// features.unknown_column, features.too_large.
  static Result<FeatureEngine> create(const Dataset& data, std::span<const float> labels,
                                      const std::vector<std::string>& expressions,
                                      std::span<const std::uint32_t> train_rows);
  FeatureEngine(FeatureEngine&&) noexcept;
  FeatureEngine& operator=(FeatureEngine&&) noexcept;
  ~FeatureEngine();

  const std::vector<FeatureColumn>& columns() const;  // [rows of the data set] each

  /// Values of every feature for `items` and one user at time `now`, after all rows: column by column,
  /// [items].
  std::vector<FeatureColumn> at(std::uint32_t user, std::span<const std::uint32_t> items,
                                std::int64_t now) const;

 private:
  struct Impl;
  explicit FeatureEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The canonical text of an expression; equal features have equal text.
Result<std::string> canonical_feature(std::string_view expression);

}  // namespace automodel::recsys
