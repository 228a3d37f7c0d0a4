#include "training.hpp"

using namespace automodel;
using namespace automodel::tests;
using actors::AutoTrain;

namespace {

struct Training : Scenario<AutoTrain> {
  Training() : Scenario<AutoTrain>("autotrain/main") {}

  events::ProposalT offered(const events::CycleContextT& context, const std::string& action) {
    const auto decision = done(request(context));
    for (const auto& proposal : last<events::ProposalsOfferedT>(decision)->proposals)
      if (proposal->action == action) return *proposal;
    BOOST_FAIL("no proposal of action " + action);
    return {};
  }
  void finish_open(double value) {
    for (const auto& job : jobs()) done(trained(job.id, job.body.AsTrainJob()->max_epochs, value += 0.001));
  }
  void baselines(const events::CycleContextT& context = cycle_of()) {
    done(assign(work_of("work-1", offered(context, "baseline"), context)));
    finish_open(0.7);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_proposal_is_every_method_at_its_defaults_and_nothing_else) {
  Training training;
  const auto decision = training.done(request(cycle_of()));
  const auto* offered = last<events::ProposalsOfferedT>(decision);
  BOOST_REQUIRE_EQUAL(offered->proposals.size(), 1u);
  BOOST_TEST(offered->proposals[0]->action == "baseline");
  std::vector<std::string> methods;
  for (const auto& config : offered->proposals[0]->configs) {
    methods.push_back(config->method);
    BOOST_TEST(config->features.empty());
    BOOST_TEST(config->fingerprint.size() == 64u);
  }
  BOOST_TEST(methods == (std::vector<std::string>{"lr", "fm", "deepfm", "dcnv2", "popularity", "itemknn"}),
             boost::test_tools::per_element());
  BOOST_TEST(messages(decision) == std::vector<std::string>{"coordinator/main OfferProposals"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(baselines_are_trained_whole_and_reported_with_all_their_models) {
  Training training;
  const auto context = cycle_of();
  training.done(assign(work_of("work-1", training.offered(context, "baseline"), context)));
  auto jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 6u);
  BOOST_TEST(jobs[0].id == "trial-1/r0");
  for (std::size_t i = 0; i < 5; ++i)
    BOOST_TEST(count<events::WorkReportedT>(training.done(trained(jobs[i].id, 8, 0.7 + 0.01 * double(i)))) ==
               0u);
  const auto decision = training.done(trained(jobs[5].id, 1, 0.6));
  const auto& finished = *last<events::WorkReportedT>(decision)->finished;
  BOOST_TEST(finished.trials == 4u);  // popularity and item-kNN only count
  BOOST_TEST(finished.candidates.size() == 6u);
  BOOST_TEST(finished.candidates[0]->id == "trial-5");
  BOOST_TEST(finished.candidates[0]->checkpoint == "checkpoint of trial-5/r0");
  BOOST_TEST(count<events::OutcomeObservedT>(decision) == 6u);
  BOOST_TEST(messages(decision) == std::vector<std::string>{"coordinator/main ReportWork"},
             boost::test_tools::per_element());
  BOOST_TEST(training.jobs().empty());
}

BOOST_AUTO_TEST_CASE(kept_features_are_first_tried_at_the_defaults_of_each_method) {
  Training training;
  training.baselines();
  const auto proposal = training.offered(cycle_of(0, {"count(user)"}, 2), "search-defaults");
  BOOST_REQUIRE_EQUAL(proposal.configs.size(), 4u);
  for (const auto& config : proposal.configs)
    BOOST_TEST(config->features == std::vector<std::string>{"count(user)"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_search_drops_the_worse_half_at_each_rung_and_goes_on_from_where_the_rest_stopped) {
  Training training;
  training.baselines();
  const auto context = cycle_of(0, {}, 2);
  const auto begun =
      training.done(assign(work_of("work-2", training.offered(context, "search-dcnv2"), context)));
  BOOST_TEST(last<events::DecisionMadeT>(begun)->options.size() >
             10u);  // all that were scored, not the chosen alone
  BOOST_TEST(last<events::DecisionMadeT>(begun)->choices.size() == 4u);
  auto jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) training.done(trained(jobs[i].id, 2, 0.70 + 0.01 * double(i)));
  jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 2u);
  BOOST_TEST(jobs[0].id == "trial-9/r1");
  BOOST_TEST(jobs[1].id == "trial-10/r1");
  BOOST_TEST(jobs[1].body.AsTrainJob()->max_epochs == 4u);
  BOOST_TEST(jobs[1].body.AsTrainJob()->resume_from == "resume of trial-10/r0");
  training.done(trained(jobs[0].id, 4, 0.76));
  training.done(trained(jobs[1].id, 4, 0.75));
  jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 1u);
  BOOST_TEST(jobs[0].id == "trial-9/r2");
  const auto decision = training.done(trained(jobs[0].id, 8, 0.755));  // worse than its own rung before
  const auto& finished = *last<events::WorkReportedT>(decision)->finished;
  BOOST_REQUIRE_EQUAL(finished.candidates.size(), 1u);
  BOOST_TEST(finished.candidates[0]->id == "trial-9");
  BOOST_TEST(finished.candidates[0]->checkpoint == "checkpoint of trial-9/r1");
  BOOST_TEST(finished.trials == 4u);
}

BOOST_AUTO_TEST_CASE(a_confirmed_candidate_carries_the_mean_over_its_seeds_not_the_luckiest_ones_metric) {
  Training training;
  training.baselines();  // trial-1 reaches 0.701
  const auto context = cycle_of(0, {}, 2);
  events::ProposalT confirm;
  confirm.id = "confirm-1";
  confirm.agent = "autotrain";
  confirm.action = "confirm";
  for (const std::uint64_t seed : {4, 5}) {
    confirm.configs.push_back(std::make_unique<events::TrialConfigT>(*training.state().trials.at(0)->config));
    confirm.configs.back()->seed = seed;
  }
  training.done(assign(work_of("work-2", confirm, context)));
  const auto jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 2u);
  training.done(trained(jobs[0].id, 8, 0.711));
  const auto decision = training.done(trained(jobs[1].id, 8, 0.691));
  const auto& candidates = last<events::WorkReportedT>(decision)->finished->candidates;
  BOOST_REQUIRE_EQUAL(candidates.size(), 1u);
  BOOST_TEST(candidates[0]->checkpoint == "checkpoint of " + jobs[0].id);  // the best one serves
  BOOST_TEST(candidates[0]->seeds == 3u);
  BOOST_TEST(candidates[0]->metrics.at(0)->value == 0.701, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_trial_below_the_median_of_its_rivals_is_stopped_and_says_why) {
  Training training;
  const auto first = cycle_of();
  training.done(assign(work_of("work-1", training.offered(first, "baseline"), first)));
  for (const auto& job : training.jobs()) {
    for (std::uint32_t epoch = 1; epoch <= 4; ++epoch)
      BOOST_TEST(!training.done(progress(job.id, epoch, 0.5)).reply.stop);  // baselines are never stopped
    for (std::uint32_t epoch = 5; epoch <= 8; ++epoch) training.done(progress(job.id, epoch, 0.72));
  }
  training.finish_open(0.72);
  const auto context = cycle_of(0, {}, 2);
  training.done(assign(work_of("work-2", training.offered(context, "search-dcnv2"), context)));
  for (const auto& job : training.jobs())
    for (std::uint32_t epoch : {1, 2})
      BOOST_TEST(
          !training.done(progress(job.id, epoch, 0.4)).reply.stop);  // a rung's end is halving's business
  for (const auto& job : training.jobs()) training.done(trained(job.id, 2, 0.4));
  const auto jobs = training.jobs();
  BOOST_REQUIRE_EQUAL(jobs.size(), 2u);
  const auto decision = training.done(progress(jobs[1].id, 3, 0.41));
  BOOST_TEST(decision.reply.stop);
  BOOST_REQUIRE(last<events::TrialStoppedT>(decision));
  BOOST_TEST(last<events::TrialStoppedT>(decision)->reason.find("worse than the median 0.5") !=
             std::string::npos);
  const auto again = training.done(progress(jobs[1].id, 3, 0.41));
  BOOST_TEST(again.events.empty());
  BOOST_TEST(again.reply.stop);
  BOOST_TEST(training.jobs().size() == 2u);  // its job still ends with a result
}

BOOST_AUTO_TEST_CASE(a_failed_trial_is_an_outcome_and_the_work_goes_on) {
  Training training;
  const auto context = cycle_of();
  training.done(assign(work_of("work-1", training.offered(context, "baseline"), context)));
  auto jobs = training.jobs();
  BOOST_TEST(kinds(training.done(broken(jobs[0].id))) == std::vector<std::string>{"TrialFailed"},
             boost::test_tools::per_element());
  actors::Decision decision;
  for (std::size_t i = 1; i < jobs.size(); ++i) decision = training.done(trained(jobs[i].id, 8, 0.7));
  BOOST_TEST(last<events::WorkReportedT>(decision)->finished->candidates.size() == 5u);
  std::size_t failed = 0;
  for (const auto& event : decision.events)
    if (const auto* seen = event.body.AsOutcomeObserved()) failed += seen->verdict == events::Verdict::Failed;
  BOOST_TEST(failed == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_work_closes_its_jobs_and_reports_what_there_is) {
  Training training;
  const auto context = cycle_of();
  training.done(assign(work_of("work-1", training.offered(context, "baseline"), context)));
  training.done(trained(training.jobs()[0].id, 8, 0.7));
  const auto decision = training.done(cancel("work-1"));
  BOOST_TEST(count<events::TrialStoppedT>(decision) == 5u);
  BOOST_TEST(last<events::WorkReportedT>(decision)->finished->candidates.size() == 1u);
  BOOST_TEST(training.jobs().empty());
  BOOST_TEST(training.done(cancel("work-1")).events.empty());
}

BOOST_AUTO_TEST_CASE(a_repeated_result_and_a_repeated_assignment_change_nothing) {
  Training training;
  const auto context = cycle_of();
  const auto work = work_of("work-1", training.offered(context, "baseline"), context);
  training.done(assign(work));
  BOOST_TEST(training.done(assign(work)).events.empty());
  const auto job = training.jobs()[0].id;
  training.done(trained(job, 8, 0.7));
  BOOST_TEST(training.done(trained(job, 8, 0.9)).events.empty());
  BOOST_TEST(training.done(progress(job, 9, 0.9)).events.empty());
}

BOOST_AUTO_TEST_CASE(trials_that_are_not_left_are_not_started) {
  Training training;
  const auto context = cycle_of(2);
  auto proposal = training.offered(cycle_of(), "baseline");
  training.done(assign(work_of("work-1", proposal, context)));
  std::size_t counted = 0;
  for (const auto& job : training.jobs())
    counted += actors::counts_as_trial(job.body.AsTrainJob()->config->method);
  BOOST_TEST(counted == 2u);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_does_not_depend_on_order_or_seed_but_on_data) {
  const auto data = *cycle_of().goal->data;
  auto other = data;
  other.label = "rating>=3";
  const auto one = actors::make_config("lr", {{"lr", "0.1"}, {"l2", "0"}}, {"a", "b"}, 1, data);
  BOOST_TEST(one.fingerprint ==
             actors::make_config("lr", {{"l2", "0"}, {"lr", "0.1"}}, {"b", "a"}, 2, data).fingerprint);
  BOOST_TEST(one.fingerprint !=
             actors::make_config("lr", {{"l2", "0"}, {"lr", "0.1"}}, {"b"}, 1, data).fingerprint);
  BOOST_TEST(one.fingerprint !=
             actors::make_config("lr", {{"lr", "0.1"}, {"l2", "0"}}, {"a", "b"}, 1, other).fingerprint);
}
