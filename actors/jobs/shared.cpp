#include "actors/jobs/work.hpp"
#include "papers/methods.hpp"

namespace automodel::actors {

events::ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

events::MetricT to_metric(const std::string& name, const recsys::Interval& interval) {
  events::MetricT metric;
  metric.name = name;
  metric.value = interval.value;
  metric.has_interval = true;
  metric.low = interval.low;
  metric.high = interval.high;
  return metric;
}

std::vector<std::unique_ptr<events::MetricT>> to_metrics(const recsys::Metrics& metrics) {
  std::vector<std::unique_ptr<events::MetricT>> out;
  for (const auto& [name, value] : metrics) {
    auto metric = std::make_unique<events::MetricT>();
    metric->name = name;
    metric->value = value;
    out.push_back(std::move(metric));
  }
  return out;
}

std::unique_ptr<events::EpochReportT> to_epoch(const recsys::EpochReport& report) {
  auto out = std::make_unique<events::EpochReportT>();
  out->epoch = report.epoch;
  out->train_loss = report.train_loss;
  out->metrics = to_metrics(report.metrics);
  out->seconds = report.seconds;
  return out;
}

Result<recsys::Trained> train_config(const Work& work, const events::TrialConfigT& config,
                                     const papers::Cards& cards, recsys::TrainOptions options,
                                     const std::function<bool(const recsys::EpochReport&)>& on_epoch) {
  const Prepared& prepared = *work.data;
  auto features =
      recsys::FeatureEngine::create(prepared.data, prepared.labels, config.features, prepared.split.train);
  if (!features) return fail(features.error());
  recsys::Settings settings;
  for (const auto& setting : config.settings)
    if (setting) settings[setting->name] = setting->value;
  auto method = papers::configure(config.method, settings, cards);
  if (!method) return fail(method.error());
  options.method = config.method;
  if (const auto card = cards.find(config.method); card != cards.end()) options.description = card->second;
  options.settings = std::move(method->settings);
  options.program = std::move(method->program);
  options.sources = method->sources;
  options.max_parameters = work.environment.max_parameters;
  options.metric = work.metric();
  options.seed = config.seed;
  return recsys::train(prepared.data, prepared.labels, prepared.split, prepared.split.tuning, *features,
                       prepared.label, options, on_epoch);
}

Result<LoadedModel> load_model(const Work& work, const events::ModelRefT& model) {
  std::string checkpoint;
  if (!model.checkpoint.empty()) {
    auto bytes = work.artifacts.get(model.checkpoint);
    if (!bytes) return fail(bytes.error());
    checkpoint.assign(bytes->begin(), bytes->end());
  } else {
    if (!model.config)
      return fail("jobs.failed", "a model with neither checkpoint nor configuration", model.id);
    recsys::TrainOptions options;
    options.threads = work.environment.threads;
    auto trained = train_config(work, *model.config, {}, options, {});
    if (!trained) return fail(trained.error());
    checkpoint = std::move(trained->checkpoint);
  }
  const Prepared& prepared = *work.data;
  auto scorer = recsys::Scorer::load(checkpoint, prepared.data, prepared.labels, prepared.split.train,
                                     work.environment.threads);
  if (!scorer) return fail(scorer.error());
  return LoadedModel{std::move(*scorer), checkpoint.size()};
}

Result<Scored> score(const Work& work, const events::ModelRefT& model,
                     const std::vector<std::uint32_t>& rows) {
  auto loaded = load_model(work, model);
  if (!loaded) return fail(loaded.error());
  auto scores = loaded->scorer.score_rows(rows);
  if (!scores) return fail(scores.error());
  Scored out;
  out.scores = std::move(*scores);
  for (const std::uint32_t row : rows) {
    out.labels.push_back(work.data->labels[row]);
    out.users.push_back(work.data->data.user()[row]);
  }
  if (!recsys::is_of_catalogue(work.metric())) return out;
  if (!loaded->scorer.ranks())
    return fail("jobs.does_not_rank",
                loaded->scorer.method() + " does not order the catalogue: it has no " + work.metric(),
                model.id, "methods that learn a ranking do");
  const Prepared& prepared = *work.data;
  auto ranks = loaded->scorer.catalogue_ranks(rows, prepared.labels, prepared.split.train);
  if (!ranks) return fail(ranks.error());
  out.ranks = std::move(*ranks);
  for (const auto row : recsys::rows_to_rank(rows, prepared.labels, prepared.data.items()))
    out.asked.push_back(prepared.data.user()[row]);
  return out;
}

recsys::Metrics metrics_of(const Scored& scored) {
  auto out = recsys::evaluate(scored.scores, scored.labels, scored.users);
  if (!scored.ranks.empty()) out.merge(recsys::catalogue_metrics(scored.ranks));
  return out;
}

events::MetricT measured(const std::string& metric, const Scored& scored, std::uint64_t seed) {
  constexpr std::uint32_t rounds = 200;
  if (metric == "auc") return to_metric(metric, recsys::auc_interval(scored.scores, scored.labels));
  if (recsys::is_of_catalogue(metric))
    return to_metric(metric, recsys::bootstrap_ranks(metric, scored.ranks, {}, scored.asked, rounds, seed));
  return to_metric(metric,
                   recsys::bootstrap(metric, scored.scores, {}, scored.labels, scored.users, rounds, seed));
}

Result<events::MetricT> difference(const std::string& metric, const Scored& a, const Scored& b,
                                   std::uint64_t seed) {
  constexpr std::uint32_t rounds = 400;
  const auto higher = recsys::higher_is_better(metric, recsys::Known::catalogue_too);
  if (!higher) return fail(higher.error());
  recsys::Interval interval =
      metric == "auc" ? recsys::auc_difference(a.scores, b.scores, a.labels)
      : recsys::is_of_catalogue(metric)
          ? recsys::bootstrap_ranks(metric, a.ranks, b.ranks, a.asked, rounds, seed)
          : recsys::bootstrap(metric, a.scores, b.scores, a.labels, a.users, rounds, seed);
  if (!*higher) interval = {-interval.value, -interval.high, -interval.low, interval.p_value};
  return to_metric(metric, interval);
}

}  // namespace automodel::actors
