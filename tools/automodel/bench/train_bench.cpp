#include "tools/automodel/bench/train_bench.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "papers/methods.hpp"
#include "recsys/data/split.hpp"
#include "recsys/serving/scorer.hpp"
#include "recsys/training/trainer.hpp"
#include "tools/automodel/bench/eager_reference.hpp"
#include "tools/automodel/bench/train_inputs.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

constexpr std::uint32_t kBatchesOfTrial = 6;
constexpr std::uint32_t kMostThreads = 8;

/// The sizes of the comparison: dimension 10, hidden layers 128-128-128 with dropout 0.2, three cross or
/// attention layers, 64-64 feature maps; histories of 50 in two blocks. tools/bench/eager.py has the same.
const std::vector<std::pair<std::string, recsys::Settings>> kModels = {
    {"lr", {}},
    {"fm", {{"k", "10"}}},
    {"deepfm", {{"k", "10"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}},
    {"dcnv2", {{"k", "10"}, {"L", "3"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}},
    {"autoint", {{"k", "10"}, {"L", "3"}, {"H", "2"}}},
    {"xdeepfm", {{"k", "10"}, {"T", "2"}, {"H", "64"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}},
    {"sasrec", {{"k", "10"}, {"T", "50"}, {"L", "2"}, {"dropout", "0.2"}, {"lr", "0.01"}}}};

/// A directory that goes with everything in it.
class Scratch {
 public:
  Scratch() {
    auto name = (std::filesystem::temp_directory_path() / "automodel-bench-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;  // nothing to be done about what stays in a temporary directory
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class TrainComparison {
 public:
  TrainComparison(const recsys::Dataset& data, const TrainBenchOptions& options)
      : data_(data), options_(options) {}
  Result<TrainBench> run();

 private:
  struct Side {
    std::vector<double> seconds, qualities;
    std::uint64_t rows = 0;
  };
  struct Model {
    std::string name;
    recsys::Configured method;
    const TrainInputs* inputs;
    Side ours, eager;
  };
  struct Answer {
    TrainingAnswer training;  // without scores
    double quality = 0;
  };

  Result<void> prepare();
  Result<void> add_model(const std::string& name, recsys::Settings settings);
  Result<void> start_reference();
  Result<void> choose_threads(Model& model, TrainRow& row);
  Result<Answer> train_ours(const Model& model, const TrainingRequest& request);
  Result<TrainingAnswer> train_eager(const Model& model, const TrainingRequest& request);
  Result<void> measure(Model& model, TrainRow& row, std::uint64_t seed);
  Result<void> go_on(const std::string& what) const {
    if (options_.stopped && options_.stopped()) return fail("bench.interrupted", "stopped before the end");
    if (options_.progress) options_.progress(what);
    return {};
  }

  const recsys::Dataset& data_;
  const TrainBenchOptions& options_;
  Scratch scratch_;
  std::vector<float> labels_;
  recsys::Split split_;
  std::optional<recsys::FeatureEngine> features_;
  std::map<std::string, TrainInputs> inputs_;  // by kind
  std::vector<Model> models_;
  std::optional<EagerReference> eager_;
};

Result<void> TrainComparison::prepare() {
  auto labels = recsys::labels(data_, options_.label);
  if (!labels) return fail(labels.error());
  labels_ = std::move(*labels);
  auto split = recsys::split(data_, recsys::SplitKind::random, {0.8, 0.1, 0.1}, 1);
  if (!split) return fail(split.error());
  split_ = std::move(*split);
  auto features = recsys::FeatureEngine::create(data_, labels_, {}, split_.train);
  if (!features) return fail(features.error());
  features_ = std::move(*features);
  for (const auto& [name, sizes] : kModels) {
    const auto& wanted = options_.models;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (auto added = add_model(name, sizes); !added) return added;
  }
  return options_.alone ? Result<void>() : start_reference();
}

Result<void> TrainComparison::add_model(const std::string& name, recsys::Settings settings) {
  settings["batch"] = std::to_string(train_batch);
  auto method = papers::configure(name, settings);
  if (!method) return fail(method.error());
  const std::string kind = method->sources.fields ? "fields" : "histories";
  auto at = inputs_.find(kind);
  if (at == inputs_.end()) {
    auto inputs = train_inputs(data_, *features_, options_.label, labels_, split_, method->sources);
    if (!inputs) return fail(inputs.error());
    at = inputs_.emplace(kind, std::move(*inputs)).first;
  }
  models_.push_back({name, std::move(*method), &at->second, {}, {}});
  return {};
}

Result<void> TrainComparison::start_reference() {
  if (scratch_.path().empty()) return fail("bench.no_directory", "cannot make a temporary directory");
  json about = {{"batch", train_batch}, {"rates", json::object()}};
  for (const auto& model : models_) about["rates"][model.name] = std::stod(model.method.settings.at("lr"));
  for (const auto& [kind, inputs] : inputs_) {
    if (auto done = write_inputs(inputs, labels_, scratch_.path(), about); !done) return done;
  }
  if (auto done = write_text(scratch_.path() / "about.json", about.dump()); !done) return done;
  auto eager = EagerReference::start(options_.python, scratch_.path());
  if (!eager) return fail(eager.error());
  eager_.emplace(std::move(*eager));
  return {};
}

Result<TrainComparison::Answer> TrainComparison::train_ours(const Model& model,
                                                            const TrainingRequest& request) {
  recsys::TrainOptions how;
  how.method = model.name;
  how.settings = model.method.settings;
  how.program = model.method.program;
  how.sources = model.method.sources;
  how.max_epochs = request.epochs;
  how.seed = request.seed;
  how.threads = request.threads;
  auto trained = recsys::train(data_, labels_, split_, {}, *features_, options_.label, how, {});
  if (!trained) return fail(trained.error());
  Answer out;
  for (const auto& epoch : trained->epochs) out.training.seconds.push_back(epoch.training_seconds);
  out.training.rows = model.inputs->train.size();
  out.training.parameters = trained->parameters;
  auto scorer = recsys::Scorer::load(trained->checkpoint, data_, labels_, split_.train, request.threads);
  if (!scorer) return fail(scorer.error());
  if (model.inputs->kind == "histories") {
    const auto ranked = scorer->rank_catalogue(split_.test, labels_, split_.train);
    if (!ranked) return fail(ranked.error());
    out.quality = ranked->at(model.inputs->metric);
    return out;
  }
  const auto scores = scorer->score_rows(split_.test);
  if (!scores) return fail(scores.error());
  const auto quality = quality_of(*model.inputs, data_, labels_, split_, *scores);
  if (!quality) return fail(quality.error());
  out.quality = *quality;
  return out;
}

Result<TrainingAnswer> TrainComparison::train_eager(const Model& model, const TrainingRequest& request) {
  if (auto done = write_order(*model.inputs, request.seed, request.epochs, scratch_.path()); !done)
    return fail(done.error());
  return eager_->run(request);
}

/// A short trial of each number of threads.
Result<void> TrainComparison::choose_threads(Model& model, TrainRow& row) {
  const auto most = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  double best = 1e30, best_eager = 1e30;
  for (std::uint32_t threads = 1; threads <= most; threads *= 2) {
    const auto trial = train_ours(model, {model.name, threads, 1, 1, 2, 0});
    if (!trial) return fail(trial.error());
    const auto& ours = trial->training;
    row.parameters = ours.parameters;
    if (ours.seconds.back() < best) {
      best = ours.seconds.back();
      row.ours.threads = threads;
    }
    if (!eager_) continue;
    for (std::uint32_t blas = 1; blas <= most; blas *= 2) {
      const auto eager = train_eager(model, {model.name, threads, blas, 1, 2, kBatchesOfTrial});
      if (!eager) return fail(eager.error());
      if (eager->parameters != row.parameters) {
        return fail("bench.differs",
                    "the reference has " + std::to_string(eager->parameters) + " parameters, ours " +
                        std::to_string(row.parameters),
                    model.name);
      }
      if (eager->seconds.back() >= best_eager) continue;
      best_eager = eager->seconds.back();
      row.eager.threads = threads;
      row.eager.blas_threads = blas;
    }
  }
  return {};
}

Result<void> TrainComparison::measure(Model& model, TrainRow& row, std::uint64_t seed) {
  const auto add = [&](const TrainingAnswer& answer, double quality, Side& side) {
    side.seconds.insert(side.seconds.end(), answer.seconds.begin(), answer.seconds.end());
    side.qualities.push_back(quality);
    side.rows = answer.rows;
  };
  TrainingRequest request{model.name, row.ours.threads, 1, seed, options_.epochs, 0};
  const auto ours = train_ours(model, request);
  if (!ours) return fail(ours.error());
  add(ours->training, ours->quality, model.ours);
  if (!eager_) return {};
  request.threads = row.eager.threads;
  request.blas_threads = row.eager.blas_threads;
  const auto eager = train_eager(model, request);
  if (!eager) return fail(eager.error());
  const auto quality = quality_of(*model.inputs, data_, labels_, split_, eager->scores);
  if (!quality) return fail(quality.error());
  add(*eager, *quality, model.eager);
  return {};
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Result<TrainBench> TrainComparison::run() {
  TrainBench out;
  if (auto done = go_on("preparing the inputs"); !done) return fail(done.error());
  if (auto done = prepare(); !done) return fail(done.error());
  out.machine = describe_machine(std::filesystem::temp_directory_path());
  if (eager_) out.machine.versions.emplace_back("reference", eager_->version());
  out.rows = split_.train.size();
  out.test_rows = split_.test.size();
  for (auto& model : models_) {
    if (auto done = go_on("choosing threads for " + model.name); !done) return fail(done.error());
    TrainRow row;
    row.model = model.name;
    row.metric = model.inputs->metric;
    if (auto done = choose_threads(model, row); !done) return fail(done.error());
    const auto program = model.method.program(model.inputs->encoder.spec());
    if (!program) return fail(program.error());
    const auto work = recsys::count_work(*program, model.inputs->encoder.spec());
    if (!work) return fail(work.error());
    row.work = *work;
    out.models.push_back(std::move(row));
  }
  // Seeds outside, so that what disturbs the machine for a while disturbs all models and both sides.
  for (std::uint64_t seed = 1; seed <= options_.seeds; ++seed) {
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const auto what =
          "seed " + std::to_string(seed) + " of " + std::to_string(options_.seeds) + ": " + models_[i].name;
      if (auto done = go_on(what); !done) return fail(done.error());
      if (auto done = measure(models_[i], out.models[i], seed); !done) return fail(done.error());
    }
  }
  for (std::uint32_t threads = 1; threads <= out.machine.cores; threads *= 2)
    out.product_rates.emplace_back(threads, recsys::matrix_product_rate(threads));
  double logarithms = 0;
  for (std::size_t i = 0; i < models_.size(); ++i) {
    auto& row = out.models[i];
    const auto finish = [](const Side& side, TrainSide& into) {
      if (side.seconds.empty()) return;
      into.rows_per_second = static_cast<double>(side.rows) / median(side.seconds);
      into.quality = mean(side.qualities);
    };
    finish(models_[i].ours, row.ours);
    finish(models_[i].eager, row.eager);
    double rate = 0;
    for (const auto& [threads, of_threads] : out.product_rates) {
      if (threads <= row.ours.threads) rate = std::max(rate, of_threads);
    }
    row.share = rate > 0 ? row.ours.rows_per_second * (row.work.products + row.work.others) / rate : 0;
    if (eager_) logarithms += std::log(row.ratio());
  }
  if (eager_ && !models_.empty())
    out.geometric_mean = std::exp(logarithms / static_cast<double>(models_.size()));
  return out;
}

}  // namespace

const std::vector<std::string>& train_bench_models() {
  static const auto names = [] {
    std::vector<std::string> out;
    for (const auto& [name, sizes] : kModels) out.push_back(name);
    return out;
  }();
  return names;
}

Result<TrainBench> bench_train(const recsys::Dataset& data, const TrainBenchOptions& options) {
  return TrainComparison(data, options).run();
}

}  // namespace automodel::tools
