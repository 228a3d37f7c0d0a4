// Goals that ask what is found among all items: only methods that rank are tried, for longer, and without features.
#include <algorithm>
#include <set>

#include "actors/autotrain/search_space.hpp"
#include "training.hpp"

using namespace automodel;
using namespace automodel::tests;
using actors::AutoTrain;

namespace {

struct Ranking : Scenario<AutoTrain> {
  Ranking() : Scenario<AutoTrain>("autotrain/main") {}

  std::vector<events::ProposalT> offered(const events::CycleContextT& context) {
    const auto decision = done(request(context));
    std::vector<events::ProposalT> out;
    for (const auto& proposal : last<events::ProposalsOfferedT>(decision)->proposals) out.push_back(*proposal);
    return out;
  }
  void baselines() {
    const auto context = ranking_cycle_of();
    done(assign(work_of("work-1", offered(context).at(0), context)));
    double value = 0.1;
    for (const auto& job : jobs()) done(trained(job.id, 40, value += 0.001, false, "catalogue_ndcg10"));
  }
};

std::vector<std::string> methods_of(const events::ProposalT& proposal) {
  std::vector<std::string> out;
  for (const auto& config : proposal.configs) out.push_back(config->method);
  return out;
}

std::set<std::string> methods_that_rank() {
  std::set<std::string> out{"popularity", "itemknn", "ease"};
  for (const auto& method : actors::autotrain::library_methods())
    if (method.ranks) out.insert(method.name);
  return out;
}

const std::string card = R"(+++
method = "mine"
task = "ranking"
loss = "bpr"
negatives = 1
[parameters]
k = { default = 8, choices = [8, 16] }
+++
Each user $u$ has an embedding $\mathbf{p}_u \in \mathbb{R}^{k}$, each item $v$ has an embedding $\mathbf{q}_v \in \mathbb{R}^{k}$.

$$ \hat{y}_{u,v} = \langle \mathbf{p}_u, \mathbf{q}_v \rangle $$
)";

}  // namespace

BOOST_AUTO_TEST_CASE(a_goal_that_asks_for_a_ranking_opens_with_methods_that_rank_and_trains_them_for_long) {
  Ranking ranking;
  const auto context = ranking_cycle_of();
  const auto proposals = ranking.offered(context);
  BOOST_REQUIRE_EQUAL(proposals.size(), 1u);
  BOOST_TEST(methods_of(proposals[0]) == (std::vector<std::string>{"caser", "mf-bpr", "mult-dae", "popularity", "itemknn", "ease"}),
             boost::test_tools::per_element());
  ranking.done(assign(work_of("work-1", proposals[0], context)));
  for (const auto& job : ranking.jobs()) {
    BOOST_TEST(job.metric == "catalogue_ndcg10");
    BOOST_TEST(job.body.AsTrainJob()->max_epochs == 40u);
    BOOST_TEST(job.body.AsTrainJob()->patience == 5u);
  }
}

BOOST_AUTO_TEST_CASE(what_is_offered_later_for_a_ranking_ranks_too_and_a_change_of_it_does) {
  Ranking ranking;
  ranking.baselines();
  const auto known = methods_that_rank();
  std::set<std::string> actions;
  for (const auto& proposal : ranking.offered(ranking_cycle_of(2))) {
    actions.insert(proposal.action);
    BOOST_TEST(!proposal.configs.empty());
    for (const auto& config : proposal.configs) {
      BOOST_TEST(config->features.empty());
      if (proposal.cards.empty()) BOOST_TEST(known.contains(config->method), config->method);
    }
    for (const auto& changed : proposal.cards) {
      BOOST_TEST(known.contains(changed->parent), changed->parent);
      const auto method = actors::autotrain::search_method(*changed, actors::autotrain::find_card({}));
      BOOST_REQUIRE(method.has_value());
      BOOST_TEST(method->ranks);
    }
  }
  for (const std::string wanted : {"search-mult-dae", "search-new", "search-change"}) BOOST_TEST(actions.contains(wanted), wanted);
}

BOOST_AUTO_TEST_CASE(a_search_of_a_ranking_goes_on_in_longer_rungs) {
  Ranking ranking;
  ranking.baselines();
  const auto context = ranking_cycle_of(2);
  for (const auto& proposal : ranking.offered(context)) {
    if (proposal.action != "search-mult-dae") continue;
    ranking.done(assign(work_of("work-2", proposal, context)));
    std::uint32_t longest = 0;
    for (int rung = 0; rung < 3 && !ranking.jobs().empty(); ++rung) {
      double value = 0.2;
      for (const auto& job : ranking.jobs()) {
        longest = std::max(longest, job.body.AsTrainJob()->max_epochs);
        BOOST_TEST(job.body.AsTrainJob()->max_epochs == 10u << rung);
        ranking.done(trained(job.id, 10U << rung, value += 0.001, false, "catalogue_ndcg10"));
      }
    }
    BOOST_TEST(longest == 40u);
    return;
  }
  BOOST_FAIL("no search was offered");
}

BOOST_AUTO_TEST_CASE(a_persons_card_that_ranks_is_tried_for_rankings_and_never_for_labels_of_rows) {
  Ranking ranking;
  BOOST_TEST(count<events::MethodAddedT>(ranking.done(add("mine", card))) == 1u);
  ranking.baselines();
  const auto offers = [&](const events::CycleContextT& context) {
    for (const auto& proposal : ranking.offered(context))
      if (proposal.action == "search-new") return methods_of(proposal);
    return std::vector<std::string>{};
  };
  BOOST_TEST(offers(ranking_cycle_of(2)) == std::vector<std::string>{"mine"}, boost::test_tools::per_element());
  const auto rows = cycle_of();
  ranking.done(assign(work_of("work-9", ranking.offered(rows).at(0), rows)));
  for (const auto& job : ranking.jobs()) ranking.done(trained(job.id, 8, 0.7));
  const auto found = offers(cycle_of(0, {}, 2));
  BOOST_REQUIRE(!found.empty());
  BOOST_TEST(!methods_that_rank().contains(found[0]), found[0]);
  BOOST_TEST(found[0] != "mine");
}
