#include "actors/autofeature/agent.hpp"

#include <map>

#include "actors/decisions/random.hpp"
#include "profile.hpp"
#include "tests/actors/autotrain/training.hpp"

using namespace automodel;
using namespace automodel::tests;
using actors::AutoFeature;

namespace {

template <class T>
events::JobFinishedT result_of(const std::string& job, T body) {
  events::JobFinishedT command;
  command.result = std::make_unique<events::JobResultT>();
  command.result->job = job;
  command.result->body.Set(std::move(body));
  return command;
}

/// Those whose place is in `passing` beat chance, the first by most.
events::JobFinishedT screens(const events::JobT& job, const std::vector<std::size_t>& passing) {
  events::ScreenResultT result;
  const auto& features = job.body.AsScreenJob()->features;
  for (std::size_t i = 0; i < features.size(); ++i) {
    result.screens.push_back(std::make_unique<events::FeatureScreenT>());
    auto& screen = *result.screens.back();
    screen.feature = features[i];
    screen.passed = std::find(passing.begin(), passing.end(), i) != passing.end();
    screen.information = screen.passed ? 0.1 - 0.01 * static_cast<double>(i) : 0.001;
    screen.null_p95 = 0.01;
  }
  return result_of(job.id, std::move(result));
}

events::JobFinishedT difference(const std::string& job, double value) {
  events::CompareResultT result;
  result.difference = metric(value);
  return result_of(job, std::move(result));
}

struct Features : Scenario<AutoFeature> {
  Features() : Scenario<AutoFeature>("autofeature/main") {}

  events::JobT job() {
    BOOST_REQUIRE_EQUAL(jobs().size(), 1u);
    return jobs().front();
  }
  void registered() {
    events::RegisterDatasetT command;
    command.data = std::make_unique<events::DataRefT>(*cycle_of().goal->data);
    done(std::move(command));
    done(result_of(job().id, profile()));
  }
  events::ProposalT proposal(std::size_t features, const events::CycleContextT& context = cycle_of()) {
    auto found = *last<events::ProposalsOfferedT>(done(request(context)))->proposals.front();
    found.features.resize(features);
    return found;
  }
  void begin(std::size_t features, std::uint32_t trials_left = 0, const std::string& id = "work-1") {
    const auto context = cycle_of(trials_left);
    done(assign(work_of(id, proposal(features, context), context)));
  }
  void train(double value) { done(trained(job().id, 8, value)); }
  actors::Decision compare(double value) { return done(difference(job().id, value)); }
};

std::vector<std::string> texts(const std::vector<std::string>& values) { return values; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_registered_data_set_is_profiled_once) {
  Features features;
  events::RegisterDatasetT command;
  command.data = std::make_unique<events::DataRefT>(*cycle_of().goal->data);
  BOOST_TEST(kinds(features.done(command)) == texts({"DatasetRegistered"}), boost::test_tools::per_element());
  BOOST_TEST(features.job().id == "profile-1.1");
  BOOST_TEST(features.done(command).events.empty());
  const auto decision = features.done(result_of("profile-1.1", profile()));
  BOOST_TEST(last<events::DatasetRegisteredT>(decision)->columns.size() == 7u);
  BOOST_TEST(features.jobs().empty());
  BOOST_TEST(features.done(result_of("profile-1.1", profile())).events.empty());
}

BOOST_AUTO_TEST_CASE(proposals_wait_for_the_profile_and_come_by_family_means_of_histories_first) {
  Features features;
  BOOST_TEST(features.done(request(cycle_of())).outbox.empty());
  const auto decision = features.done(result_of(features.job().id, profile()));
  BOOST_TEST(messages(decision) == texts({"coordinator/main OfferProposals"}),
             boost::test_tools::per_element());
  const auto& proposals = last<events::ProposalsOfferedT>(decision)->proposals;
  BOOST_REQUIRE(proposals.size() > 5);
  BOOST_TEST(proposals[0]->action == "feature-history-mean");
  BOOST_TEST(proposals[0]->features[0] == "mean(label | user)");
}

BOOST_AUTO_TEST_CASE(a_failed_profile_is_told_and_may_be_asked_for_again) {
  Features features;
  features.done(request(cycle_of()));
  const auto decision = features.done(broken("profile-1.1"));
  BOOST_TEST(last<events::ProposalsOfferedT>(decision)->none_because.find("not a number") !=
             std::string::npos);
  events::RegisterDatasetT command;
  command.data = std::make_unique<events::DataRefT>(*cycle_of().goal->data);
  features.done(std::move(command));
  BOOST_TEST(features.job().id == "profile-1.2");
}

BOOST_AUTO_TEST_CASE(features_that_do_not_beat_chance_are_retired_with_the_numbers_and_cost_no_trial) {
  Features features;
  features.registered();
  features.begin(3);
  BOOST_TEST(features.job().id == "work-1/screen");
  const auto decision = features.done(screens(features.job(), {}));
  BOOST_TEST(count<events::FeatureScreenedT>(decision) == 3u);
  BOOST_TEST(count<events::FeatureRetiredT>(decision) == 3u);
  BOOST_TEST(last<events::FeatureRetiredT>(decision)->reason.find("0.01") != std::string::npos);
  const auto& finished = *last<events::WorkReportedT>(decision)->finished;
  BOOST_TEST(finished.trials == 0u);
  BOOST_TEST(finished.features_retired.size() == 3u);
  const auto next = features.done(request(cycle_of()));
  for (const auto& proposal : last<events::ProposalsOfferedT>(next)->proposals)
    for (const auto& feature : proposal->features) BOOST_TEST(feature != "mean(label | user)");
}

BOOST_AUTO_TEST_CASE(a_set_that_helps_is_kept_without_those_that_add_nothing_to_it) {
  Features features;
  features.registered();
  features.begin(3);
  features.done(screens(features.job(), {0, 1, 2}));
  BOOST_TEST(features.job().body.AsTrainJob()->config->features.empty());  // the base
  features.train(0.68);
  BOOST_TEST(features.job().body.AsTrainJob()->config->features.size() == 3u);
  features.train(0.83);
  BOOST_TEST(features.job().body.AsCompareJob()->slice == "tuning");
  BOOST_TEST(features.job().body.AsCompareJob()->candidate->id == "ftrial-2");
  features.compare(0.15);
  BOOST_TEST(features.job().body.AsTrainJob()->config->features.size() ==
             2u);  // without the least informative one
  features.train(0.832);
  BOOST_TEST(features.job().body.AsCompareJob()->champion->id == "ftrial-3");
  const auto dropped = features.compare(-0.002);
  BOOST_TEST(last<events::FeatureRetiredT>(dropped)->feature == "mean(label | user, last=10)");
  features.train(0.75);
  const auto decision = features.compare(0.08);  // worse without: it stays, and one alone is not tested
  BOOST_TEST(count<events::WorkReportedT>(decision) == 0u);
  features.train(0.70);
  const auto end = features.compare(0.13);
  const auto& finished = *last<events::WorkReportedT>(end)->finished;
  BOOST_TEST(finished.features_kept == texts({"mean(label | user)", "mean(label | item)"}),
             boost::test_tools::per_element());
  BOOST_TEST(finished.features_retired.size() == 1u);
  BOOST_TEST(finished.reward == 0.832 - 0.68, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(finished.candidates.front()->id == "ftrial-3");
  BOOST_TEST(finished.trials == 5u);
  BOOST_TEST(count<events::FeatureKeptT>(end) == 2u);
  BOOST_TEST(features.jobs().empty());
}

BOOST_AUTO_TEST_CASE(when_a_set_brings_nothing_its_best_are_tried_alone_and_the_rest_retired) {
  Features features;
  features.registered();
  features.begin(3, 12);
  features.done(screens(features.job(), {0, 1, 2}));
  features.train(0.68);
  features.train(0.67);
  features.compare(-0.01);
  BOOST_TEST(features.job().body.AsTrainJob()->config->features == texts({"mean(label | user)"}),
             boost::test_tools::per_element());
  features.train(0.69);
  features.compare(0.01);
  BOOST_TEST(features.job().body.AsTrainJob()->config->features.size() == 2u);  // builds on it
  features.train(0.69);
  features.compare(0.0);
  features.train(0.60);
  const auto end = features.compare(-0.09);
  const auto& finished = *last<events::WorkReportedT>(end)->finished;
  BOOST_TEST(finished.features_kept == texts({"mean(label | user)"}), boost::test_tools::per_element());
  BOOST_TEST(finished.features_retired.size() == 2u);
  BOOST_TEST(finished.candidates.front()->id == "ftrial-3");
}

BOOST_AUTO_TEST_CASE(a_screen_that_fails_is_repeated_feature_by_feature_and_the_culprit_retired) {
  Features features;
  features.registered();
  features.begin(2);
  features.done(broken("work-1/screen"));
  BOOST_TEST(features.job().id == "work-1/screen/1");
  features.done(broken("work-1/screen/1"));
  BOOST_TEST(features.job().id == "work-1/screen/2");
  features.done(screens(features.job(), {0}));
  BOOST_TEST(features.job().id == "ftrial-1/r0");
}

BOOST_AUTO_TEST_CASE(a_base_that_cannot_be_trained_ends_the_work_with_its_failure) {
  Features features;
  features.registered();
  features.begin(2);
  features.done(screens(features.job(), {0, 1}));
  const auto decision = features.done(broken("ftrial-1/r0"));
  BOOST_TEST(last<events::WorkReportedT>(decision)->finished->failure->code == "jobs.nan");
}

BOOST_AUTO_TEST_CASE(a_second_work_waits_for_the_first_and_builds_on_what_it_kept) {
  Features features;
  features.registered();
  features.begin(1);
  auto second = features.proposal(1);
  BOOST_TEST(second.action == "feature-history-mean");  // the rest of the family
  const auto context = cycle_of();
  features.done(assign(work_of("work-2", second, context)));
  features.done(screens(features.job(), {0}));
  features.train(0.68);
  features.train(0.80);
  const auto decision = features.compare(0.12);
  BOOST_TEST(last<events::WorkReportedT>(decision)->finished->work == "work-1");
  BOOST_TEST(features.job().id == "work-2/screen");
  BOOST_TEST(features.job().body.AsScreenJob()->base == texts({"mean(label | user)"}),
             boost::test_tools::per_element());
  features.done(screens(features.job(), {0}));
  BOOST_TEST(features.job().body.AsTrainJob()->config->features.size() == 2u);  // its base was trained before
}

BOOST_AUTO_TEST_CASE(
    every_work_ends_with_one_report_whatever_happens_and_the_same_happenings_give_the_same_events) {
  const auto live = [](std::uint64_t seed, std::uint32_t limit) {
    actors::Random random(seed);
    Features features;
    features.registered();
    std::vector<std::string> kept;
    std::map<std::string, int> reports;
    for (std::uint32_t cycle = 1; cycle <= 3; ++cycle) {
      const auto context = cycle_of(limit, kept, cycle);
      const auto offer = features.done(request(context));
      const auto& proposals = last<events::ProposalsOfferedT>(offer)->proposals;
      for (int twice = 0; twice < 2 && !proposals.empty(); ++twice) {
        const auto id = "work-" + std::to_string(reports.size() + 1);
        reports[id] = 0;
        features.done(assign(work_of(id, *proposals[random.below(proposals.size())], context)));
      }
      while (!features.jobs().empty()) {
        const auto job = features.job();
        const auto chance = random.uniform();
        if (chance < 0.03)
          features.done(cancel("work-" + std::to_string(1 + random.below(reports.size()))));
        else if (chance < 0.12)
          features.done(broken(job.id));
        else if (job.body.AsScreenJob()) {
          std::vector<std::size_t> passing;
          for (std::size_t i = 0; i < 8; ++i)
            if (random.uniform() < 0.6) passing.push_back(i);
          features.done(screens(job, passing));
        } else if (job.body.AsTrainJob())
          features.done(trained(job.id, 8, random.uniform()));
        else
          features.done(difference(job.id, random.uniform() - 0.5));
      }
    }
    std::vector<events::Bytes> history;
    for (const auto& event : features.history()) {
      if (const auto* reported = event.body.AsWorkReported()) {
        ++reports[reported->finished->work];
        BOOST_TEST(reported->finished->trials <= (limit ? std::min(8u, limit) : 8u));
      }
      history.push_back(events::pack(event));
    }
    for (const auto& [work, count] : reports) BOOST_TEST(count == 1, work);
    BOOST_TEST(features.state().works.empty());
    return history;
  };
  for (std::uint64_t seed = 1; seed <= 40; ++seed) BOOST_TEST_CONTEXT("seed " << seed) {
      const auto limit = static_cast<std::uint32_t>(seed % 3 ? 0 : 1 + seed % 5);
      BOOST_TEST((live(seed, limit) == live(seed, limit)));
    }
}

BOOST_AUTO_TEST_CASE(a_goal_that_asks_for_a_ranking_is_offered_no_features_and_needs_no_profile) {
  Features features;
  const auto decision = features.done(request(ranking_cycle_of()));
  const auto* offered = last<events::ProposalsOfferedT>(decision);
  BOOST_REQUIRE(offered);
  BOOST_TEST(offered->proposals.empty());
  BOOST_TEST(offered->none_because == "methods that rank learn from who took what: they read no features");
  BOOST_TEST(features.jobs().empty());
  BOOST_TEST(messages(decision) == texts({"coordinator/main OfferProposals"}),
             boost::test_tools::per_element());
}
