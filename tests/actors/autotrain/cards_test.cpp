// Cards besides the library: people's, and changes that AutoTrain makes itself.
#include "papers/library.hpp"
#include "training.hpp"

using namespace automodel;
using namespace automodel::tests;
using actors::AutoTrain;

namespace {

struct Training : Scenario<AutoTrain> {
  Training() : Scenario<AutoTrain>("autotrain/main") {}

  const events::ProposalT* offered(const events::CycleContextT& context, const std::string& action) {
    decision_ = done(request(context));
    for (const auto& proposal : last<events::ProposalsOfferedT>(decision_)->proposals)
      if (proposal->action == action) return proposal.get();
    return nullptr;
  }
  void baselines() {
    const auto context = cycle_of();
    done(assign(work_of("work-1", *offered(context, "baseline"), context)));
    double value = 0.7;
    for (const auto& job : jobs()) done(trained(job.id, 8, job.body.AsTrainJob()->config->method == "fm" ? 0.8 : value += 0.001));
  }

 private:
  actors::Decision decision_;
};

std::string variant(const std::string& name, const std::string& equation = "\\hat{y} = \\sigma(b + \\sum_{i<j} \\langle \\mathbf{e}_i, \\mathbf{e}_j \\rangle)",
                    const std::string& parent = "fm") {
  return "+++\nmethod = \"" + name + "\"\ntitle = \"Mine\"\nextends = \"" + parent + "\"\n+++\n$$ " + equation + " $$\n";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_persons_card_is_recorded_once_and_tried_before_the_librarys) {
  Training training;
  const auto decision = training.done(add("mine", variant("mine")));
  const auto* added = last<events::MethodAddedT>(decision);
  BOOST_REQUIRE(added);
  BOOST_TEST(added->card->parent == "fm");
  BOOST_TEST(added->title == "Mine");
  BOOST_TEST(added->by == "a person");
  BOOST_TEST(training.done(add("mine", variant("mine"))).events.empty());
  training.baselines();
  const auto* proposal = training.offered(cycle_of(0, {}, 2), "search-new");
  BOOST_REQUIRE(proposal);
  BOOST_TEST(proposal->configs.at(0)->method == "mine");
}

BOOST_AUTO_TEST_CASE(a_card_that_cannot_be_used_is_refused_and_nothing_is_recorded) {
  Training training;
  const auto refusal = [&](const events::AddMethodT& command) {
    const auto decision = training.when(command);
    return decision ? std::string("accepted") : decision.error().code;
  };
  BOOST_TEST(refusal(add("mine", "no card")) == "papers.head");
  BOOST_TEST(refusal(add("mine", variant("mine", "\\hat{y} = \\sigma(b + x_{9,9} y_q"))) == "papers.syntax");
  BOOST_TEST(refusal(add("other", variant("mine"))) == "autotrain.bad_command");
  BOOST_TEST(refusal(add("deepfm", variant("deepfm"))) == "autotrain.name_taken");
  BOOST_TEST(refusal(add("itemknn", variant("itemknn"))) == "autotrain.name_taken");
  BOOST_TEST(refusal(add("ease", variant("ease"))) == "autotrain.name_taken");
  BOOST_TEST(refusal(add("mine", variant("mine") + std::string(70'000, ' '))) == "papers.too_large");
  training.done(add("mine", variant("mine")));
  BOOST_TEST(refusal(add("mine", variant("mine", "\\hat{y} = \\sigma(b)"))) == "autotrain.name_taken");
  BOOST_TEST(training.state().cards.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_best_methods_equations_are_changed_and_its_settings_kept) {
  Training training;
  training.baselines();
  const auto context = cycle_of(0, {}, 2);
  const auto* found = training.offered(context, "search-change");
  BOOST_REQUIRE(found);
  const auto proposal = *found;
  BOOST_REQUIRE(proposal.cards.size() == 1u);
  BOOST_TEST(proposal.cards[0]->parent == "fm");
  BOOST_TEST(proposal.cards[0]->name.starts_with("fm-"));
  BOOST_TEST(proposal.configs.at(0)->method == proposal.cards[0]->name);
  BOOST_TEST(training.state().cards.empty());  // an offer is no decision

  const auto begun = training.done(assign(work_of("work-2", proposal, context)));
  BOOST_TEST(count<events::MethodAddedT>(begun) == 1u);
  BOOST_TEST(last<events::MethodAddedT>(begun)->goal == "goal-1");
  const auto jobs = training.jobs();
  BOOST_REQUIRE(jobs.size() == 1u);
  const auto& job = *jobs[0].body.AsTrainJob();
  BOOST_REQUIRE(job.cards.size() == 1u);
  BOOST_TEST(job.cards[0]->text == proposal.cards[0]->text);
  BOOST_TEST(job.max_epochs == 8u);
}

BOOST_AUTO_TEST_CASE(a_change_that_does_best_is_changed_again_and_its_job_carries_the_whole_family) {
  Training training;
  training.baselines();
  auto context = cycle_of(0, {}, 2);
  const auto first = *training.offered(context, "search-change");
  training.done(assign(work_of("work-2", first, context)));
  training.done(trained(training.jobs().at(0).id, 8, 0.9));
  context = cycle_of(0, {}, 3);
  const auto* found = training.offered(context, "search-change");
  BOOST_REQUIRE(found);
  const auto second = *found;
  BOOST_TEST(second.cards.at(0)->parent == first.cards.at(0)->name);
  training.done(assign(work_of("work-3", second, context)));
  const auto jobs = training.jobs();
  BOOST_REQUIRE(jobs.size() == 1u);
  std::vector<std::string> names;
  for (const auto& card : jobs[0].body.AsTrainJob()->cards) names.push_back(card->name);
  BOOST_TEST(names == (std::vector<std::string>{second.cards[0]->name, first.cards[0]->name}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_change_is_tried_twice_on_the_same_data) {
  Training training;
  training.baselines();
  std::set<std::string> tried;
  for (std::uint32_t cycle = 2; cycle < 40; ++cycle) {
    const auto context = cycle_of(0, {}, cycle);
    const auto* found = training.offered(context, "search-change");
    if (!found) break;
    const auto proposal = *found;
    BOOST_TEST(tried.insert(proposal.configs.at(0)->method).second, proposal.configs.at(0)->method);
    training.done(assign(work_of("work-" + std::to_string(cycle), proposal, context)));
    training.done(trained(training.jobs().at(0).id, 8, 0.6));
  }
  BOOST_TEST(tried.size() > 10u);
}
