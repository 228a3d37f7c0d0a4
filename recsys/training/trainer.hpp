// Trains one configuration. The same seed and one thread give the same weights, bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/models/method.hpp"

namespace automodel::recsys {

struct TrainOptions {
  std::string method;
  Settings settings;  // lr, batch, l2 and the method's own
  std::uint32_t max_epochs = 8;
  std::uint32_t patience = 2;  // epochs without a better `metric` before it stops
  std::string metric = "auc";
  std::uint64_t seed = 1;
  std::uint32_t threads = 1;
  std::string
      resume;  // bytes of `Trained::resume` of an earlier call; empty: from the start. All but max_epochs,
               // patience and threads must be as they were, and so must data, features and rows
};

struct EpochReport {
  std::uint32_t epoch = 0;
  double train_loss = 0;
  Metrics metrics;  // on the rows given for validation
  double seconds = 0;
};

struct Trained {
  std::vector<EpochReport> epochs;  // of this call; numbers go on from the resumed ones
  Metrics best;                     // of the best epoch
  std::string checkpoint;  // bytes: method, settings, input spec, label, features, weights of the best epoch
  std::string
      resume;  // bytes: weights and optimiser of the last epoch, and the best one; empty for baselines
  std::uint64_t parameters = 0;
  std::uint64_t rows = 0;  // rows times epochs of this call
  double seconds = 0;      // of this call, measuring included
  bool stopped = false;    // by on_epoch
};

/// `labels` has one value per row of the data set. `on_epoch` (may be empty) returns false to stop there.
/// Without validation rows the last epoch is the best. Errors: training.nan, training.out_of_memory,
/// training.failed, training.no_rows, training.no_epochs, training.bad_resume, evaluation.unknown_metric,
/// models.*, features.*.
Result<Trained> train(const Dataset& data, std::span<const float> labels, const Split& split,
                      std::span<const std::uint32_t> validation, const FeatureEngine& features,
                      std::string_view label, const TrainOptions& options,
                      const std::function<bool(const EpochReport&)>& on_epoch);

}  // namespace automodel::recsys
