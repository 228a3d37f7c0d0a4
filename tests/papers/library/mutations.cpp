// Changes of a card are cards: they compile, and their programs compute what their equations say.
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>
#include <sstream>

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

/// Small, so that scalar loops are quick.
CompileRequest small_settings(const Settings& settings) {
  CompileRequest request;
  for (const auto& [name, value] : {std::pair{"k", "4"}, {"T", "4"}, {"h", "3"}, {"hidden", "4,3"}})
    if (settings.contains(name)) request.settings[name] = value;
  return request;
}

double differs(const Mutation& mutation, const FindCard& find) {
  const auto whole = compile_card(mutation.name, mutation.text, {}, find);
  BOOST_TEST_REQUIRE(whole.problems.empty(), mutation.text);
  const auto card = compile_card(mutation.name, mutation.text, small_settings(whole.settings), find);
  BOOST_TEST_REQUIRE(card.problems.empty(), mutation.text);
  const auto difference = disagreement(card, recsys::made_up_inputs(3, 1, 1), 2, 5);
  BOOST_TEST_REQUIRE(difference.has_value(), mutation.text << (difference ? "" : to_string(difference.error())));
  return *difference;
}

/// The program without what says where it comes from, and the sizes of its weights.
std::string program(const Script& script) {
  std::string out;
  std::istringstream lines(script.text);
  for (std::string line; std::getline(lines, line);)
    if (const auto first = line.find_first_not_of(' '); first != std::string::npos && line[first] != '#') out += line + "\n";
  for (const auto& parameter : script.parameters) {
    out += parameter.name + ":";
    for (const auto size : parameter.shape) out += " " + std::to_string(size);
  }
  return out;
}

BOOST_AUTO_TEST_CASE(every_change_of_every_card_of_the_library_has_code_for_data_of_two_shapes_and_none_is_the_card_itself) {
  const std::vector<InputCounts> shapes = {{6, 4, 2, 100, 20, 30}, {9, 9, 0, 70, 5, 8}};
  std::size_t all = 0;
  for (const auto& entry : library()) {
    const auto name = std::string(entry.name);
    const auto parent = compile_card(name, std::string(entry.text), {}, with({}));
    const auto changes = mutations_of(name, with({}));
    std::set<std::string> names;
    for (const auto& mutation : changes) {
      BOOST_TEST_CONTEXT(mutation.name) {
        BOOST_TEST(names.insert(mutation.name).second);
        BOOST_TEST(!find_in_library(mutation.name).has_value());
        BOOST_TEST(mutation.text.find("extends = \"" + name + "\"") != std::string::npos);
        const auto card = compile_card(mutation.name, mutation.text, {}, with({}));
        BOOST_TEST_REQUIRE(card.problems.empty());
        BOOST_TEST(card.method.card.head.task == parent.method.card.head.task);
        for (const auto& shape : shapes) {
          const auto script = script_for(card, shape), before = script_for(parent, shape);
          BOOST_TEST_REQUIRE(script.has_value(), (script ? "" : to_string(script.error())));
          BOOST_TEST((!before || program(*script) != program(*before)));
        }
      }
    }
    BOOST_TEST_MESSAGE(name << ": " << changes.size());
    BOOST_TEST(!changes.empty(), name);
    all += changes.size();
  }
  BOOST_TEST_MESSAGE(all << " changes");
  BOOST_TEST(all > 600u);
}

BOOST_AUTO_TEST_CASE(changes_drawn_from_all_compute_what_their_equations_say) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937 random(seed);
    for (const auto& entry : library()) {
      const auto changes = mutations_of(std::string(entry.name), with({}));
      if (changes.empty()) continue;
      const auto& one = changes[random() % changes.size()];
      BOOST_TEST(differs(one, with({})) <= 1e-5, one.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(cards_of_every_shape_are_changed_where_they_can_be) {
  const auto has = [](const std::string& parent, const std::vector<std::string>& wanted) {
    std::map<std::string, Mutation> made;
    for (auto& mutation : mutations_of(parent, with({}))) made.emplace(mutation.name, mutation);
    for (const auto& name : wanted) {
      const auto found = made.find(name);
      BOOST_TEST_REQUIRE((found != made.end()), name);
      BOOST_TEST(differs(found->second, with({})) <= 1e-5, name);
    }
  };
  has("sasrec", {"sasrec-with-offset", "sasrec-with-taste", "sasrec-with-looking", "sasrec-gating-a", "sasrec-mixing-x", "sasrec-deeper-L"});
  has("mf-bpr", {"mf-bpr-with-pair", "mf-bpr-pair-for-term2"});
  has("din", {"din-with-pairs", "din-answer-reads-taste", "din-answer-without-part2", "din-f-on-cross", "din-gating-z", "din-wider-hidden", "din-deeper-hidden1"});
  has("dcnv2", {"dcnv2-mixing-x", "dcnv2-deeper-L"});
  has("lr", {"lr-with-pairs"});
  has("ipnn", {"ipnn-answer-reads-cross", "ipnn-z-on-attention"});
  has("deepfm", {"deepfm-deep-on-cross"});
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
