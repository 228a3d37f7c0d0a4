// automodel train: one configuration on one data set, without a store.
#include <chrono>
#include <iostream>

#include "actors/session/goal_text.hpp"
#include "papers/methods.hpp"
#include "recsys/serving/scorer.hpp"
#include "recsys/training/trainer.hpp"
#include "tools/automodel/added_cards.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/live_view.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

struct Options {
  std::string method;
  std::string data;
  std::string metric;
  std::vector<std::string> features;
  std::vector<std::string> settings;
  std::string dim, lr, batch;
  std::uint32_t epochs = 8;
  std::uint32_t patience = 2;
  std::uint64_t seed = 1;
};

/// Where a ranking of the whole catalogue is, if it takes long.
recsys::OnRanked show_ranking() {
  return [line = std::make_shared<std::optional<ProgressLine>>()](std::size_t done, std::size_t total) {
    if (!*line) line->emplace();
    (*line)->watch()({"ranking the catalogue for", done, total, "held-out rows"});
    if (done == total) line->reset();
  };
}

Result<recsys::Configured> configure(const Program& program, const Options& options) {
  recsys::Settings given;
  for (const std::string& text : options.settings) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail("usage.set", "'" + text + "' is not NAME=VALUE", "--set", "for example --set dropout=0.1");
    given[text.substr(0, equals)] = text.substr(equals + 1);
  }
  const std::pair<const char*, const std::string*> flags[] = {
      {"dim", &options.dim}, {"lr", &options.lr}, {"batch", &options.batch}};
  for (const auto& [name, value] : flags)
    if (!value->empty()) given[name] = *value;
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  return papers::configure(options.method, given, *cards);
}

/// Everything that training reads, checked before it starts.
struct Task {
  recsys::Dataset data;
  std::vector<float> labels;
  recsys::Split split;
  recsys::FeatureEngine features;
  recsys::TrainOptions options;
};

Result<Task> prepare(const Program& program, const Options& options) {
  const Settings& defaults = program.settings;
  auto method = configure(program, options);
  if (!method) return fail(method.error());
  if (!options.metric.empty()) {
    if (auto known = recsys::higher_is_better(options.metric, recsys::Known::catalogue_too); !known)
      return fail(known.error());
  }
  auto ratios = actors::parse_ratios(defaults.ratios);
  if (!ratios) return fail(ratios.error());
  auto kind = recsys::split_kind(defaults.split);
  if (!kind) return fail(kind.error());
  auto data = open_or_import(defaults.data_dir, options.data, [](const recsys::ImportReport& report) {
    std::cerr << "imported " << report.name << " from " << report.format << '\n';
  });
  if (!data) return fail(data.error());
  auto labels = recsys::labels(*data, defaults.label);
  if (!labels) return fail(labels.error());
  auto split = recsys::split(*data, *kind, *ratios, options.seed);
  if (!split) return fail(split.error());
  auto features = recsys::FeatureEngine::create(*data, *labels, options.features, split->train);
  if (!features) return fail(features.error());
  recsys::TrainOptions how;
  how.method = options.method;
  how.settings = std::move(method->settings);
  how.program = std::move(method->program);
  how.sources = method->sources;
  how.max_epochs = options.epochs;
  how.patience = options.patience;
  how.metric = options.metric;
  how.seed = options.seed;
  how.max_parameters = defaults.max_parameters;
  how.on_ranked = show_ranking();
  how.threads = std::max<std::uint32_t>(1, defaults.threads);
  return Task{std::move(*data), std::move(*labels), std::move(*split), std::move(*features), std::move(how)};
}

Result<recsys::Metrics> test_metrics(const Task& task, const recsys::Trained& trained) {
  auto scorer = recsys::Scorer::load(trained.checkpoint, task.data, task.labels, task.split.train,
                                     task.options.threads);
  if (!scorer) return fail(scorer.error());
  auto scores = scorer->score_rows(task.split.test);
  if (!scores) return fail(scores.error());
  std::vector<float> labels;
  std::vector<std::uint32_t> users;
  for (const std::uint32_t row : task.split.test) {
    labels.push_back(task.labels[row]);
    users.push_back(task.data.user()[row]);
  }
  auto out = recsys::evaluate(*scores, labels, users);
  auto ranked =
      scorer->rank_catalogue(task.split.test, task.labels, task.split.train, task.options.on_ranked);
  if (!ranked) return fail(ranked.error());
  out.merge(*ranked);
  return out;
}

void print_epoch(const recsys::EpochReport& report) {
  std::cout << "epoch " << pad_left(std::to_string(report.epoch), 3) << "  loss "
            << fixed(report.train_loss, 4);
  for (const char* name : {"auc", "logloss", "ndcg10", "catalogue_ndcg10"})
    if (const auto at = report.metrics.find(name); at != report.metrics.end())
      std::cout << "  " << name << " " << fixed(at->second, 4);
  std::cout << "  " << fixed(report.seconds, 1) << " s" << std::endl;
}

void print_result(const recsys::Trained& trained, const recsys::Metrics& test, double rate) {
  std::vector<std::vector<std::string>> rows = {{"metric", "validation (best epoch)", "test"}};
  for (const auto& [name, value] : test) {
    const auto at = trained.best.find(name);
    rows.push_back({name, at == trained.best.end() ? "-" : fixed(at->second, 4), fixed(value, 4)});
  }
  std::cout << '\n'
            << table_text(rows) << grouped(trained.parameters) << " parameters, " << trained.epochs.size()
            << " epochs in " << fixed(trained.seconds, 1) << " s, "
            << grouped(static_cast<std::uint64_t>(rate)) << " rows a second\n";
}

Result<int> train(const Program& program, const Options& options) {
  auto task = prepare(program, options);
  if (!task) return fail(task.error());
  if (!program.json)
    std::cout << options.method << " on " << task->data.name() << ": " << grouped(task->split.train.size())
              << " rows to train, " << grouped(task->split.validation().size()) << " to validate, "
              << grouped(task->split.test.size()) << " to test\n";
  Interrupt interrupt;
  auto trained =
      recsys::train(task->data, task->labels, task->split, task->split.validation(), task->features,
                    program.settings.label, task->options, [&](const recsys::EpochReport& report) {
                      if (!program.json) print_epoch(report);
                      return interrupt.count() == 0;
                    });
  if (!trained) return fail(trained.error());
  auto test = test_metrics(*task, *trained);
  if (!test) return fail(test.error());
  const double rate = trained->seconds > 0 ? static_cast<double>(trained->rows) / trained->seconds : 0;
  if (!program.json) {
    print_result(*trained, *test, rate);
    return 0;
  }
  json valid = trained->best, measured = *test, settings = task->options.settings;
  print_json({{"trial", options.method + "/" + std::to_string(options.seed)},
              {"method", options.method},
              {"settings", settings},
              {"features", options.features},
              {"parameters", trained->parameters},
              {"epochs", trained->epochs.size()},
              {"seconds", trained->seconds},
              {"rows_per_second", rate},
              {"valid", valid},
              {"test", measured}});
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, program, "train", "train one method and measure it on the test slice",
                  "  automodel train --method deepfm --data movielens --epochs 8\n"
                  "  automodel train --method lr --data movielens --feature 'mean(label | item)' --feature "
                  "'count(user)'\n"
                  "  automodel train --method deepfm --data ml-100k --split random --ratios 0.8,0.1,0.1 \\\n"
                  "      --label 'rating>=4' --epochs 8 --batch 2048 --set dropout=0.1 --json",
                  [&program, options] { return train(program, *options); });
  command->add_option("--method", options->method, "of the library (automodel paper list), a card's file (*.md), popularity, itemknn or ease")
      ->required();
  command->add_option("--data", options->data, "name of a data set, or path of one to import")->required();
  command->add_option("--split", program.settings.split, "temporal, random, leave-last-out")
      ->capture_default_str();
  command->add_option("--ratios", program.settings.ratios, "train, validation, test")->capture_default_str();
  command->add_option("--label", program.settings.label, "what makes a row positive")->capture_default_str();
  command->add_option("--metric", options->metric,
                      "of early stopping (default: auc; catalogue_ndcg10 for methods that learn a ranking)");
  command->add_option("--epochs", options->epochs, "at most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command->add_option("--patience", options->patience, "epochs without improvement before it stops")
      ->capture_default_str();
  command
      ->add_option("--max-parameters", program.settings.max_parameters,
                   "refuse a model with more; 0: no limit")
      ->capture_default_str();
  command->add_option("--batch", options->batch, "rows in a mini-batch");
  command->add_option("--lr", options->lr, "learning rate of Adam");
  command->add_option("--dim", options->dim, "length of an embedding");
  command->add_option("--set", options->settings,
                      "any other setting of the method, NAME=VALUE; may be repeated");
  command->add_option("--feature,--features", options->features, "a feature's expression; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--seed", options->seed, "of every random choice")->capture_default_str();
  command->add_option("--threads", program.settings.threads, "of training")->capture_default_str();
}

}  // namespace automodel::tools
