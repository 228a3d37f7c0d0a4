// Models that older programs wrote: tests/golden/models/README.md says what they are.
#include <boost/test/unit_test.hpp>
#include <sstream>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "recsys/models/checkpoint.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(GOLDEN_MODELS) + "/" + name, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  BOOST_REQUIRE_MESSAGE(!out.str().empty(), name);
  return out.str();
}

std::map<std::string, std::vector<float>> recorded_scores() {
  std::map<std::string, std::vector<float>> out;
  std::istringstream lines(file("scores.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (float score = 0; words >> score;) out[name].push_back(score);
  }
  return out;
}

/// The same bytes with other contents and the checksum that these need.
std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  const auto sum = XXH3_64bits(bytes.data(), bytes.size());
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(sum >> (8 * i));
  return bytes;
}

struct World {
  SmallWorld world{{"count(user)", "mean(label | item)"}};
  std::map<std::string, std::vector<float>> recorded = recorded_scores();

  double farthest(const std::string& bytes, const std::string& name) const {
    const auto scorer = world.load(bytes);
    BOOST_REQUIRE_MESSAGE(scorer, name << ": " << (scorer ? "" : to_string(scorer.error())));
    const auto scores = scorer->score_rows(world.parts.tuning).value();
    double out = 0;
    for (std::size_t i = 0; i < recorded.at(name).size(); ++i)
      out = std::max(out, std::abs(static_cast<double>(scores.at(i)) - recorded.at(name)[i]));
    return out;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(golden_models, World)

BOOST_AUTO_TEST_CASE(every_model_of_format_1_opens_and_scores_as_it_did) {
  BOOST_TEST(recorded.size() == 8U);
  for (const auto& [name, scores] : recorded) {
    BOOST_TEST(scores.size() == 20U);
    BOOST_TEST(farthest(file(name + ".model"), name) < 1e-6, name);
  }
}

BOOST_AUTO_TEST_CASE(a_model_of_format_1_is_written_again_with_its_program) {
  for (const auto* name : {"lr", "fm", "fm-int8", "deepfm", "deepfm-int8", "dcnv2"}) {
    const auto opened = read_checkpoint(file(std::string(name) + ".model")).value();
    BOOST_REQUIRE(opened.program);
    const auto again = write_checkpoint(opened);
    BOOST_TEST(again.starts_with("AMMODEL2"));
    BOOST_TEST(farthest(again, name) < 1e-6, name);
  }
}

BOOST_AUTO_TEST_CASE(a_model_of_format_1_is_quantised_as_it_was) {
  for (const std::string name : {"fm", "deepfm"}) {
    const auto small = quantize_embeddings(file(name + ".model"));
    BOOST_REQUIRE(small);
    BOOST_TEST(farthest(*small, name + "-int8") < 1e-6, name);
  }
}

BOOST_AUTO_TEST_CASE(a_training_of_format_1_goes_on) {
  for (const std::string name : {"deepfm", "dcnv2"}) {
    auto how = SmallWorld::options(name, 6);
    how.settings["dim"] = "4";
    how.settings["hidden"] = "8,6";
    how.resume = file(name + "-3-epochs.resume");
    const auto trained = world.trained(how, world.parts.tuning);
    BOOST_REQUIRE_MESSAGE(trained, (trained ? "" : to_string(trained.error())));
    BOOST_TEST(trained->epochs.front().epoch == 4U);
    // Sums are taken in another order now, and steps of Adam make more of that. Where there is dropout, other units
    // are silenced than would have been then.
    BOOST_TEST(farthest(trained->checkpoint, name) < (name == "deepfm" ? 0.1 : 1e-4), name);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_method_of_format_1_is_refused) {
  auto bytes = file("fm.model");
  const std::string method = R"("method":"fm")";
  bytes.replace(bytes.find(method), method.size(), R"("method":"fn")");
  const auto refused = read_checkpoint(sealed(bytes));
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == "serving.bad_checkpoint");
  BOOST_TEST(refused.error().message.find("'fn'") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
