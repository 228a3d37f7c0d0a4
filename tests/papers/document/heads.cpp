#include <boost/test/unit_test.hpp>

#include "papers/document/card.hpp"

using namespace automodel::papers;

namespace {

ReadCard with(const std::string& head) { return read_card("x.md", "+++\n" + head + "+++\n$x$\n"); }

std::string problem(const std::string& head) {
  const auto read = with(head);
  return read.problems.empty() ? "" : describe(read.problems[0], read.card.source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_heads)

BOOST_AUTO_TEST_CASE(everything_that_a_head_can_say_is_read) {
  const auto read = with(R"(method = "dcn-v2"
title = "DCN V2"
task = "ctr"
source = "WWW 2021"
extends = "dcn"
loss = "logloss"
output = '\hat{y}'
parameter_count = "1 + N + N*k"
remove = ["y_fm"]
[define]
d = "16"
m = 3
[parameters]
L = 3
k = { default = 10, range = [4, 64], meaning = "dimension" }
hidden = { default = [128, 128], choices = [[64], [128, 64]] }
[[claims]]
data = "criteo"
metric = "auc"
value = 0.8115
)");
  BOOST_REQUIRE(read.problems.empty());
  const auto& head = read.card.head;
  BOOST_TEST(head.method == "dcn-v2");
  BOOST_TEST(head.title == "DCN V2");
  BOOST_TEST(head.task == "ctr");
  BOOST_TEST(head.source == "WWW 2021");
  BOOST_TEST(head.extends == "dcn");
  BOOST_TEST(head.loss == "logloss");
  BOOST_TEST(head.output == "\\hat{y}");
  BOOST_TEST(head.parameters_formula == "1 + N + N*k");
  BOOST_TEST(head.remove.at(0).name == "y_fm");
  BOOST_TEST(head.define.at("d") == "16");
  BOOST_TEST(head.define.at("m") == "3");
  BOOST_REQUIRE_EQUAL(head.parameters.size(), 3u);
  BOOST_TEST(head.parameters[0].name == "L");
  BOOST_TEST(head.parameters[0].value.at(0) == 3);
  BOOST_TEST(!head.parameters[0].is_list);
  BOOST_TEST(head.parameters[1].name == "k");
  BOOST_TEST(head.parameters[1].meaning == "dimension");
  BOOST_TEST(*head.parameters[1].low == 4);
  BOOST_TEST(*head.parameters[1].high == 64);
  const std::vector<std::vector<double>> steps{{4}, {8}, {10}, {16}, {32}, {64}};
  BOOST_TEST((head.parameters[1].choices == steps));
  BOOST_TEST(head.parameters[2].is_list);
  BOOST_TEST(head.parameters[2].value.size() == 2u);
  BOOST_TEST(head.parameters[2].choices.at(1).at(1) == 64);
  BOOST_TEST(read.card.source.text_of(head.parameters[0].span) == "L = 3");
  BOOST_TEST(head.claims.at(0).data == "criteo");
  BOOST_TEST(head.claims.at(0).metric == "auc");
  BOOST_TEST(head.claims.at(0).value == 0.8115);
}

BOOST_AUTO_TEST_CASE(ranges_become_choices_in_steps) {
  const auto choices = [](const std::string& entry) {
    const auto read = with("method = \"x\"\n[parameters]\np = " + entry + "\n");
    BOOST_REQUIRE(read.problems.empty());
    std::vector<double> all;
    for (const auto& choice : read.card.head.parameters.at(0).choices) all.push_back(choice.at(0));
    return all;
  };
  BOOST_TEST((choices("{ default = 0.2, range = [0.0, 0.5] }") ==
              std::vector<double>{0, 0.125, 0.2, 0.25, 0.375, 0.5}));
  BOOST_TEST((choices("{ default = 2, range = [1, 4] }") == std::vector<double>{1, 2, 3, 4}));
  BOOST_TEST((choices("{ default = 8, range = [8, 64] }") == std::vector<double>{8, 16, 32, 64}));
  BOOST_TEST(choices("{ default = 0.001, range = [1e-6, 1.0] }").size() == 10u);
  BOOST_TEST(choices("{ default = 3 }").empty());
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_problems_with_the_nearest_known_one) {
  BOOST_TEST(problem("method = \"x\"\nlos = \"bpr\"\n") ==
             "x.md:3: the head knows no 'los'\n   3 | los = \"bpr\"\n     | ^~~\n   loss");
  const auto read = with("method = \"x\"\n[parameters]\nk = { default = 1, rnge = [1, 2] }\n");
  BOOST_REQUIRE_EQUAL(read.problems.size(), 1u);
  BOOST_TEST(read.problems[0].candidates.at(0) == "range");
  BOOST_TEST(read.card.source.text_of(read.problems[0].span) == "rnge");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_problems_at_their_place) {
  const auto first = [](const std::string& head) {
    const auto read = with(head);
    BOOST_REQUIRE(!read.problems.empty());
    BOOST_TEST(read.problems[0].code == "papers.head");
    return read.problems[0].message + " @" +
           std::to_string(read.card.source.line(read.problems[0].span.begin));
  };
  BOOST_TEST(first("task = \"ctr\"\n") == "the head does not say the method's name @2");
  BOOST_TEST(first("method = \"a b\"\n") == "a method's name has letters, digits and '-' @2");
  BOOST_TEST(first("method = 3\n") == "'method' is text in quotes @2");
  BOOST_TEST(first("method = \"x\"\nloss = \"hinge\"\n") == "no loss is called 'hinge' @3");
  BOOST_TEST(first("method = \"x\"\ntask = \"rating\"\n") == "no task is called 'rating' @3");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = { range = [1, 2] }\n") ==
             "parameter 'k': it has no default @4");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = { default = 9, range = [1, 2] }\n") ==
             "parameter 'k': its default is not within its range @4");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = { default = 1, range = [2, 1] }\n") ==
             "parameter 'k': its range is [low, high] @4");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = { default = [1], range = [2, 3] }\n") ==
             "parameter 'k': a list has choices, not a range @4");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = \"ten\"\n") ==
             "parameter 'k': a number or a list of numbers was expected @4");
  BOOST_TEST(first("method = \"x\"\n[parameters]\nk = { default = 1, choices = [[1]] }\n") ==
             "parameter 'k': its choices are of the kind of its default @4");
  BOOST_TEST(first("method = \"x\"\nremove = \"y\"\n") ==
             "'remove' is a list of text: remove = [\"y_fm\"] @3");
  BOOST_TEST(first("method = \"x\"\n[[claims]]\ndata = \"d\"\n") ==
             "a claim has data, metric and a value @3");
  BOOST_TEST(first("method = \"x\"\nk = = 3\n").find("the head is TOML: ") == 0u);
  BOOST_TEST(first("method = \"x\"\nk = = 3\n").find("@3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_card_without_a_head_or_its_end_is_a_problem) {
  BOOST_TEST(read_card("x", "$x$").problems.at(0).message ==
             "a card begins with its head, TOML between two lines of +++");
  BOOST_TEST(read_card("x", "+++\nmethod = \"x\"\n").problems.at(0).message ==
             "the head is not closed by a line of +++");
  BOOST_TEST(read_card("x", "").problems.size() == 1u);
  BOOST_TEST(read_card("x", "\xEF\xBB\xBF+++\r\nmethod = \"x\"\r\n+++\r\n$x$").problems.empty());
}

BOOST_AUTO_TEST_CASE(heads_that_would_take_the_stack_are_refused) {
  std::string dots = "a";
  for (int i = 0; i < 20'000; ++i) dots += ".a";
  BOOST_TEST(with(dots + " = 1\n").problems.at(0).code == "papers.too_large");
  BOOST_TEST(with("a = " + std::string(20'000, '[') + "\n").problems.at(0).code == "papers.head");
  BOOST_TEST(with("# " + std::string(70'000, 'x') + "\n").problems.at(0).code == "papers.too_large");
}

BOOST_AUTO_TEST_SUITE_END()
