// The first thing that a user does: one command, and the champion is better than what there was.
#include <boost/test/unit_test.hpp>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using nlohmann::json;

BOOST_AUTO_TEST_CASE(a_minute_on_movielens_beats_every_default_method_and_says_why) {
  TemporaryDirectory directory;
  import_movielens(directory.path());
  const auto finished = run({"evolve", "--data", "movielens", "--goal", "auc", "--budget", "90s", "--seed",
                             "1", "--store", "store", "--json"},
                            directory.path(), std::chrono::seconds(240));
  BOOST_REQUIRE_MESSAGE(finished.status == 0, finished.output << finished.errors);
  const auto report = json::parse(finished.output.substr(finished.output.find('{')));
  BOOST_TEST(report.at("champion").at("test").at("auc").get<double>() >= 0.835);
  BOOST_TEST(report.at("gain").at("ci").at(0).get<double>() > 0);
  BOOST_TEST(report.at("baselines").size() >= 6u);
  BOOST_TEST(report.at("features_kept").get<int>() >= 2);
  BOOST_TEST(report.at("negative_results").get<int>() >= 1);

  const auto verified = run({"replay", "--store", "store", "--verify", "--json"}, directory.path());
  BOOST_REQUIRE_MESSAGE(verified.status == 0, verified.output << verified.errors);
  BOOST_TEST(json::parse(verified.output).at("match").get<bool>());

  const auto explained = run({"explain", "champion", "--store", "store"}, directory.path());
  BOOST_TEST(explained.status == 0);
  for (const auto* step : {"GoalAccepted", "DecisionMade", "TrialFinished", "ModelPromoted"})
    BOOST_TEST(explained.output.find(step) != std::string::npos, "explain champion lacks " << step);

  const auto recommended =
      run({"recommend", "--user", "15", "--k", "10", "--store", "store", "--json"}, directory.path());
  BOOST_REQUIRE_MESSAGE(recommended.status == 0, recommended.output << recommended.errors);
  BOOST_TEST(json::parse(recommended.output).at("items").size() == 10u);
}
