#include "tools/automodel/bench/synthetic_history.hpp"

namespace automodel::tools {

using namespace events;

namespace {

constexpr std::uint32_t cycles_of_a_goal = 9;
constexpr std::int64_t step_ns = 107'000'000;  // 838 events in 90 s
constexpr const char* data_hash = "77341930a2b0d30145c392e0b59a9464a67ff4ef1ecd28fac568c986faf0d926";
constexpr const char* methods[] = {"lr", "fm", "deepfm", "dcnv2"};
constexpr const char* features[] = {"mean(label | user)",
                                    "mean(label | item)",
                                    "mean(label | user, last=10)",
                                    "residual(user)",
                                    "mean(rating | user)",
                                    "count(item, 30d)",
                                    "count(user*genres)",
                                    "residual(item)",
                                    "std(rating | user)",
                                    "mean(label | user*genres)",
                                    "count(user, 1d)",
                                    "similar(user)",
                                    "residual(rating | user)",
                                    "mean(label | item, 30d)",
                                    "hour(time)",
                                    "weekday(time)"};
constexpr const char* reason =
    "what a user, an item and the two together got before says most about what comes, and how much is known "
    "of "
    "them says how far it can be trusted: ";

std::unique_ptr<DataRefT> data() {
  auto made = std::make_unique<DataRefT>();
  made->name = "movielens";
  made->hash = data_hash;
  made->label = "rating>=4";
  made->ratios = {0.8, 0.1, 0.1};
  return made;
}

GoalT goal_named(const std::string& id) {
  GoalT goal;
  goal.id = id;
  goal.data = data();
  goal.metric = "auc";
  goal.budget_seconds = 90;
  goal.seed = 1;
  goal.bounds = std::make_unique<BoundsT>();
  goal.parallel = 2;
  return goal;
}

}  // namespace

template <class Body>
std::string SyntheticHistory::add(const std::string& stream, Body body) {
  time_ += step_ns;
  EventT event;
  event.body.Set(std::move(body));
  if (appends_.empty() || appends_.back().stream != stream) {
    auto& request = appends_.emplace_back();
    request.stream = stream;
    request.correlation = goal_;
    request.causation = decision_;
    request.time = time_;
  }
  appends_.back().events.push_back(std::move(event));
  return reference(stream, ++versions_[stream]);
}

std::string SyntheticHistory::hash() {
  Hash256 bytes;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
  return hex(bytes);
}

std::vector<std::unique_ptr<MetricT>> SyntheticHistory::metrics() {
  std::vector<std::unique_ptr<MetricT>> all;
  for (const char* name : {"auc", "calibration", "gauc", "logloss", "mrr", "ndcg10", "recall10"}) {
    all.push_back(std::make_unique<MetricT>());
    all.back()->name = name;
    all.back()->value = uniform();
  }
  return all;
}

TrialConfigT SyntheticHistory::config() {
  TrialConfigT made;
  made.method = methods[below(std::size(methods))];
  const std::pair<const char*, std::string> settings[] = {
      {"batch", "2048"},  {"dim", std::to_string(4 + below(60))},
      {"dropout", "0.2"}, {"hidden", "128,128,128"},
      {"l2", "0"},        {"lr", std::to_string(uniform() / 100)},
      {"unknown", "0"}};
  for (const auto& [name, value] : settings) {
    made.settings.push_back(std::make_unique<SettingT>());
    made.settings.back()->name = name;
    made.settings.back()->value = value;
  }
  const auto count = below(9);
  for (std::uint64_t i = 0; i < count; ++i) made.features.emplace_back(features[(features_ + i) % 16]);
  made.seed = 1 + below(3);
  made.fingerprint = hash();
  return made;
}

ModelRefT SyntheticHistory::model(const Trial& trial) {
  ModelRefT made;
  made.id = trial.id;
  made.config = std::make_unique<TrialConfigT>(trial.config);
  made.checkpoint = trial.result.checkpoint;
  made.metrics = TrainResultT(trial.result).metrics;
  made.bytes = 29'391;
  made.parameters = 4'649;
  return made;
}

ProposalT SyntheticHistory::proposal(const std::string& agent, std::size_t number) {
  ProposalT made;
  made.id = goal_ + "/" + agent + "/c" + std::to_string(cycle_) + "/" + std::to_string(number);
  made.agent = agent;
  made.action = agent == "autofeature" ? "feature-history-mean"
                : agent == "autotrain" ? "search"
                                       : "quantize";
  made.subject = reason + std::string(features[number % 16]) + ", " + features[(number + 5) % 16];
  made.expected_gain = uniform() / 10;
  made.expected_cost = 2'560'096;
  if (agent == "autofeature")
    for (std::size_t i = 0; i < 5; ++i) made.features.emplace_back(features[(number + i) % 16]);
  if (agent == "autotrain")
    for (std::size_t i = 0; i < 3; ++i) made.configs.push_back(std::make_unique<TrialConfigT>(config()));
  made.epochs = 8;
  return made;
}

std::unique_ptr<WorkT> SyntheticHistory::work(const std::string& agent, const std::string& id) {
  auto made = std::make_unique<WorkT>();
  made->id = id;
  made->proposal = std::make_unique<ProposalT>(proposal(agent, 1));
  made->context = std::make_unique<CycleContextT>();
  made->context->goal = std::make_unique<GoalT>(goal_named(goal_));
  made->context->cycle = cycle_;
  made->context->seconds_left = 90 - 10.0 * cycle_;
  made->context->rows = 80'003;
  for (std::size_t i = 0; i < 5; ++i) made->context->features.emplace_back(features[i]);
  if (champion_) made->context->champion = std::make_unique<ModelRefT>(model(*champion_));
  return made;
}

void SyntheticHistory::begin_goal() {
  goal_ = "goal-" + std::to_string(++goals_);
  champion_.reset();
  GoalAcceptedT accepted;
  accepted.goal = std::make_unique<GoalT>(goal_named(goal_));
  accepted.rows = 80'003;
  add("coordinator/main", std::move(accepted));
}

void SyntheticHistory::end_goal() {
  GoalClosingT closing;
  closing.goal = goal_;
  closing.reason = "the budget is spent";
  add("coordinator/main", std::move(closing));
  ReportRequestedT report;
  report.goal = goal_;
  report.champion = std::make_unique<ModelRefT>(model(*champion_));
  for (const auto& trial : trained_) report.baselines.push_back(std::make_unique<ModelRefT>(model(trial)));
  add("autoperf/main", std::move(report));
  ReportProducedT produced;
  produced.goal = goal_;
  for (const auto& trial : trained_) {
    produced.rows.push_back(std::make_unique<ReportRowT>());
    produced.rows.back()->name = trial.config.method;
    produced.rows.back()->model = trial.id;
    produced.rows.back()->metrics = metrics();
  }
  add("autoperf/main", std::move(produced));
  GoalFinishedT finished;
  finished.goal = goal_;
  finished.reason = "the budget is spent";
  finished.cycles = cycle_;
  add("coordinator/main", std::move(finished));
  cycle_ = 0;
}

void SyntheticHistory::offer(const std::string& agent, std::size_t proposals) {
  ProposalsOfferedT offered;
  ProposalsReceivedT received;
  received.goal = offered.goal = goal_;
  received.cycle = offered.cycle = cycle_;
  received.agent = agent;
  for (std::size_t i = 1; i <= proposals; ++i) {
    offered.proposals.push_back(std::make_unique<ProposalT>(proposal(agent, i)));
    received.proposals.push_back(std::make_unique<ProposalT>(*offered.proposals.back()));
  }
  add(agent + "/main", std::move(offered));
  add("coordinator/main", std::move(received));
}

void SyntheticHistory::decide(const std::string& agent, std::size_t options, const std::string& subject) {
  DecisionMadeT made;
  made.by = agent;
  made.question = "Which of these is worth its cost?";
  for (std::size_t i = 0; i < options; ++i) {
    made.options.push_back(std::make_unique<OptionT>());
    auto& option = *made.options.back();
    option.name = agent == "coordinator"
                      ? goal_ + "/autofeature/c" + std::to_string(cycle_) + "/" + std::to_string(i + 1)
                      : hash();
    option.detail =
        options > 20 ? "deepfm dim=16 lr=0.003 dropout=0.2" : reason + std::string(features[i % 16]);
    option.score = uniform();
    option.expected_gain = uniform() / 10;
    option.expected_cost = 2'560'096;
  }
  made.choices = {static_cast<std::uint32_t>(below(options))};
  made.rationale = "the greatest gain for its cost, by what such actions brought before";
  made.evidence.push_back(std::make_unique<EventRefT>());
  made.evidence.back()->stream = "coordinator/main";
  made.evidence.back()->version = versions_["coordinator/main"];
  made.expected_gain = uniform() / 10;
  made.expected_cost = 2'560'096;
  made.subject = subject;
  decision_ = add(agent + "/main", std::move(made));
}

void SyntheticHistory::observe(const std::string& agent, const std::string& subject, bool outer) {
  OutcomeObservedT seen;
  seen.decision = std::make_unique<EventRefT>(parse_reference(decision_).value_or(EventRefT()));
  seen.subject = subject;
  seen.what = "auc 0.6632 on the tuning slice";
  (outer ? seen.has_outer : seen.has_inner) = true;
  (outer ? seen.outer_reward : seen.inner_reward) = uniform() / 50;
  seen.verdict = below(2) ? Verdict::Better : Verdict::NoDifference;
  seen.conclusion = "deepfm at its defaults: +0.0229 against what it had to beat; it was still improving";
  seen.evidence.push_back(std::make_unique<EventRefT>());
  seen.evidence.back()->stream = agent + "/main";
  seen.evidence.back()->version = versions_[agent + "/main"];
  add(agent + "/main", std::move(seen));
}

SyntheticHistory::Trial SyntheticHistory::train(const std::string& agent, const std::string& work_id) {
  const auto stream = agent + "/main";
  Trial trial;
  trial.id = (agent == "autofeature" ? "ftrial-" : "trial-") + std::to_string(++trials_);
  trial.config = config();
  TrialStartedT started;
  started.trial = trial.id;
  started.purpose = "search";
  started.config = std::make_unique<TrialConfigT>(trial.config);
  started.max_epochs = 8;
  started.goal = goal_;
  started.data = data();
  started.work = work_id;
  add(stream, std::move(started));
  static constexpr std::uint32_t epochs[] = {5, 3, 2, 5, 3, 2, 4};  // of seven trials: 24
  for (std::uint32_t epoch = 1; epoch <= epochs[trials_ % 7]; ++epoch) {
    trial.result.epochs.push_back(std::make_unique<EpochReportT>());
    auto& report = *trial.result.epochs.back();
    report.epoch = epoch;
    report.train_loss = uniform();
    report.metrics = metrics();
    report.seconds = uniform();
    EpochFinishedT finished;
    finished.trial = trial.id;
    finished.report = std::make_unique<EpochReportT>(report);
    add(stream, std::move(finished));
  }
  trial.result.metrics = metrics();
  trial.result.checkpoint = hash();
  trial.result.resume = hash();
  trial.result.parameters = 4'649;
  trial.result.bytes = 29'391;
  trial.result.seconds = uniform();
  trial.result.rows = 640'024;
  TrialFinishedT finished;
  finished.trial = trial.id;
  finished.result = std::make_unique<TrainResultT>(trial.result);
  finished.model = std::make_unique<ModelRefT>(model(trial));
  add(stream, std::move(finished));
  observe(agent, trial.id, false);
  trained_.push_back(trial);
  return trial;
}

void SyntheticHistory::compare(const std::string& agent, const Trial& candidate) {
  CandidateComparedT compared;
  compared.candidate = candidate.id;
  compared.champion = champion_ ? champion_->id : candidate.id;
  compared.result = std::make_unique<CompareResultT>();
  compared.result->candidate = metrics();
  compared.result->champion = metrics();
  compared.result->difference = std::move(metrics().front());
  compared.goal = goal_;
  add(agent + "/main", std::move(compared));
}

void SyntheticHistory::engineer_features(const std::string& work_id) {
  for (int i = 0; i < 3; ++i) {
    const std::string feature =
        std::string(features[features_ % 16]) + "#" + std::to_string(features_ / 16 % 8);
    ++features_;
    FeatureProposedT proposed;
    proposed.feature = feature;
    proposed.family = "history-mean";
    proposed.why = reason;
    proposed.goal = goal_;
    add("autofeature/main", std::move(proposed));
    FeatureScreenedT screened;
    screened.screen = std::make_unique<FeatureScreenT>();
    screened.screen->feature = feature;
    screened.screen->information = uniform();
    screened.screen->null_p95 = uniform();
    screened.screen->passed = i > 0;
    for (std::size_t base = 0; base < 3; ++base) screened.base.emplace_back(features[base]);
    screened.goal = goal_;
    add("autofeature/main", std::move(screened));
    if (i == 0) {
      FeatureRetiredT retired;
      retired.feature = feature;
      retired.reason = "no more information than chance";
      retired.goal = goal_;
      add("autofeature/main", std::move(retired));
      continue;
    }
    decide("autofeature", 6, work_id);
    const auto trial = train("autofeature", work_id);
    compare("autofeature", trial);
    if (i == 1) {
      FeatureKeptT kept;
      kept.feature = feature;
      kept.gain = std::move(metrics().front());
      kept.reason = "better with probability 0.99";
      kept.goal = goal_;
      add("autofeature/main", std::move(kept));
    } else {
      FeatureRetiredT retired;
      retired.feature = feature;
      retired.gain = std::move(metrics().front());
      retired.reason = "-0.0016 auc (95 % -0.0044 to +0.0012) without it: no difference that counts";
      retired.goal = goal_;
      add("autofeature/main", std::move(retired));
    }
  }
}

void SyntheticHistory::search(const std::string& work_id) {
  decide("autotrain", cycle_ % 2 == 0 ? 59 : 12, work_id);
  for (int i = 0; i < 5; ++i) {
    if (i % 2 == 0) decide("autotrain", 4, work_id);
    train("autotrain", work_id);
  }
  compare("autotrain", trained_.back());
}

void SyntheticHistory::evaluate(const std::string& work_id) {
  const Trial candidate = trained_.back();
  CandidateMeasuredT measured;
  measured.model = std::make_unique<ModelRefT>(model(candidate));
  measured.serving = std::make_unique<ServingProfileT>();
  measured.serving->p50_us = 646;
  measured.serving->p99_us = 984;
  measured.goal = goal_;
  add("autoperf/main", std::move(measured));
  compare("autoperf", candidate);
  decide("autoperf", 2, work_id);
  ModelPromotedT promoted;
  promoted.model = std::make_unique<ModelRefT>(model(candidate));
  promoted.previous = champion_ ? champion_->id : "";
  promoted.reason =
      "+0.1021 auc (95 % +0.0899 to +0.1144) on the promotion slice: better with probability 1.";
  promoted.goal = goal_;
  add("autoperf/main", std::move(promoted));
  champion_ = candidate;
  ModelServedT served;
  served.model = std::make_unique<ModelRefT>(model(candidate));
  served.goal = goal_;
  served.data = data();
  add("recommender/main", std::move(served));
}

void SyntheticHistory::finish_work(const std::string& agent, const std::string& work_id) {
  WorkReportedT reported;
  reported.finished = std::make_unique<WorkFinishedT>();
  auto& finished = *reported.finished;
  finished.work = work_id;
  finished.agent = agent;
  finished.candidates.push_back(std::make_unique<ModelRefT>(model(trained_.back())));
  finished.trials = 3;
  finished.cost = 2'560'096;
  finished.reward = uniform() / 50;
  finished.conclusion =
      "+0.0053 auc (95 % 0 to +0.0105) on the promotion slice: better with probability 0.97.";
  WorkFinishedT done(finished);
  add(agent + "/main", std::move(reported));
  add("coordinator/main", std::move(done));
  observe("coordinator", work_id, true);
}

std::vector<storage::AppendRequest> SyntheticHistory::next_cycle() {
  appends_.clear();
  trained_.clear();
  if (cycle_ == 0) begin_goal();
  ++cycle_;
  CycleStartedT started;
  started.goal = goal_;
  started.cycle = cycle_;
  started.seconds_left = 90 - 10.0 * cycle_;
  started.asked = {"autofeature", "autotrain", "autoperf"};
  add("coordinator/main", std::move(started));
  offer("autofeature", 10 - cycle_);
  offer("autotrain", 4);
  offer("autoperf", 1);
  decide("coordinator", 14 - cycle_, goal_ + "/c" + std::to_string(cycle_));
  const auto decision = decision_;
  for (const std::string agent : {"autofeature", "autotrain", "autoperf"}) {
    const std::string id = "work-" + std::to_string(++works_);
    WorkAssignedT assigned;
    assigned.work = work(agent, id);
    assigned.decision = std::make_unique<EventRefT>(parse_reference(decision).value_or(EventRefT()));
    WorkAcceptedT accepted;
    accepted.work = std::make_unique<WorkT>(*assigned.work);
    add("coordinator/main", std::move(assigned));
    add(agent + "/main", std::move(accepted));
    if (agent == "autofeature") engineer_features(id);
    if (agent == "autotrain") search(id);
    if (agent == "autoperf") evaluate(id);
    decision_ = decision;
    finish_work(agent, id);
  }
  if (cycle_ == cycles_of_a_goal) end_goal();
  return std::move(appends_);
}

}  // namespace automodel::tools
