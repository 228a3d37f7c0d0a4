// Our DeepFM against what a widely used library gives on the same data: 0.7785 test AUC.
#include <boost/test/unit_test.hpp>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using nlohmann::json;

BOOST_AUTO_TEST_CASE(deepfm_on_ml_100k_reaches_the_published_auc) {
  const auto source = ml100k();
  if (source.empty()) {
    BOOST_TEST_MESSAGE("skipped: no ml-100k here; set AUTOMODEL_ML100K to the folder of ml-100k.inter");
    return;
  }
  TemporaryDirectory directory;
  const auto imported = run({"data", "import", source.string(), "--name", "ml-100k"}, directory.path());
  BOOST_REQUIRE_MESSAGE(imported.status == 0, imported.errors);
  const auto trained =
      run({"train", "--method", "deepfm", "--data", "ml-100k", "--split", "random", "--ratios", "0.8,0.1,0.1",
           "--label", "rating>=4", "--epochs", "8", "--batch", "2048", "--json"},
          directory.path(), std::chrono::seconds(300));
  BOOST_REQUIRE_MESSAGE(trained.status == 0, trained.output << trained.errors);
  const auto result = json::parse(trained.output);
  BOOST_TEST(result.at("test").at("auc").get<double>() >= 0.775);
  BOOST_TEST(result.at("epochs").get<int>() <= 8);
}
