#include "tools/automodel/goal_data.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/actors/small_data.hpp"

using namespace automodel;

BOOST_AUTO_TEST_CASE(a_goal_is_checked_on_the_slices_that_its_jobs_use_whatever_its_seed) {
  // So few rows that a slice of a random split has one class for one seed, and both for another.
  const test::SmallData small(60);
  const auto data = recsys::Dataset::open(small.directory() / "small").value();
  std::set<std::string> answers;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    events::GoalT goal;
    goal.data = std::make_unique<events::DataRefT>(small.ref());
    goal.data->split = events::SplitKind::Random;
    goal.seed = seed;
    const auto commands = tools::commands_for(data, goal);
    answers.insert(commands ? "accepted" : to_string(commands.error()));
  }
  BOOST_TEST(answers.size() == 1u);
}
