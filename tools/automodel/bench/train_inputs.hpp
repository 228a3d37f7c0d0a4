// What the models of `automodel bench train` read, fitted once and written for the reference: both sides
// learn from the same numbers, in the same order, and are measured by the same code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/split.hpp"
#include "recsys/features/inputs.hpp"

namespace automodel::tools {

/// Those of models of one kind: fields of a row, or histories with the item that came next.
struct TrainInputs {
  std::string kind;    // fields, histories
  std::string metric;  // auc, or catalogue_ndcg10
  recsys::InputEncoder encoder;
  /// Rows of the data set: the examples to learn from, where histories have only the positive ones; and those
  /// to be measured by.
  std::vector<std::uint32_t> train, test;
};

/// `labels`: one a row of the data set. Errors: those of InputEncoder::fit.
Result<TrainInputs> train_inputs(const recsys::Dataset& data, const recsys::FeatureEngine& features,
                                 const std::string& label, std::span<const float> labels,
                                 const recsys::Split& split, const recsys::Sources& sources);

/// Writes KIND.train.* and KIND.test.* as plain arrays, and how long they are into `about`. Errors:
/// bench.no_directory.
Result<void> write_inputs(const TrainInputs& inputs, std::span<const float> labels,
                          const std::filesystem::path& directory, nlohmann::json& about);
/// The order in which so many epochs go over the examples: [epochs, examples] as int64. Errors:
/// bench.no_directory.
Result<void> write_order(const TrainInputs& inputs, std::uint64_t seed, std::uint32_t epochs,
                         const std::filesystem::path& directory);
Result<void> write_text(const std::filesystem::path& file, const std::string& text);

/// The metric of what the reference made of the test rows: a score for each; of histories one for each row of
/// the items' vocabulary too. Errors: bench.reference_failed, those of `evaluate_catalogue`.
Result<double> quality_of(const TrainInputs& inputs, const recsys::Dataset& data,
                          std::span<const float> labels, const recsys::Split& split,
                          std::span<const float> scores);

}  // namespace automodel::tools
