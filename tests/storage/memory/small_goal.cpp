#include "history.hpp"
#include "tests/events/some_parts.hpp"

namespace automodel::storage::testing {

using namespace events;
using events::testing::some_data;

namespace {

const std::string coordinator = "coordinator/main", autofeature = "autofeature/main",
                  autotrain = "autotrain/main", autoperf = "autoperf/main", recommender = "recommender/main";
const std::string user_mean = "mean(label | user)", hour = "hour(time)";

std::unique_ptr<ProposalT> proposal(const std::string& id, const std::string& agent,
                                    const std::string& action, const std::string& subject, double gain,
                                    double cost) {
  auto made = std::make_unique<ProposalT>();
  made->id = id;
  made->agent = agent;
  made->action = action;
  made->subject = subject;
  made->expected_gain = gain;
  made->expected_cost = cost;
  return made;
}

std::unique_ptr<CycleContextT> context(std::uint32_t cycle) {
  auto made = std::make_unique<CycleContextT>();
  made->goal = goal("goal-1");
  made->cycle = cycle;
  return made;
}

struct Story {
  History history;
  std::string decision;  // the newest of the Coordinator
  std::string tested;    // the newest feature trial's end
  std::string reported;  // the newest WorkFinished

  DecisionMadeT decide(const std::string& by, const std::string& subject,
                       const std::vector<std::string>& options, std::uint32_t choice,
                       const std::string& because, const std::vector<std::string>& evidence) {
    DecisionMadeT made;
    made.by = by;
    made.question = "what to do next";
    made.subject = subject;
    for (std::size_t i = 0; i < options.size(); ++i) {
      auto option = std::make_unique<OptionT>();
      option->name = options[i];
      option->detail = "option " + std::to_string(i + 1);
      option->score = 1.0 / static_cast<double>(i + 1);
      made.options.push_back(std::move(option));
    }
    made.choices = {choice};
    made.rationale = because;
    for (const auto& name : evidence) made.evidence.push_back(event_ref(name));
    made.expected_gain = 0.004;
    made.expected_cost = 80000;
    return made;
  }

  OutcomeObservedT outcome(const std::string& of, const std::string& subject, Verdict verdict,
                           const std::string& conclusion) {
    OutcomeObservedT made;
    made.decision = event_ref(of);
    made.subject = subject;
    made.what = "what came of " + subject;
    made.verdict = verdict;
    made.conclusion = conclusion;
    return made;
  }

  void start() {
    GoalAcceptedT accepted;
    accepted.goal = goal("goal-1");
    history.add(coordinator, std::move(accepted), "console#1");
    DatasetRegisteredT data;
    data.data = std::make_unique<DataRefT>(*goal("goal-1")->data);
    data.rows = 100004;
    data.users = 671;
    data.items = 9066;
    data.source = "dslabs";
    history.add(autofeature, std::move(data));
  }

  std::string ask(std::uint32_t cycle, const std::string& agent, std::unique_ptr<ProposalT> offered) {
    if (cycle == 1) {
      ProposalsRequestedT requested;
      requested.context = context(cycle);
      history.add(agent + "/main", std::move(requested));
    }
    ProposalsOfferedT offer;
    offer.goal = "goal-1";
    offer.cycle = cycle;
    offer.proposals.push_back(std::make_unique<ProposalT>(*offered));
    auto caused = history.add(agent + "/main", std::move(offer));
    ProposalsReceivedT received;
    received.goal = "goal-1";
    received.cycle = cycle;
    received.agent = agent;
    received.proposals.push_back(std::move(offered));
    return history.add(coordinator, std::move(received), caused);
  }

  void cycle(std::uint32_t number) {
    CycleStartedT started;
    started.goal = "goal-1";
    started.cycle = number;
    started.seconds_left = 180 - 60.0 * number;
    started.trials_left = 9 - number;
    started.asked = {"autofeature", "autotrain", "autoperf"};
    history.add(coordinator, std::move(started));
  }

  void assign(const std::string& work, std::unique_ptr<ProposalT> chosen, std::uint32_t in_cycle) {
    auto made = std::make_unique<WorkT>();
    made->id = work;
    auto agent = chosen->agent;
    made->proposal = std::move(chosen);
    made->context = context(in_cycle);
    WorkAssignedT assigned;
    assigned.work = std::make_unique<WorkT>(*made);
    assigned.decision = event_ref(decision);
    auto caused = history.add(coordinator, std::move(assigned), decision);
    WorkAcceptedT accepted;
    accepted.work = std::move(made);
    history.add(agent + "/main", std::move(accepted), caused);
  }

  void finish(WorkFinishedT finished) {
    WorkReportedT report;
    report.finished = std::make_unique<WorkFinishedT>(finished);
    auto caused = history.add(finished.agent + "/main", std::move(report));
    auto subject = finished.work;
    const bool fine = !finished.failure;
    const double reward = finished.reward;
    const auto ended = reported = history.add(coordinator, std::move(finished), caused);
    auto seen = outcome(decision, subject, fine ? Verdict::Better : Verdict::Failed, subject + " is done");
    seen.has_inner = true;
    seen.inner_reward = reward;
    seen.evidence.push_back(event_ref(ended));
    history.add(coordinator, std::move(seen), ended);
  }

  std::string trial(const std::string& stream, const std::string& id, const std::string& work,
                    const TrialConfigT& of, double auc) {
    TrialStartedT started;
    started.trial = id;
    started.purpose = "search";
    started.config = std::make_unique<TrialConfigT>(of);
    started.max_epochs = 2;
    started.goal = "goal-1";
    started.data = some_data();
    started.work = work;
    history.add(stream, std::move(started));
    TrialFinishedT finished;
    finished.trial = id;
    finished.result = std::make_unique<TrainResultT>();
    for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) {
      EpochFinishedT report;
      report.trial = id;
      report.report = std::make_unique<EpochReportT>();
      report.report->epoch = epoch;
      report.report->train_loss = 0.6 / epoch;
      report.report->metrics.push_back(metric("auc", auc - 0.01 * (2 - epoch)));
      finished.result->epochs.push_back(std::make_unique<EpochReportT>(*report.report));
      history.add(stream, std::move(report));
    }
    finished.result->metrics.push_back(metric("auc", auc));
    finished.result->metrics.push_back(metric("logloss", 0.5));
    finished.result->seconds = 3;
    finished.result->rows = 160000;
    finished.model = model(id, of, auc);
    return history.add(stream, std::move(finished));
  }

  void features();
  void search();
  void failures();
  void deployment();
  void end();
  void add_method();
  void move();
};

void Story::features() {
  cycle(1);
  auto offered =
      ask(1, "autofeature",
          proposal("autofeature/c1/1", "autofeature", "feature-history", "history of users", 0.1, 9e4));
  ask(1, "autotrain", proposal("autotrain/c1/1", "autotrain", "search", "deepfm", 0.01, 2e5));
  decision = history.add(coordinator, decide("coordinator", "goal-1", {"autofeature/c1/1", "autotrain/c1/1"},
                                             0, "features promise the most per row", {offered}));
  ProposalApprovedT approved;
  approved.proposal = "autofeature/c1/1";
  approved.by = "console";
  history.add(coordinator, std::move(approved));
  ProposalVetoedT vetoed;
  vetoed.proposal = "autotrain/c1/1";
  vetoed.by = "console";
  vetoed.reason = "later";
  history.add(coordinator, std::move(vetoed));
  assign("work-1",
         proposal("autofeature/c1/1", "autofeature", "feature-history", "history of users", 0.1, 9e4), 1);
  for (const auto& name : {user_mean, hour}) {
    FeatureProposedT proposed;
    proposed.feature = name;
    proposed.family = name == hour ? "time" : "history";
    proposed.why = "users differ";
    proposed.goal = "goal-1";
    history.add(autofeature, std::move(proposed));
    FeatureScreenedT screened;
    screened.screen = std::make_unique<FeatureScreenT>();
    screened.screen->feature = name;
    screened.screen->information = name == hour ? 0.001 : 0.08;
    screened.screen->null_p95 = 0.002;
    screened.screen->passed = name != hour;
    screened.goal = "goal-1";
    history.add(autofeature, std::move(screened));
  }
  tested =
      trial(autofeature, "ftrial-1", "work-1", *config("lr", "lr-user", {{"lr", "0.01"}}, {user_mean}), 0.78);
  FeatureKeptT kept;
  kept.feature = user_mean;
  kept.gain = metric("auc", 0.09, 0.08, 0.1);
  kept.reason = "better with it";
  kept.goal = "goal-1";
  history.add(autofeature, std::move(kept), tested);
  FeatureRetiredT retired;
  retired.feature = hour;
  retired.reason = "no more information than chance";
  retired.goal = "goal-1";
  history.add(autofeature, std::move(retired), tested);
  WorkFinishedT finished;
  finished.work = "work-1";
  finished.agent = "autofeature";
  finished.features_kept = {user_mean};
  finished.features_retired = {hour};
  finished.trials = 1;
  finished.cost = 160000;
  finished.reward = 0.09;
  finished.conclusion = "one of two features helps";
  finish(std::move(finished));
}

void Story::search() {
  cycle(2);
  auto offer = [] { return proposal("autotrain/c2/1", "autotrain", "search", "deepfm", 0.004, 3e5); };
  auto offered = ask(2, "autotrain", offer());
  decision = history.add(coordinator, decide("coordinator", "goal-1", {"autotrain/c2/1", "none"}, 0,
                                             "the only proposal, and it is promising", {offered}));
  assign("work-2", offer(), 2);
  auto chosen = history.add(autotrain, decide("autotrain", "work-2", {"deepfm-a", "fm-a", "deepfm-b"}, 0,
                                              "deepfm was best so far", {tested}));
  auto won = trial(autotrain, "trial-3", "work-2",
                   *config("deepfm", "deepfm-a", {{"dim", "16"}, {"lr", "0.001"}}, {user_mean}), 0.83);
  trial(autotrain, "trial-2", "work-2", *config("fm", "fm-a", {{"dim", "16"}}, {user_mean}), 0.8);
  auto seen = outcome(chosen, "trial-3", Verdict::Better, "deepfm beats fm");
  seen.evidence.push_back(event_ref(won));
  history.add(autotrain, std::move(seen), won);
}

void Story::failures() {
  TrialStartedT started;
  started.trial = "trial-4";
  started.purpose = "search";
  started.config = config("deepfm", "deepfm-b", {{"dim", "64"}, {"lr", "0.1"}}, {user_mean}, 2);
  started.goal = "goal-1";
  started.data = some_data();
  started.work = "work-2";
  started.max_epochs = 4;
  history.add(autotrain, started);
  TrialFailedT failed;
  failed.trial = "trial-4";
  failed.failure = std::make_unique<FailureT>();
  failed.failure->code = "jobs.nan";
  failed.failure->message = "the loss is not a number";
  history.add(autotrain, std::move(failed));
  started.trial = "trial-5";
  started.config = config("deepfm", "deepfm-c", {{"dim", "4"}, {"lr", "0.001"}});
  history.add(autotrain, started);
  EpochFinishedT epoch;
  epoch.trial = "trial-5";
  epoch.report = std::make_unique<EpochReportT>();
  epoch.report->epoch = 1;
  epoch.report->metrics.push_back(metric("auc", 0.6));
  history.add(autotrain, std::move(epoch));
  TrialStoppedT stopped;
  stopped.trial = "trial-5";
  stopped.epoch = 1;
  stopped.reason = "hopeless: 0.6 after one epoch";
  history.add(autotrain, std::move(stopped));
  JobFailedT job;
  job.job = "profile-1";
  job.failure = std::make_unique<FailureT>();
  job.failure->message = "the worker died";
  history.add(autofeature, std::move(job));
  WorkFinishedT finished;
  finished.work = "work-2";
  finished.agent = "autotrain";
  finished.candidates.push_back(
      model("trial-3", *config("deepfm", "deepfm-a", {{"dim", "16"}, {"lr", "0.001"}}, {user_mean}), 0.83));
  finished.trials = 4;
  finished.cost = 400000;
  finished.reward = 0.05;
  finished.conclusion = "deepfm with dim 16 is best";
  finish(std::move(finished));
}

void Story::deployment() {
  const auto searched = decision;
  auto best = config("deepfm", "deepfm-a", {{"dim", "16"}, {"lr", "0.001"}}, {user_mean});
  decision = history.add(coordinator, decide("coordinator", "trial-3", {"coordinator/e/1", "none"}, 0,
                                             "it beats the champion on the tuning slice", {reported}));
  auto evaluation = proposal("coordinator/e/1", "autoperf", "evaluate", "trial-3", 0.004, 0);
  evaluation->model = model("trial-3", *best, 0.83);
  assign("work-3", std::move(evaluation), 2);
  CandidateMeasuredT measured;
  measured.model = model("trial-3", *best, 0.83);
  measured.serving = std::make_unique<ServingProfileT>();
  measured.serving->p50_us = 900;
  measured.serving->p99_us = 2100;
  measured.serving->candidates = 100;
  measured.goal = "goal-1";
  history.add(autoperf, std::move(measured));
  CandidateComparedT compared;
  compared.candidate = "trial-3";
  compared.champion = "ftrial-1";
  compared.result = std::make_unique<CompareResultT>();
  compared.result->candidate.push_back(metric("auc", 0.831));
  compared.result->champion.push_back(metric("auc", 0.78));
  compared.result->difference = metric("auc", 0.051, 0.04, 0.06);
  compared.goal = "goal-1";
  auto comparison = history.add(autoperf, std::move(compared));
  history.add(autoperf, decide("autoperf", "trial-3", {"promote", "refuse"}, 0,
                               "the interval lies above zero", {comparison}));
  ModelPromotedT promoted;
  promoted.model = model("trial-3", *best, 0.83);
  promoted.previous = "ftrial-1";
  promoted.reason = "+0.051 auc, interval above zero";
  promoted.goal = "goal-1";
  auto promotion = history.add(autoperf, promoted, comparison);
  ModelServedT served;
  served.model = model("trial-3", *best, 0.83);
  served.goal = "goal-1";
  served.data = some_data();
  history.add(recommender, std::move(served), promotion);
  ModelQuantizedT quantized;
  quantized.source = "trial-3";
  quantized.model = model("trial-3/int8", *best, 0.828);
  quantized.goal = "goal-1";
  history.add(autoperf, std::move(quantized));
  ModelRefusedT refused;
  refused.model = model("trial-3/int8", *best, 0.828);
  refused.reason = "-0.002 auc and no faster";
  refused.goal = "goal-1";
  history.add(autoperf, std::move(refused));
  promoted.model = model("trial-2", *config("fm", "fm-a", {{"dim", "16"}}, {user_mean}), 0.8);
  promoted.previous = "trial-3";
  promoted.reason = "a person asked";
  history.add(autoperf, promoted);
  ModelRolledBackT back;
  back.from = "trial-2";
  back.model = model("trial-3", *best, 0.83);
  back.reason = "it was worse";
  back.goal = "goal-1";
  history.add(autoperf, std::move(back));
  WorkFinishedT finished;
  finished.work = "work-3";
  finished.agent = "autoperf";
  finished.promoted = model("trial-3", *best, 0.83);
  finished.conclusion = "trial-3 promoted";
  finish(std::move(finished));
  auto reward = outcome(searched, "work-2", Verdict::Better, "the search brought the new champion");
  reward.has_outer = true;
  reward.outer_reward = 0.051;
  reward.evidence.push_back(event_ref(promotion));
  history.add(coordinator, std::move(reward), promotion);
}

void Story::end() {
  GoalPausedT paused;
  paused.goal = "goal-1";
  paused.by = "console";
  history.add(coordinator, std::move(paused));
  GoalResumedT resumed;
  resumed.goal = "goal-1";
  history.add(coordinator, std::move(resumed));
  GoalClosingT closing;
  closing.goal = "goal-1";
  closing.reason = "the budget is spent";
  history.add(coordinator, std::move(closing));
  auto best = config("deepfm", "deepfm-a", {{"dim", "16"}, {"lr", "0.001"}}, {user_mean});
  ReportRequestedT requested;
  requested.goal = "goal-1";
  requested.champion = model("trial-3", *best, 0.83);
  requested.baselines.push_back(model("trial-2", *config("fm", "fm-a"), 0.8));
  history.add(coordinator, std::move(requested));
  ReportProducedT produced;
  produced.goal = "goal-1";
  auto row = std::make_unique<ReportRowT>();
  row->name = "champion";
  row->model = "trial-3";
  row->metrics.push_back(metric("auc", 0.835, 0.83, 0.84));
  produced.rows.push_back(std::move(row));
  history.add(coordinator, std::move(produced));
  GoalFinishedT finished;
  finished.goal = "goal-1";
  finished.reason = "the budget is spent";
  finished.cycles = 2;
  finished.trials = 5;
  finished.seconds = 180;
  history.add(coordinator, std::move(finished));
}

void Story::add_method() {
  MethodAddedT added;
  added.card = std::make_unique<CardT>();
  added.card->name = "mine";
  added.card->text = "+++\nmethod = \"mine\"\n+++\n";
  added.by = "a person";
  history.add(autotrain, std::move(added));
}

/// One move that is given up, and one that is not.
void Story::move() {
  MigrationStartedT started;
  started.agent = autotrain;
  started.from = "node-a";
  started.to = "node-b";
  started.epoch = 1;
  history.add("node/node-a", started);
  MigrationAbandonedT abandoned;
  abandoned.agent = autotrain;
  abandoned.from = "node-a";
  abandoned.to = "node-b";
  abandoned.move = 1;
  abandoned.reason = "the target is silent";
  history.add("node/node-a", std::move(abandoned));
  history.add("node/node-a", std::move(started));
  MigrationCommittedT committed;
  committed.agent = autotrain;
  committed.from = "node-a";
  committed.to = "node-b";
  committed.move = 3;
  committed.epoch = 2;
  committed.seconds = 0.25;
  history.add(autotrain, std::move(committed));
  MigrationActivatedT activated;
  activated.agent = autotrain;
  activated.from = "node-a";
  activated.to = "node-b";
  activated.move = 3;
  activated.epoch = 2;
  activated.seconds = 0.5;
  history.add(autotrain, std::move(activated));
}

}  // namespace

History small_goal() {
  Story story;
  story.start();
  story.features();
  story.search();
  story.failures();
  story.deployment();
  story.end();
  story.add_method();
  story.move();
  return std::move(story.history);
}

}  // namespace automodel::storage::testing
