#include "tools/automodel/bench/train_bench.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "papers/methods.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/serving/scorer.hpp"
#include "recsys/training/trainer.hpp"
#include "tools/automodel/bench/eager_reference.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

constexpr std::uint32_t kBatch = 2048, kBatchesOfTrial = 6;
constexpr std::uint32_t kMostThreads = 8;

/// The sizes of the comparison: dimension 10, hidden layers 128-128-128 with dropout 0.2, three cross or
/// attention layers, 64-64 feature maps. tools/bench/eager.py has the same.
const std::vector<std::pair<std::string, recsys::Settings>> kModels = {
    {"lr", {}},
    {"fm", {{"k", "10"}}},
    {"deepfm", {{"k", "10"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}},
    {"dcnv2", {{"k", "10"}, {"L", "3"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}},
    {"autoint", {{"k", "10"}, {"L", "3"}, {"H", "2"}}},
    {"xdeepfm", {{"k", "10"}, {"T", "2"}, {"H", "64"}, {"hidden", "128,128,128"}, {"dropout", "0.2"}}}};

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
    std::vector<double> seconds, aucs;
    std::uint64_t rows = 0;
  };
  struct Model {
    std::string name;
    recsys::Configured method;
    Side ours, eager;
  };

  Result<void> prepare();
  Result<void> export_inputs(const recsys::InputEncoder& encoder);
  Result<void> choose_threads(Model& model, TrainRow& row);
  Result<TrainingAnswer> train_ours(const Model& model, const TrainingRequest& request);
  Result<void> measure(Model& model, TrainRow& row, std::uint64_t seed);
  Result<void> go_on(const std::string& what) const {
    if (options_.stopped && options_.stopped()) return fail("bench.interrupted", "stopped before the end");
    if (options_.progress) options_.progress(what);
    return {};
  }

  const recsys::Dataset& data_;
  const TrainBenchOptions& options_;
  Scratch scratch_;
  std::vector<float> labels_, test_labels_;
  recsys::Split split_;
  std::optional<recsys::FeatureEngine> features_;
  recsys::InputSpec inputs_;
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
  for (const auto row : split_.test) test_labels_.push_back(labels_[row]);
  auto features = recsys::FeatureEngine::create(data_, labels_, {}, split_.train);
  if (!features) return fail(features.error());
  features_ = std::move(*features);
  auto encoder = recsys::InputEncoder::fit(data_, *features_, options_.label, split_.train);
  if (!encoder) return fail(encoder.error());
  inputs_ = encoder->spec();
  for (const auto& [name, sizes] : kModels) {
    const auto& wanted = options_.models;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    auto settings = sizes;
    settings["batch"] = std::to_string(kBatch);
    auto method = papers::configure(name, settings);
    if (!method) return fail(method.error());
    models_.push_back({name, std::move(*method), {}, {}});
  }
  if (options_.alone) return {};
  if (scratch_.path().empty()) return fail("bench.no_directory", "cannot make a temporary directory");
  if (auto done = export_inputs(*encoder); !done) return done;
  auto eager = EagerReference::start(options_.python, scratch_.path());
  if (!eager) return fail(eager.error());
  eager_.emplace(std::move(*eager));
  return {};
}

template <class T>
void write(const std::filesystem::path& file, const std::vector<T>& values) {
  std::ofstream out(file, std::ios::binary);
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
  out.close();
}

/// So that both sides read the same numbers.
Result<void> TrainComparison::export_inputs(const recsys::InputEncoder& encoder) try {
  const auto& directory = scratch_.path();
  json about = {{"values", inputs_.table_rows}, {"singles", inputs_.singles()}, {"bags", inputs_.bags()},
                {"longest", inputs_.max_bag},   {"denses", inputs_.denses()},   {"batch", kBatch},
                {"train", split_.train.size()}, {"test", split_.test.size()},   {"unknown", json::array()},
                {"rates", json::object()}};
  for (const auto& field : inputs_.fields) {
    if (field.kind != recsys::Field::Kind::dense) about["unknown"].push_back(field.offset);
  }
  for (const auto& model : models_) about["rates"][model.name] = std::stod(model.method.settings.at("lr"));
  const std::string text = about.dump();
  write(directory / "about.json", std::vector<char>(text.begin(), text.end()));
  recsys::Batch batch;
  for (const auto& [name, rows] : {std::pair{"train", &split_.train}, std::pair{"test", &split_.test}}) {
    encoder.encode(*rows, labels_, batch);
    const auto part = (directory / name).string();
    write(part + ".singles", batch.singles);
    write(part + ".bags", batch.bags);
    write(part + ".dense", batch.dense);
    write(part + ".labels", batch.labels);
  }
  return {};
} catch (const std::ios_base::failure& error) {
  return fail("bench.no_directory", std::string("cannot write the inputs: ") + error.what(),
              scratch_.path().string());
}

Result<TrainingAnswer> TrainComparison::train_ours(const Model& model, const TrainingRequest& request) {
  recsys::TrainOptions how;
  how.method = model.name;
  how.settings = model.method.settings;
  how.program = model.method.program;
  how.max_epochs = request.epochs;
  how.seed = request.seed;
  how.threads = request.threads;
  auto trained = recsys::train(data_, labels_, split_, {}, *features_, options_.label, how, {});
  if (!trained) return fail(trained.error());
  TrainingAnswer out;
  for (const auto& epoch : trained->epochs) out.seconds.push_back(epoch.training_seconds);
  out.rows = split_.train.size();
  out.parameters = trained->parameters;
  auto scorer = recsys::Scorer::load(trained->checkpoint, data_, labels_, split_.train, request.threads);
  if (!scorer) return fail(scorer.error());
  auto scores = scorer->score_rows(split_.test);
  if (!scores) return fail(scores.error());
  out.scores = std::move(*scores);
  return out;
}

/// A short trial of each number of threads.
Result<void> TrainComparison::choose_threads(Model& model, TrainRow& row) {
  const auto most = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  double best = 1e30, best_eager = 1e30;
  for (std::uint32_t threads = 1; threads <= most; threads *= 2) {
    const auto ours = train_ours(model, {model.name, threads, 1, 1, 2, 0});
    if (!ours) return fail(ours.error());
    row.parameters = ours->parameters;
    if (ours->seconds.back() < best) {
      best = ours->seconds.back();
      row.ours.threads = threads;
    }
    if (!eager_) continue;
    for (std::uint32_t blas = 1; blas <= most; blas *= 2) {
      const auto eager = eager_->run({model.name, threads, blas, 1, 2, kBatchesOfTrial});
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
  const auto add = [&](const TrainingAnswer& answer, Side& side) {
    side.seconds.insert(side.seconds.end(), answer.seconds.begin(), answer.seconds.end());
    side.aucs.push_back(recsys::auc(answer.scores, test_labels_));
    side.rows = answer.rows;
  };
  TrainingRequest request{model.name, row.ours.threads, 1, seed, options_.epochs, 0};
  const auto ours = train_ours(model, request);
  if (!ours) return fail(ours.error());
  add(*ours, model.ours);
  if (!eager_) return {};
  request.threads = row.eager.threads;
  request.blas_threads = row.eager.blas_threads;
  const auto eager = eager_->run(request);
  if (!eager) return fail(eager.error());
  if (eager->scores.size() != test_labels_.size())
    return fail("bench.reference_failed", "it scored other rows", model.name);
  add(*eager, model.eager);
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
    if (auto done = choose_threads(model, row); !done) return fail(done.error());
    const auto program = model.method.program(inputs_);
    if (!program) return fail(program.error());
    const auto work = recsys::count_work(*program, inputs_);
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
      into.auc = mean(side.aucs);
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

json json_of(const TrainSide& side) {
  return {{"rows_per_second", side.rows_per_second},
          {"auc", side.auc},
          {"threads", side.threads},
          {"blas_threads", side.blas_threads}};
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

void print(const TrainBench& bench, const TrainBenchOptions& options, bool in_json) {
  if (in_json) {
    json models = json::array(), rates = json::object();
    for (const auto& row : bench.models) {
      json one = {{"model", row.model},
                  {"ours", json_of(row.ours)},
                  {"parameters", row.parameters},
                  {"product_arithmetic_per_row", row.work.products},
                  {"other_arithmetic_per_row", row.work.others},
                  {"bytes_per_row", row.work.bytes},
                  {"share_of_product_rate", row.share}};
      if (!options.alone) one["eager"] = json_of(row.eager), one["ratio"] = row.ratio();
      models.push_back(std::move(one));
    }
    for (const auto& [threads, rate] : bench.product_rates) rates[std::to_string(threads)] = rate;
    json out = {{"bench", "train"},         {"machine", json::parse(machine_json(bench.machine))},
                {"models", models},         {"product_rates", rates},
                {"rows", bench.rows},       {"test_rows", bench.test_rows},
                {"epochs", options.epochs}, {"seeds", options.seeds}};
    if (!options.alone) out["geometric_mean"] = bench.geometric_mean;
    std::cout << out.dump() << '\n';
    return;
  }
  print_machine(bench.machine);
  std::cout << "matrix products:";
  for (const auto& [threads, rate] : bench.product_rates)
    std::cout << ' ' << fixed(rate / 1e9, 0) << " GFLOP/s with " << threads
              << (threads == 1 ? " thread" : " threads");
  std::cout << '\n'
            << grouped(bench.rows) << " rows to train, " << grouped(bench.test_rows) << " to test, batch "
            << kBatch << ", " << options.epochs << " epochs, " << options.seeds << " seeds\n\n";
  std::vector<std::vector<std::string>> table = {{"model", "rows/s", "threads", "eager", "threads", "ratio",
                                                  "AUC", "eager", "parameters", "kFLOP/row", "kB/row",
                                                  "share"}};
  const auto thousands = [](double value) { return fixed(value / 1000, 1); };
  for (const auto& row : bench.models) {
    const bool eager = !options.alone;
    table.push_back(
        {row.model, grouped(static_cast<std::uint64_t>(row.ours.rows_per_second)),
         std::to_string(row.ours.threads),
         eager ? grouped(static_cast<std::uint64_t>(row.eager.rows_per_second)) : "-",
         eager ? std::to_string(row.eager.threads) + "+" + std::to_string(row.eager.blas_threads) : "-",
         eager ? fixed(row.ratio(), 2) : "-", fixed(row.ours.auc, 4), eager ? fixed(row.eager.auc, 4) : "-",
         grouped(row.parameters), thousands(row.work.products + row.work.others), thousands(row.work.bytes),
         fixed(100 * row.share, 0) + " %"});
  }
  std::cout << table_text(table);
  if (!options.alone)
    std::cout << "\ngeometric mean of the ratios: " << fixed(bench.geometric_mean, 2) << '\n';
}

}  // namespace automodel::tools
