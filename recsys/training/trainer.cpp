#include "recsys/training/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "recsys/models/checkpoint.hpp"
#include "recsys/models/counted.hpp"
#include "recsys/models/inference.hpp"
#include "recsys/models/threads.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/loop.hpp"
#include "recsys/training/random.hpp"
#include "recsys/training/together.hpp"
#include "recsys/training/validation.hpp"

namespace automodel::recsys {
namespace {

using Clock = std::chrono::steady_clock;
using OnEpoch = std::function<bool(const EpochReport&)>;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The task as the caller gave it.
struct Task {
  const Dataset& data;
  std::span<const float> labels;
  std::span<const std::uint32_t> train;
  Validation& validation;
  const FeatureEngine& features;
  std::string_view label;
  const TrainOptions& options;
  Settings settings;   // complete
  std::string metric;  // of early stopping
  bool higher_is_better;
};

/// Errors of the model are errors of its training here.
Error as_training(Error error) {
  if (error.code == "models.out_of_memory") error.code = "training.out_of_memory";
  if (error.code == "models.failed") error.code = "training.failed";
  return error;
}

Result<void> check_size(const Task& task, std::uint64_t parameters) {
  const auto most = task.options.max_parameters;
  if (most == 0 || parameters <= most) return {};
  return fail("training.too_many_parameters",
              task.options.method + " would have " + std::to_string(parameters) +
                  " parameters here, more than the " + std::to_string(most) + " that are allowed",
              task.data.name(), "raise the limit, or try a smaller dim");
}

Checkpoint head_of(const Task& task) {
  Checkpoint out;
  out.method = task.options.method;
  out.settings = task.settings;
  out.label = task.label;
  out.description = task.options.description;
  for (const auto& column : task.features.columns()) out.features.push_back(column.expression);
  return out;
}

/// Early stopping: the best epoch so far, and for how long there has been no better one.
struct Best {
  std::uint32_t epoch = 0, stale = 0;
  double value = 0;
  Metrics metrics;
  std::string checkpoint;

  bool improves(const Task& task, const Metrics& now) const {
    if (epoch == 0 || task.validation.rows().empty()) return true;
    const double candidate = now.at(task.metric);
    return task.higher_is_better ? candidate > value : candidate < value;
  }
};

Checkpoint model_of(const Task& task, const InputSpec& inputs, const Program& program, const Net& net) {
  auto out = head_of(task);
  out.inputs = inputs;
  out.program = program;
  if (!program.sources.fields) out.features.clear();  // serving need not compute them
  store_parameters(net, out.tensors);
  return out;
}

std::string resume_bytes(const Task& task, Checkpoint model, const Net& net, Loop& loop, const Best& best,
                         std::uint32_t epoch) {
  auto& out = model;
  out.kind = "resume";
  out.state =
      nlohmann::json{{"epoch", epoch},           {"steps", loop.steps},          {"seed", task.options.seed},
                     {"best_epoch", best.epoch}, {"best_value", best.value},     {"stale", best.stale},
                     {"best", best.metrics},     {"metric", task.metric}}
          .dump();
  for (std::size_t i = 0; i < loop.moments().size(); ++i) {
    const auto& name = net.parameters()[i].name;
    out.tensors.push_back(store("adam.first." + name, loop.moments()[i].first));
    out.tensors.push_back(store("adam.second." + name, loop.moments()[i].second));
  }
  out.tensors.push_back(store("best.checkpoint", best.checkpoint));
  return write_checkpoint(out);
}

tl::unexpected<Error> bad_resume(std::string why) {
  return fail("training.bad_resume", "cannot go on from these bytes: " + std::move(why), {},
              "begin this training anew");
}

/// Gives the last epoch that was finished.
Result<std::uint32_t> restore(const Task& task, const std::string& resume, const Program& program,
                              const InputSpec& inputs, Net& net, Loop& loop, Best& best) {
  const auto saved = read_checkpoint(resume);
  if (!saved) return bad_resume(saved.error().message);
  if (saved->kind != "resume") return bad_resume("they are a finished model");
  if (saved->method != task.options.method || saved->settings != task.settings) {
    return bad_resume("method or settings differ");
  }
  if (saved->inputs.to_json() != inputs.to_json() || saved->inputs.graph != inputs.graph)
    return bad_resume("data or features differ");
  if (saved->program != program) return bad_resume("the method's program differs");
  if (auto same = check_parameters(*saved); !same) return bad_resume(same.error().message);
  std::uint32_t epoch = 0;
  try {
    const auto state = nlohmann::json::parse(saved->state);
    if (state.at("seed") != task.options.seed) return bad_resume("the seed differs");
    if (state.at("metric") != task.metric) return bad_resume("the metric differs");
    state.at("epoch").get_to(epoch);
    state.at("steps").get_to(loop.steps);
    state.at("best_epoch").get_to(best.epoch);
    state.at("best_value").get_to(best.value);
    state.at("stale").get_to(best.stale);
    state.at("best").get_to(best.metrics);
  } catch (const nlohmann::json::exception& e) {
    return bad_resume(e.what());
  }
  for (std::size_t i = 0; i < loop.moments().size(); ++i) {
    const auto& name = net.parameters()[i].name;
    if (!load_values(*saved, "adam.first." + name, loop.moments()[i].first) ||
        !load_values(*saved, "adam.second." + name, loop.moments()[i].second)) {
      return bad_resume("the optimiser's state is missing");
    }
  }
  const auto* checkpoint = saved->find("best.checkpoint");
  if (!checkpoint) return bad_resume("the best epoch is missing");
  best.checkpoint = checkpoint->bytes;
  load_parameters(*saved, net);
  return epoch;
}

/// Settles the metric of early stopping, which must be one that the model will have. What a method that ranks
/// learns hardly shows in the order of the rows of the slice: it stops by what it finds among all items.
Result<void> choose_metric(Task& task, bool ranks) {
  task.metric = task.options.metric;
  if (task.metric.empty()) task.metric = ranks ? "catalogue_ndcg10" : "auc";
  const auto higher = higher_is_better(task.metric, Known::catalogue_too);
  if (!higher) return fail(higher.error());
  task.higher_is_better = *higher;
  if (ranks || higher_is_better(task.metric)) return {};
  return fail("evaluation.unknown_metric",
              task.options.method + " does not rank the catalogue: it has no " + task.metric, {},
              "only methods that learn a ranking have it; auc, logloss and ndcg10 all have");
}

Result<Metrics> measure(const Task& task, const Net& net, const InputEncoder& encoder, bool ranks) {
  const auto scores = score_rows(net, encoder, task.validation.rows());
  if (!scores) return fail(scores.error());
  return task.validation.measure(*scores, ranks ? catalogue_scores(net, encoder) : ScoreCatalogue{},
                                 task.options.on_ranked);
}

Result<void> check_program(const Task& task, const Program& program, const InputSpec& inputs) {
  for (const auto& look_up : program.look_ups) {
    if (look_up.int8)
      return fail("models.bad_program", "'" + look_up.name + "' is int8: that is not trained");
  }
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  return check_size(task, assembled->values());
}

/// What is trained, and with what. Its parts refer to each other.
struct Trainee {
  InputEncoder encoder;
  Program program;
  Net net;
  std::optional<Batches> batches = {};
  std::optional<Workers> workers = {};
  std::optional<Loop> loop = {};
};

Result<std::unique_ptr<Trainee>> prepare(Task& task) {
  const auto& options = task.options;
  auto encoder = InputEncoder::fit(task.data, task.features, task.label, task.train, options.sources);
  if (!encoder) return fail(encoder.error());
  if (options.sources.graph) encoder->fit_graph(task.labels, task.train);
  auto program = options.program(encoder->spec());
  if (!program) return fail(program.error());
  if (auto good = choose_metric(task, program->ranks()); !good) return fail(good.error());
  if (auto good = check_program(task, *program, encoder->spec()); !good) return fail(good.error());
  auto net = Net::compile(*program, encoder->spec(), options.threads);
  if (!net) return fail(net.error());
  std::unique_ptr<Trainee> out(new Trainee{std::move(*encoder), std::move(*program), std::move(*net)});
  const auto& inputs = out->encoder.spec();
  initialise(out->net, inputs, options.seed);
  out->batches.emplace(out->encoder, task.data, task.labels, task.train, task.settings, out->program);
  if (out->batches->size() == 0)
    return fail("training.no_rows", "there are no positive rows to learn a ranking from", task.data.name());
  auto workers =
      Workers::make(out->program, inputs, out->net, options.threads,
                    static_cast<float>(number(task.settings, "l2")), Workers::kLazyFrom, options.group);
  if (!workers) return fail(workers.error());
  out->workers.emplace(std::move(*workers));
  out->loop.emplace(out->net, *out->workers, *out->batches, task.settings, options.seed);
  return out;
}

template <class T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values));
}

/// Processes that would not train the same must not train together.
Result<void> compare_tasks(const Task& task, const Result<std::unique_ptr<Trainee>>& trainee) {
  auto* const group = task.options.group;
  if (!trainee || !group) {
    const auto well = trainee ? Result<void>() : fail(trainee.error());
    return !group ? well : agree(*group, well);
  }
  if (auto all = agree(*group, {}); !all) return all;
  const auto method = (*trainee)->program.to_json() + nlohmann::json(task.settings).dump();
  const auto inputs = (*trainee)->encoder.spec().to_json();
  const std::uint64_t numbers[] = {task.options.seed, task.options.max_epochs, task.options.patience,
                                   task.options.threads};
  const std::pair<const char*, std::span<const std::byte>> parts[] = {
      {"the training rows", bytes_of(task.train)},
      {"the labels", bytes_of(task.labels)},
      {"the inputs", bytes_of(inputs)},
      {"the method", bytes_of(method)},
      {"the metric", bytes_of(task.metric)},
      {"one of seed, epochs, patience and threads", bytes_of(numbers)}};
  for (const auto& [what, bytes] : parts)
    if (auto same = compare(*group, what, {&bytes, 1}); !same) return same;
  return {};
}

Result<Trained> train_net(Task& task, const OnEpoch& on_epoch) {
  const auto start = Clock::now();
  const auto trainee = prepare(task);
  if (auto same = compare_tasks(task, trainee); !same) return fail(same.error());
  auto& [encoder, program, net, batches, workers, loop] = **trainee;
  auto* const group = task.options.group;
  const bool first = !group || group->rank() == 0;  // of all processes: it keeps and measures
  const auto state = [&, &of = **trainee](const Best& best, std::uint32_t epoch) {
    return resume_bytes(task, model_of(task, of.encoder.spec(), of.program, of.net), of.net, *of.loop, best,
                        epoch);
  };

  Trained out;
  Best best;
  std::uint32_t epoch = 0;
  std::string resume = task.options.resume;
  if (group)
    if (auto sent = group->broadcast(resume); !sent) return fail(sent.error());
  if (!resume.empty()) {
    const auto last = restore(task, resume, program, encoder.spec(), net, *loop, best);
    if (!last) return fail(last.error());
    epoch = *last;
  }
  for (std::size_t i = 0; i < net.parameters().size(); ++i) out.parameters += net.values(i).size();
  while (epoch < task.options.max_epochs &&
         (epoch == 0 || best.stale < std::max(1U, task.options.patience))) {
    const auto epoch_start = Clock::now();
    make_threads(1);  // of each worker; scoring uses LibTorch's own
    const auto loss = loop->epoch(++epoch);
    make_threads(task.options.threads);
    if (!loss) return fail(loss.error());
    if (auto same = compare_weights(group, net, epoch); !same) return fail(same.error());
    const double training_seconds = since(epoch_start);
    const auto metrics = measured_by_first(
        group, [&, &of = **trainee] { return measure(task, of.net, of.encoder, of.program.ranks()); });
    if (!metrics) return fail(metrics.error());
    ++best.stale;
    if (best.improves(task, *metrics)) {
      best = {epoch, 0, metrics->at(task.metric), *metrics,
              first ? write_checkpoint(model_of(task, encoder.spec(), program, net)) : std::string()};
    }
    out.rows += batches->size();
    out.epochs.push_back({epoch, *loss, *metrics, since(epoch_start), training_seconds});
    const auto kept = first && task.options.keep ? task.options.keep(state(best, epoch)) : Result<void>();
    const auto go_on = all_go_on(group, kept, on_epoch(out.epochs.back()));
    if (!go_on) return fail(go_on.error());
    if (!*go_on) {
      out.stopped = true;
      break;
    }
  }
  out.last_epoch = epoch;
  out.best = best.metrics;
  if (first) {
    out.resume = state(best, epoch);
    out.checkpoint = std::move(best.checkpoint);
  }
  out.seconds = since(start);
  return out;
}

/// A baseline is counted or solved: one epoch, and the scorer does it again from its training rows.
Result<Trained> count_baseline(const Task& task, const OnEpoch& on_epoch) {
  if (!task.options.resume.empty()) return bad_resume(task.options.method + " has no epochs to go on with");
  if (task.options.group && task.options.group->size() > 1)
    return fail("training.not_together",
                task.options.method + " is counted by one process, not trained by several", task.data.name(),
                "train it without --workers");
  const auto start = Clock::now();
  make_threads(std::max(1U, task.options.threads));
  const auto model = Counted::fit(task.options.method, task.settings, task.data, task.labels, task.train);
  if (!model) return fail(model.error());
  if (auto good = check_size(task, model->parameters()); !good) return fail(good.error());
  const auto score = [&](std::uint32_t row) {
    return model->score(task.data.user()[row], task.data.item()[row]);
  };
  double loss = 0;
  for (const auto row : task.train) {
    const double p = std::clamp(static_cast<double>(score(row)), 1e-7, 1 - 1e-7);
    loss -= task.labels[row] > 0.5F ? std::log(p) : std::log1p(-p);
  }
  std::vector<float> scores;
  for (const auto row : task.validation.rows()) scores.push_back(score(row));
  const auto metrics =
      task.validation.measure(scores, model->catalogue_scores(task.data), task.options.on_ranked);
  if (!metrics) return fail(metrics.error());
  Trained out;
  out.best = *metrics;
  out.rows = task.train.size();
  out.last_epoch = 1;
  out.parameters = model->parameters();
  out.checkpoint = write_checkpoint(head_of(task));
  out.epochs.push_back({1, loss / static_cast<double>(task.train.size()), *metrics, since(start)});
  out.stopped = !on_epoch(out.epochs.back());
  out.seconds = since(start);
  return out;
}

Result<Settings> complete(const TrainOptions& options) {
  if (options.program) return complete_common(options.settings);
  const auto method = find_method(options.method);
  if (!method) return fail(method.error());
  if ((*method)->trained_by_gradient)
    return fail("models.unknown_method", "'" + options.method + "' is trained, and no program is given");
  return complete_settings(**method, options.settings);
}

}  // namespace

Result<Trained> train(const Dataset& data, std::span<const float> labels, const Split& split,
                      std::span<const std::uint32_t> validation, const FeatureEngine& features,
                      std::string_view label, const TrainOptions& options,
                      const std::function<bool(const EpochReport&)>& on_epoch) {
  auto settings = complete(options);
  if (!settings) return fail(settings.error());
  if (!options.metric.empty()) {
    if (const auto known = higher_is_better(options.metric, Known::catalogue_too); !known)
      return fail(known.error());
  }
  if (split.train.empty()) return fail("training.no_rows", "there are no rows to train on", data.name());
  if (options.max_epochs == 0) return fail("training.no_epochs", "a training needs at least one epoch");
  Validation rows(data, labels, split.train, validation);
  Task task{data, labels, split.train, rows, features, label, options, std::move(*settings), {}, true};
  const auto report = on_epoch ? on_epoch : [](const EpochReport&) { return true; };
  try {
    auto out = options.program ? train_net(task, report) : count_baseline(task, report);
    if (!out) return fail(as_training(out.error()));
    return out;
  } catch (const std::bad_alloc&) {
    return fail("training.out_of_memory", "not enough memory to train " + options.method, data.name(),
                "raise the worker's memory limit, or try a smaller batch or dim");
  } catch (const std::length_error& e) {
    return fail("training.out_of_memory", std::string("too large: ") + e.what(), data.name());
  }
}

std::vector<std::uint32_t> order_of_epoch(std::uint64_t seed, std::uint32_t epoch, std::size_t examples) {
  Random random(seed, epoch);
  return shuffled(examples, random);
}

}  // namespace automodel::recsys
