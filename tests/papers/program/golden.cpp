// Three scripts that reviewers can read: see tests/golden/scripts/README.md.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "papers/compile.hpp"
#include "papers/library.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_golden_scripts)

/// The weights, then the script.
std::string shown(const Script& script) {
  std::string out;
  const auto line = [&](const std::string& what, const std::string& name,
                        const std::vector<std::int64_t>& shape, const std::string& init) {
    out += "# " + what + " " + name + " [";
    for (std::size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    out += "] " + init + "\n";
  };
  for (const auto& look_up : script.look_ups) line("look-up", look_up.name, look_up.shape, look_up.init);
  for (const auto& parameter : script.parameters)
    line("parameter", parameter.name, parameter.shape, parameter.init);
  return out + script.text;
}

BOOST_AUTO_TEST_CASE(the_scripts_of_three_cards_are_the_golden_ones_byte_for_byte) {
  for (const std::string name : {"deepfm", "dcnv2", "autoint"}) {
    const auto card = find_in_library(name);
    BOOST_TEST_REQUIRE(card.has_value());
    const auto script = script_for(compile_card(name, std::string(card->text)), {6, 4, 2, 100});
    BOOST_REQUIRE(script.has_value());
    const auto path = std::string(AUTOMODEL_SOURCE_DIR) + "/tests/golden/scripts/" + name + ".txt";
    if (std::getenv("AUTOMODEL_RENEW_GOLDEN_SCRIPTS") != nullptr) std::ofstream(path) << shown(*script);
    std::ifstream file(path);
    const std::string golden((std::istreambuf_iterator<char>(file)), {});
    BOOST_TEST(shown(*script) == golden);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
