// Changes of a card are cards: they compile, and their programs compute what their equations say.
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "papers/checks.hpp"
#include "papers/library.hpp"
#include "papers/mutation.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(mutations)

using Texts = std::map<std::string, std::string>;

/// Cards of the library and these.
FindCard with(Texts cards) {
  return [cards = std::move(cards), library = relatives_of("x")](const std::string& name) -> Result<std::string> {
    if (const auto at = cards.find(name); at != cards.end()) return at->second;
    return library(name);
  };
}

double differs(const Mutation& mutation, const FindCard& find) {
  const auto card = compile_card(mutation.name, mutation.text, {{{"k", "4"}}, {}}, find);
  BOOST_TEST_REQUIRE(card.problems.empty(), mutation.text);
  const auto difference = disagreement(card, recsys::made_up_inputs(3, 1, 1), 2, 5);
  BOOST_TEST_REQUIRE(difference.has_value(), mutation.text << (difference ? "" : to_string(difference.error())));
  return *difference;
}

BOOST_AUTO_TEST_CASE(nearly_every_card_of_the_library_can_be_changed_and_no_name_comes_twice) {
  std::size_t changed = 0;
  for (const auto& entry : library()) {
    const auto all = mutations_of(std::string(entry.name), with({}));
    std::set<std::string> names;
    for (const auto& mutation : all) {
      BOOST_TEST(names.insert(mutation.name).second, mutation.name);
      BOOST_TEST(!find_in_library(mutation.name).has_value(), mutation.name);
      BOOST_TEST(mutation.text.find("extends = \"" + std::string(entry.name) + "\"") != std::string::npos);
    }
    BOOST_TEST_MESSAGE(entry.name << ": " << all.size());
    if (!all.empty()) ++changed;
  }
  BOOST_TEST(changed >= 24u);
}

BOOST_AUTO_TEST_CASE(every_change_of_fm_computes_what_its_equations_say) {
  for (const auto& mutation : mutations_of("fm", with({}))) BOOST_TEST(differs(mutation, with({})) <= 1e-5, mutation.name);
}

BOOST_AUTO_TEST_CASE(summands_with_names_are_swapped_taken_away_and_gated) {
  std::map<std::string, Mutation> made;
  for (auto& mutation : mutations_of("deepfm", with({}))) made.emplace(mutation.name, mutation);
  for (const auto* name : {"deepfm-with-cross", "deepfm-cross-for-fm", "deepfm-without-fm", "deepfm-gating-deep"}) {
    const auto found = made.find(name);
    BOOST_TEST_REQUIRE((found != made.end()), name);
    BOOST_TEST(differs(found->second, with({})) <= 1e-5, name);
  }
  BOOST_TEST(made.at("deepfm-without-fm").change == "leaves $y_{\\mathrm{fm}}$ out of the answer of deepfm");
  const InputCounts inputs{6, 4, 2, 100};
  const auto count = [&](const std::string& name, const std::string& text) {
    std::int64_t sum = 0;
    const auto script = script_for(compile_card(name, text, {}, with({})), inputs);
    BOOST_TEST_REQUIRE(script.has_value());
    for (const auto& parameter : script->parameters) {
      std::int64_t size = 1;
      for (const auto length : parameter.shape) size *= length;
      sum += size;
    }
    return sum;
  };
  const auto parent = count("deepfm", *card_text("deepfm"));
  BOOST_TEST(count("x", made.at("deepfm-without-fm").text) == parent);
  BOOST_TEST(count("x", made.at("deepfm-with-cross").text) == parent + 2 * (60 * 60 + 60) + 60);
}

BOOST_AUTO_TEST_CASE(a_change_can_be_changed_again) {
  const auto children = mutations_of("lr", with({}));
  BOOST_TEST(children.empty());  // no embeddings that could meet
  const auto first = mutations_of("fm", with({})).front();
  const auto find = with({{first.name, first.text}});
  const auto second = mutations_of(first.name, find);
  BOOST_TEST_REQUIRE(!second.empty());
  const auto& deep = *std::find_if(second.begin(), second.end(), [](const auto& one) { return one.name.ends_with("with-deep"); });
  BOOST_TEST(deep.name == first.name + "-with-deep");
  BOOST_TEST(differs(deep, find) <= 1e-5);
}

BOOST_AUTO_TEST_CASE(what_nobody_knows_has_no_changes) { BOOST_TEST(mutations_of("no-such-card", with({})).empty()); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
