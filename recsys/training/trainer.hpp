// Trains one configuration. The same seed and as many threads give the same weights, bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/catalogue.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/models/method.hpp"
#include "recsys/training/collective.hpp"

namespace automodel::recsys {

struct TrainOptions {
  std::string method;  // how the model's method is called. Without `program`: popularity, itemknn or ease
  /// Training reads the common ones (`common_parameters`). The method's own are kept with the model and not
  /// read: whoever made `program` has read them. Without `program`, those of these.
  Settings settings;
  /// Makes what is trained, once the inputs are fitted. `configure` gives one for the methods of recsys.
  std::function<Result<Program>(const InputSpec&)> program;
  Sources sources = {};     // what the inputs are to have, as the program says of itself
  std::string description;  // of the method, kept with the model: its card; may be empty
  std::uint32_t max_epochs = 8;
  std::uint32_t patience = 2;  // epochs without a better `metric` before it stops
  /// Of early stopping: one of `metric_names`, or of `catalogue_metric_names` for methods that rank. Empty:
  /// auc, or catalogue_ndcg10 for programs that rank.
  std::string metric = {};
  std::uint64_t max_parameters = 0;  // a model with more is not trained; 0: no limit
  std::uint64_t seed = 1;
  std::uint32_t threads = 1;
  std::string resume;  // bytes of `Trained::resume` of an earlier call; empty: from the start. All but
                       // max_epochs, patience and threads must be as they were (the program made again is
                       // compared), and so must data, features and rows
  OnRanked on_ranked;  // told how far a ranking of the catalogue is; may be empty
  /// The processes that train it together, this one among them; null: this one alone. All call `train` with
  /// the same arguments, but for what only rank 0 needs: `resume`, `keep`, `on_ranked`. Each goes through its
  /// part of every batch, and the weights are those of one process with the threads of all; rank 0 measures,
  /// and it alone has `best`'s checkpoint and `resume` in the end.
  Collective* group = nullptr;
  /// Given the bytes of `Trained::resume` after each epoch, before `on_epoch`; may be empty. An error ends
  /// the training with it.
  std::function<Result<void>(const std::string& resume)> keep = {};
};

struct EpochReport {
  std::uint32_t epoch = 0;
  double train_loss = 0;  // mean loss, without penalties and l2
  Metrics metrics;        // on the rows given for validation; the catalogue's too where the method ranks
  double seconds = 0;           // measuring included
  double training_seconds = 0;  // without it
};

struct Trained {
  std::vector<EpochReport> epochs;  // of this call; numbers go on from the resumed ones
  Metrics best;                     // of the best epoch
  std::string
      checkpoint;  // bytes of the model: program, weights of the best epoch, inputs, features, label …
  std::string
      resume;  // bytes: weights and optimiser of the last epoch, and the best one; empty for baselines
  std::uint32_t last_epoch = 0;  // that was finished, in this call or one before it
  std::uint64_t parameters = 0;  // numbers in all tensors
  std::uint64_t rows = 0;  // rows learnt from (the positive ones where it ranks) times epochs of this call
  double seconds = 0;      // of this call, measuring included
  bool stopped = false;    // by on_epoch
};

/// `labels` has one value per row of the data set. `on_epoch` (may be empty) returns false to stop there.
/// Without validation rows the last epoch is the best. Of several processes each is asked by its own
/// `on_epoch`, and one that says stop stops all. Errors: training.nan, training.out_of_memory,
/// training.failed, training.no_rows, training.no_epochs, training.bad_resume,
/// training.too_many_parameters, evaluation.unknown_metric,
/// models.*, features.*, those of `options.program`; of several processes also training.worker_lost,
/// training.processes_differ, training.not_together (nothing to share: a counted method).
Result<Trained> train(const Dataset& data, std::span<const float> labels, const Split& split,
                      std::span<const std::uint32_t> validation, const FeatureEngine& features,
                      std::string_view label, const TrainOptions& options,
                      const std::function<bool(const EpochReport&)>& on_epoch);

/// The order in which epoch `epoch`, from 1, goes over its examples (the rows; of methods that rank, the positive
/// ones): positions among them.
std::vector<std::uint32_t> order_of_epoch(std::uint64_t seed, std::uint32_t epoch, std::size_t examples);

}  // namespace automodel::recsys
