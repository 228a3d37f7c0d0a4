#include <algorithm>

#include "tests/actors/autotrain/training.hpp"
#include "tests/actors/hindsight/replayed.hpp"

using namespace automodel;
using namespace automodel::tests;

namespace {

/// The baselines, then a search of four settings of which two go on to the second rung.
std::vector<events::Recorded> a_search() {
  Scenario<actors::AutoTrain> training("autotrain/main");
  const auto first_offer = [&](std::uint32_t cycle, const std::string& action) {
    const auto context = cycle_of(0, {}, cycle);
    const auto decision = training.done(request(context));
    for (const auto& proposal : last<events::ProposalsOfferedT>(decision)->proposals)
      if (proposal->action.starts_with(action))
        return work_of("work-" + std::to_string(cycle), *proposal, context);
    BOOST_FAIL("no " << action << " was offered");
    return events::WorkT{};
  };
  training.done(assign(first_offer(1, "baseline")));
  double value = 0.6;
  while (!training.jobs().empty()) training.done(trained(training.jobs()[0].id, 8, value += 0.01));
  training.done(assign(first_offer(2, "search-")));
  for (const auto& job : training.jobs()) training.done(trained(job.id, 2, value += 0.01));
  return recorded("autotrain/main", training.history());
}

}  // namespace

BOOST_AUTO_TEST_CASE(with_fewer_survivors_fewer_trials_go_on) {
  const auto history = a_search();
  const auto usual = judged(history);
  BOOST_TEST(usual.judged == 1u);
  BOOST_TEST(usual.agreed == 1u);
  BOOST_TEST(usual.decisions > 1u);
  for (const auto& kind : usual.others) BOOST_TEST(kind.why == "no parameter of a policy plays a part");
  actors::Policy harsh;
  harsh.autotrain.survivors = 0.25;
  const auto account = judged(history, harsh);
  BOOST_REQUIRE(account.partings.size() == 1u);
  BOOST_TEST(account.partings[0].recorded.size() == 2u);
  BOOST_REQUIRE(account.partings[0].other.size() == 1u);
  BOOST_TEST(account.partings[0].other[0].name == account.partings[0].recorded[0].name);
}
