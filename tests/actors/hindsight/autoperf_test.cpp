#include <algorithm>

#include "tests/actors/autoperf/world.hpp"
#include "tests/actors/hindsight/replayed.hpp"

using namespace automodel;
using namespace automodel::tests;

namespace {

/// One model serves, a second one was promoted with a probability of 0.83 of being better.
std::vector<events::Recorded> promoted_narrowly() {
  Scenario<actors::AutoPerf> perf("autoperf/main");
  const auto finish = [&](const auto& body) { perf.done(result_of(perf.jobs().at(0).id, body)); };
  perf.done(assign("work-1", "evaluate", model("first", 4000)));
  finish(measured());
  perf.done(assign("work-2", "evaluate", model("second", 4000)));
  finish(measured());
  finish(compared(difference(0.0025, -0.0025, 0.0075)));
  return recorded("autoperf/main", perf.history());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stricter_promotion_refuses_what_was_promoted) {
  const auto history = promoted_narrowly();
  BOOST_TEST(judged(history).agreed == 2u);
  actors::Policy strict;
  strict.autoperf.enough_probability = 0.95;
  const auto account = judged(history, strict);
  BOOST_TEST(account.judged == 2u);
  BOOST_TEST(account.agreed == 1u);  // where nothing serves, anything does
  BOOST_REQUIRE(account.partings.size() == 1u);
  const auto& parting = account.partings[0];
  BOOST_TEST(parting.subject == "second");
  BOOST_TEST(parting.recorded.at(0).name == "promote");
  BOOST_TEST(parting.other.at(0).name == "refuse");
  BOOST_TEST(parting.why.find("0.95 is asked for") != std::string::npos, parting.why);
}
