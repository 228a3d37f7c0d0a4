// automodel train: one configuration on one data set, without a store.
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>

#include "actors/session/goal_text.hpp"
#include "events/codec.hpp"
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
#include "tools/automodel/train_group.hpp"

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
  // Processes that train together
  std::uint32_t workers = 0;  // 0: this one alone
  std::optional<std::uint32_t> rank;
  std::string meet;
  std::uint32_t wait = 300;  // seconds
  // Of one of them: see worker_flags
  struct Worker {
    std::optional<std::uint32_t> rank;
    std::uint64_t round = 0;
    std::string directory;
    pid_t parent = 0;
  } worker;
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

Result<recsys::Dataset> open_data(const Program& program, const Options& options) {
  return open_or_import(program.settings.data_dir, options.data, [](const recsys::ImportReport& report) {
    std::cerr << "imported " << report.name << " from " << report.format << '\n';
  });
}

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
  auto data = open_data(program, options);
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
            << table_text(rows) << grouped(trained.parameters) << " parameters, "
            << (trained.last_epoch > trained.epochs.size() ? "the last " : "") << trained.epochs.size()
            << " epochs in " << fixed(trained.seconds, 1) << " s, "
            << grouped(static_cast<std::uint64_t>(rate)) << " rows a second\n";
}

void print_task(const Options& options, const Task& task) {
  std::cout << options.method << " on " << task.data.name() << ": " << grouped(task.split.train.size())
            << " rows to train, " << grouped(task.split.validation().size()) << " to validate, "
            << grouped(task.split.test.size()) << " to test\n";
}

/// Measures what was trained on the test slice, and prints both.
Result<void> finish(const Program& program, const Options& options, const Task& task,
                    const recsys::Trained& trained) {
  auto test = test_metrics(task, trained);
  if (!test) return fail(test.error());
  const double rate = trained.seconds > 0 ? static_cast<double>(trained.rows) / trained.seconds : 0;
  if (!program.json) {
    print_result(trained, *test, rate);
    return {};
  }
  const auto bytes = std::as_bytes(std::span(trained.checkpoint));
  json valid = trained.best, measured = *test, settings = task.options.settings;
  print_json({{"trial", options.method + "/" + std::to_string(options.seed)},
              {"method", options.method},
              {"settings", settings},
              {"features", options.features},
              {"parameters", trained.parameters},
              {"model", events::hex(events::blake2b(
                            {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}))},
              {"epochs", trained.last_epoch},
              {"seconds", trained.seconds},
              {"rows_per_second", rate},
              {"valid", valid},
              {"test", measured}});
  return {};
}

Result<recsys::Trained> train_task(const Program& program, const Task& task,
                                   const std::function<bool(const recsys::EpochReport&)>& on_epoch) {
  return recsys::train(task.data, task.labels, task.split, task.split.validation(), task.features,
                       program.settings.label, task.options, on_epoch);
}

Result<int> train_alone(const Program& program, const Options& options) {
  auto task = prepare(program, options);
  if (!task) return fail(task.error());
  if (!program.json) print_task(options, *task);
  Interrupt interrupt;
  auto trained = train_task(program, *task, [&](const recsys::EpochReport& report) {
    if (!program.json) print_epoch(report);
    return interrupt.count() == 0;
  });
  if (!trained) return fail(trained.error());
  if (auto done = finish(program, options, *task, *trained); !done) return fail(done.error());
  return 0;
}

Result<recsys::Meeting> meeting_of(const Options& options) {
  recsys::Meeting out;
  if (options.rank) {
    auto parsed = parse_meeting(options.meet);
    if (!parsed) return fail(parsed.error());
    out = *parsed;
  } else {
    out.file = options.worker.directory + "/meeting-" + std::to_string(options.worker.round);
  }
  out.round = options.worker.round;
  return out;
}

/// Ends this worker as a process alone would end that writes to a reader who has gone: its parent knows that.
void end_without_reader() {
  if (std::cout) return;
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

/// One of several processes: rank 0 prints for all, as a process alone does.
Result<void> train_together(const Program& program, const Options& options, const Workplace& place) {
  const auto rank = *options.worker.rank;
  auto task = prepare(program, options);
  if (!task) return fail(task.error());
  auto meeting = meeting_of(options);
  if (!meeting) return fail(meeting.error());
  auto state = place.state();
  if (!state) return fail(state.error());
  const bool talks = rank == 0 && !program.json;
  if (talks && state->empty()) print_task(options, *task);
  Interrupt interrupt;
  if (options.rank && rank == 0 && options.workers > 1)
    std::cerr << "waiting for the other workers, at most " << options.wait << " s" << std::endl;
  auto group = recsys::join(*meeting, rank, options.workers, std::chrono::seconds(options.wait));
  if (!group) return fail(group.error());
  task->options.group = group->get();
  task->options.resume = std::move(*state);
  task->options.keep = [&](const std::string& bytes) { return place.keep(bytes); };
  Result<void> noted;
  auto trained = train_task(program, *task, [&](const recsys::EpochReport& report) {
    if (talks) print_epoch(report);
    end_without_reader();
    if (options.rank && rank > 0) std::cerr << "epoch " << report.epoch << std::endl;
    if (options.rank || rank == 0) noted = place.finished(report.epoch);  // each parent's first worker
    return noted && interrupt.count() == 0;
  });
  if (!trained) return fail(trained.error());
  if (!noted) return noted;
  const auto done = rank == 0 ? finish(program, options, *task, *trained) : Result<void>();
  std::cout.flush();
  end_without_reader();
  return recsys::agree(**group, done);  // nobody leaves before the result is there
}

/// What went wrong is left for the parent, which prints it.
int be_worker(const Program& program, const Options& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != options.worker.parent) return 0;  // it ended before the line above
  const Workplace place(options.worker.directory);
  const auto done = train_together(program, options, place);
  if (done) return 0;
  constexpr int kFailed = 3;
  if (auto left = place.failed(*options.worker.rank, done.error()); !left) print_error(left.error(), false);
  return kFailed;
}

/// What every worker would find wrong is found once, before they start.
Result<void> check_group(const Program& program, const Options& options) {
  if (options.rank && options.meet.empty())
    return fail("usage.meet", "--rank without --meet", "--rank",
                "say where the workers meet: --meet HOST:PORT");
  if (!options.rank && !options.meet.empty())
    return fail("usage.rank", "--meet without --rank", "--meet",
                "say which worker this computer has: --rank 0 at HOST, then 1, 2, …");
  if (options.rank && options.workers == 0)
    return fail("usage.workers", "--rank without --workers", "--rank", "say how many there are: --workers N");
  if (options.rank && *options.rank >= options.workers)
    return fail("usage.rank", "there is no worker " + std::to_string(*options.rank), "--rank",
                "with --workers " + std::to_string(options.workers) + " ranks are 0 to " +
                    std::to_string(options.workers - 1));
  auto method = configure(program, options);
  if (!method) return fail(method.error());
  if (!method->program)
    return fail("training.not_together",
                options.method + " is counted by one process, not trained by several", "--workers",
                "train it without --workers");
  if (auto data = open_data(program, options); !data) return fail(data.error());
  return {};
}

Result<int> train(const Program& program, const Options& options) {
  if (options.worker.rank) return be_worker(program, options);
  if (options.workers == 0 && !options.rank && options.meet.empty()) return train_alone(program, options);
  if (auto good = check_group(program, options); !good) return fail(good.error());
  GroupOptions group{program.arguments,
                     options.workers,
                     std::max(1U, program.settings.threads),
                     options.rank,
                     {},
                     std::chrono::seconds(options.wait)};
  if (options.rank) {
    auto meeting = parse_meeting(options.meet);
    if (!meeting) return fail(meeting.error());
    group.meeting = *meeting;
  }
  return supervise(group);
}

/// For workers: no person gives these.
void add_worker_flags(CLI::App& command, Options::Worker& worker) {
  command.add_option("--worker-rank", worker.rank)->group("");
  command.add_option("--worker-round", worker.round)->group("");
  command.add_option("--worker-directory", worker.directory)->group("");
  command.add_option("--worker-parent", worker.parent)->group("");
}

}  // namespace

void add_train(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, program, "train", "train one method and measure it on the test slice",
      "  automodel train --method deepfm --data movielens --epochs 8\n"
      "  automodel train --method lr --data movielens --feature 'mean(label | item)' --feature "
      "'count(user)'\n"
      "  automodel train --method deepfm --data ml-100k --split random --ratios 0.8,0.1,0.1 \\\n"
      "      --label 'rating>=4' --epochs 8 --batch 2048 --set dropout=0.1 --json\n"
      "  automodel train --method deepfm --data movielens --workers 4\n"
      "  automodel train --method deepfm --data movielens --workers 2 --rank 0 --meet 10.0.0.1:29500",
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
  command->add_option("--threads", program.settings.threads, "of training, in each process")
      ->capture_default_str();
  command
      ->add_option(
          "--workers", options->workers,
          "train in so many processes, each with its part of every batch; one that dies is started again")
      ->check(CLI::Range(1, 256));
  command->add_option(
      "--rank", options->rank,
      "which of the workers this computer has, from 0: run the same command on each, with its rank");
  command->add_option("--meet", options->meet,
                      "HOST:PORT of worker 0, where those on several computers meet");
  command->add_option("--wait", options->wait, "seconds to wait for the other computers")
      ->capture_default_str()
      ->check(CLI::Range(1, 86400));
  add_worker_flags(*command, options->worker);
}

}  // namespace automodel::tools
