#include "actors/decisions/random.hpp"
#include "actors/recommender/agent.hpp"
#include "tests/actors/autoperf/world.hpp"

using namespace automodel;
using namespace automodel::tests;
using Names = std::vector<std::string>;
using Perf = Scenario<actors::AutoPerf>;

namespace {

actors::Decision finish_job(Perf& perf, const events::JobFinishedT& result) {
  return perf.done(events::JobFinishedT(result), "job/" + result.result->job);
}

/// `first` serves, `second` after it.
Perf with_champions() {
  Perf perf("autoperf/main");
  perf.done(assign("work-1", "evaluate", model("first", 4000)));
  finish_job(perf, result_of(perf.jobs().at(0).id, measured()));
  perf.done(assign("work-2", "evaluate", model("second", 4000)));
  finish_job(perf, result_of(perf.jobs().at(0).id, measured()));
  finish_job(perf, result_of(perf.jobs().at(0).id, compared(difference(0.02, 0.01, 0.03))));
  return perf;
}

events::RequestProposalsT request() {
  events::RequestProposalsT made;
  made.context = std::make_unique<events::CycleContextT>();
  made.context->goal = std::make_unique<events::GoalT>(goal());
  made.context->cycle = 3;
  made.context->rows = 80000;
  return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_candidate_is_measured_and_promoted_without_a_comparison) {
  Perf perf("autoperf/main");
  BOOST_TEST(kinds(perf.done(assign("work-1", "evaluate", model("first", 4000)))) == Names{"WorkAccepted"});
  BOOST_REQUIRE(perf.jobs().size() == 1u);
  BOOST_TEST((perf.jobs()[0].body.type == events::JobBody::MeasureJob));
  const auto decision = finish_job(perf, result_of(perf.jobs()[0].id, measured()));
  BOOST_TEST(kinds(decision) == (Names{"CandidateMeasured", "DecisionMade", "ModelPromoted",
                                       "OutcomeObserved", "WorkReported"}));
  BOOST_TEST(messages(decision) == (Names{"recommender/main ServeModel", "coordinator/main ReportWork"}));
  const auto& made = *last<events::DecisionMadeT>(decision);
  BOOST_TEST(made.options.size() == 2u);
  BOOST_TEST(made.evidence.at(0)->version == 2u);  // CandidateMeasured
  BOOST_TEST(perf.jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_candidate_is_compared_with_the_champion_on_the_promotion_slice) {
  auto perf = with_champions();
  perf.done(assign("work-3", "evaluate", model("third", 4000)));
  finish_job(perf, result_of(perf.jobs().at(0).id, measured()));
  const auto job = perf.jobs().at(0);
  BOOST_TEST(job.body.AsCompareJob()->slice == "promotion");
  BOOST_TEST(job.body.AsCompareJob()->champion->id == "second");
  const auto decision = finish_job(perf, result_of(job.id, compared(difference(-0.01, -0.02, 0))));
  BOOST_TEST(kinds(decision) ==
             (Names{"CandidateCompared", "DecisionMade", "ModelRefused", "OutcomeObserved", "WorkReported"}));
  BOOST_TEST(messages(decision) == Names{"coordinator/main ReportWork"});
  const auto& finished = *last<events::WorkReportedT>(decision)->finished;
  BOOST_TEST(finished.reward == -0.01);
  BOOST_TEST(finished.promoted.get() == nullptr);
  BOOST_TEST(perf.done(result_of(job.id, compared(difference(1, 1, 1)))).events.empty());  // said again
}

BOOST_AUTO_TEST_CASE(a_model_beyond_a_bound_is_refused_without_a_comparison) {
  auto perf = with_champions();
  perf.done(assign("work-3", "evaluate", model("third", 4000), goal(5)));
  const auto decision = finish_job(perf, result_of(perf.jobs().at(0).id, measured(9)));
  BOOST_TEST(kinds(decision) ==
             (Names{"CandidateMeasured", "DecisionMade", "ModelRefused", "OutcomeObserved", "WorkReported"}));
}

BOOST_AUTO_TEST_CASE(int8_of_a_champion_is_offered_once) {
  auto perf = with_champions();
  auto decision = perf.done(request());
  BOOST_TEST(messages(decision) == Names{"coordinator/main OfferProposals"});
  const auto& offer = *last<events::ProposalsOfferedT>(decision);
  BOOST_REQUIRE(offer.proposals.size() == 1u);
  BOOST_TEST(offer.proposals[0]->action == "int8");
  BOOST_TEST(offer.proposals[0]->model->id == "second");
  perf.done(assign("work-3", "int8", model("second", 4000)));
  decision = perf.done(request());
  BOOST_TEST(last<events::ProposalsOfferedT>(decision)->none_because ==
             "int8 of the champion second was tried");
  Perf idle("autoperf/main");
  decision = idle.done(request());
  BOOST_TEST(last<events::ProposalsOfferedT>(decision)->none_because == "nothing serves yet");
}

BOOST_AUTO_TEST_CASE(int8_of_a_champion_without_embeddings_is_not_offered) {
  Perf perf("autoperf/main");
  auto linear = model("linear", 4000);
  linear.config = std::make_unique<events::TrialConfigT>();
  linear.config->method = "lr";
  perf.done(assign("work-1", "evaluate", linear));
  finish_job(perf, result_of(perf.jobs().at(0).id, measured()));
  const auto decision = perf.done(request());
  BOOST_TEST(last<events::ProposalsOfferedT>(decision)->none_because ==
             "the champion linear (lr) has no embeddings to quantize");
}

BOOST_AUTO_TEST_CASE(int8_is_quantized_measured_compared_and_promoted) {
  auto perf = with_champions();
  perf.done(assign("work-3", "int8", model("second", 4000)));
  events::QuantizeResultT quantized;
  quantized.model = std::make_unique<events::ModelRefT>(model("second/int8", 1000));
  BOOST_TEST((perf.jobs().at(0).body.type == events::JobBody::QuantizeJob));
  BOOST_TEST(kinds(finish_job(perf, result_of(perf.jobs().at(0).id, quantized))) == Names{"ModelQuantized"});
  finish_job(perf, result_of(perf.jobs().at(0).id, measured(1, 1000)));
  const auto decision =
      finish_job(perf, result_of(perf.jobs().at(0).id, compared(difference(0, -0.0001, 0.0001))));
  BOOST_TEST(last<events::ModelPromotedT>(decision)->model->id == "second/int8");
  BOOST_TEST(last<events::ModelPromotedT>(decision)->previous == "second");
}

BOOST_AUTO_TEST_CASE(a_job_that_fails_is_tried_once_more_and_then_the_work_is_reported_as_failed) {
  auto perf = with_champions();
  perf.done(assign("work-3", "evaluate", model("third", 4000)));
  const auto first = perf.jobs().at(0).id;
  BOOST_TEST(kinds(finish_job(perf, failure_of(first))) == Names{"JobFailed"});
  const auto second = perf.jobs().at(0).id;
  BOOST_TEST(first != second);
  BOOST_TEST(perf.done(failure_of(first)).events.empty());  // said again
  const auto decision = finish_job(perf, failure_of(second));
  BOOST_TEST(kinds(decision) == (Names{"JobFailed", "ModelRefused", "WorkReported"}));
  BOOST_TEST(last<events::WorkReportedT>(decision)->finished->failure->message == "the worker died");
  BOOST_TEST(perf.jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_result_of_the_wrong_kind_is_a_failure) {
  Perf perf("autoperf/main");
  perf.done(assign("work-1", "evaluate", model("first", 4000)));
  BOOST_TEST(kinds(finish_job(perf, result_of(perf.jobs().at(0).id, events::ReportResultT{}))) ==
             Names{"JobFailed"});
}

BOOST_AUTO_TEST_CASE(work_that_makes_no_sense_is_reported_as_failed_at_once_and_repeated_work_is_known) {
  Perf perf("autoperf/main");
  const auto decision = perf.done(assign("work-1", "dance", model("first", 4000)));
  BOOST_TEST(kinds(decision) == Names{"WorkReported"});
  BOOST_TEST(messages(decision) == Names{"coordinator/main ReportWork"});
  perf.done(assign("work-2", "evaluate", model("first", 4000)));
  BOOST_TEST(perf.done(assign("work-2", "evaluate", model("first", 4000))).events.empty());
}

BOOST_AUTO_TEST_CASE(cancelled_work_is_reported_and_its_job_is_no_longer_open) {
  Perf perf("autoperf/main");
  perf.done(assign("work-1", "evaluate", model("first", 4000)));
  events::CancelWorkT cancel;
  cancel.work = "work-1";
  cancel.reason = "budget spent";
  BOOST_TEST(kinds(perf.done(cancel)) == Names{"WorkReported"});
  BOOST_TEST(perf.jobs().empty());
  BOOST_TEST(perf.done(cancel).events.empty());
}

BOOST_AUTO_TEST_CASE(a_champion_that_came_meanwhile_is_compared_with_too) {
  auto perf = with_champions();
  perf.done(assign("work-3", "evaluate", model("third", 4000)));
  perf.done(assign("work-4", "evaluate", model("fourth", 4000)));
  finish_job(perf, result_of(perf.jobs().at(0).id, measured()));
  finish_job(perf, result_of(perf.jobs().at(1).id, measured()));
  const auto stale = perf.jobs().at(1).id;
  finish_job(perf, result_of(perf.jobs().at(0).id, compared(difference(0.02, 0.01, 0.03))));
  BOOST_REQUIRE(perf.jobs().size() == 1u);
  BOOST_TEST(perf.jobs()[0].id != stale);
  BOOST_TEST(perf.jobs()[0].body.AsCompareJob()->champion->id == "third");
  BOOST_TEST(perf.done(result_of(stale, compared(difference(1, 1, 1)))).events.empty());
}

BOOST_AUTO_TEST_CASE(a_roll_back_serves_the_champion_before_and_tells_the_coordinator) {
  auto perf = with_champions();
  events::RollBackT back;
  back.reason = "complaints";
  const auto decision = perf.done(back);
  BOOST_TEST(kinds(decision) == (Names{"ModelRolledBack", "WorkReported"}));
  BOOST_TEST(messages(decision) == (Names{"recommender/main ServeModel", "coordinator/main ReportWork"}));
  BOOST_TEST(decision.outbox[0].command->body.AsServeModel()->model->id == "first");
  const auto& finished = *decision.outbox[1].command->body.AsReportWork()->finished;
  BOOST_TEST(finished.work == "rollback-1");
  BOOST_TEST(finished.candidates.at(0)->id == "second");
  BOOST_TEST(perf.when(back).error().code == "autoperf.nothing_to_roll_back");
}

BOOST_AUTO_TEST_CASE(the_recommender_records_what_serves_once) {
  Scenario<actors::Recommender> recommender("recommender/main");
  events::ServeModelT serve;
  serve.model = std::make_unique<events::ModelRefT>(model("first", 10));
  serve.goal = "goal-1";
  serve.data = std::make_unique<events::DataRefT>(*goal().data);
  BOOST_TEST(kinds(recommender.done(serve)) == Names{"ModelServed"});
  BOOST_TEST(recommender.done(serve).events.empty());
  serve.model->id = "second";
  recommender.done(serve);
  BOOST_REQUIRE(recommender.state().serving.size() == 1u);
  BOOST_TEST(recommender.state().serving[0]->model->id == "second");
  BOOST_TEST(recommender.when(events::ServeModelT{}).error().code == "recommender.no_model");
}

BOOST_AUTO_TEST_CASE(random_results_in_random_order_leave_no_work_open) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    actors::Random random(seed);
    Perf perf("autoperf/main");
    std::size_t reported = 0, assigned = 0;
    for (int i = 0; i < 300 && (i < 40 || !perf.jobs().empty()); ++i) {
      if (i < 40 && random.below(3) == 0) {
        const auto id = "work-" + std::to_string(++assigned);
        reported += count<events::WorkReportedT>(perf.done(
            assign(id, random.below(3) ? "evaluate" : "int8", model("m" + std::to_string(i), 4000))));
      }
      const auto jobs = perf.jobs();
      if (jobs.empty()) continue;
      const auto& job = jobs[random.below(jobs.size())];
      auto result = failure_of(job.id);
      if (random.below(4) != 0) {
        if (job.body.type == events::JobBody::MeasureJob) result = result_of(job.id, measured());
        const double value = random.normal(0, 0.01);
        if (job.body.type == events::JobBody::CompareJob)
          result = result_of(job.id, compared(difference(value, value - 0.01, value + 0.01)));
        if (const auto* quantize = job.body.AsQuantizeJob()) {
          events::QuantizeResultT quantized;
          quantized.model = std::make_unique<events::ModelRefT>(model(quantize->model->id + "/int8", 1000));
          result = result_of(job.id, quantized);
        }
      }
      reported += count<events::WorkReportedT>(finish_job(perf, result));
    }
    BOOST_TEST(reported == assigned);
    BOOST_TEST(perf.state().works.empty());
    const auto bytes = events::pack(perf.state());
    BOOST_TEST((events::pack(*events::unpack<events::AutoPerfStateT>(bytes)) == bytes));
  }
}
