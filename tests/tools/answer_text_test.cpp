#include "tools/automodel/answer_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace automodel;
using namespace automodel::tools;

BOOST_AUTO_TEST_CASE(an_object_is_shown_line_by_line) {
  const std::string text = answer_text("status", R"({"goal":"goal-1","trials":12})");
  BOOST_TEST(text == "goal    goal-1\ntrials  12\n");
}

BOOST_AUTO_TEST_CASE(rows_are_shown_as_a_table_with_the_columns_that_were_asked_for) {
  const std::string text = answer_text(
      "memory",
      R"({"table":"trials","columns":["trial","auc"],"rows":[{"trial":"trial-1","auc":0.8,"other":1}]})");
  BOOST_TEST(text.find("trial-1") != std::string::npos);
  BOOST_TEST(text.find("other") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_explanation_is_numbered_and_names_its_evidence) {
  const std::string text = answer_text(
      "explain",
      R"({"id":"x","title":"Why x","steps":[{"kind":"DecisionMade","ref":"a/main#1","text":"chose x","evidence":["b/main#2"]}]})");
  BOOST_TEST(text.find("Why x") == 0u);
  BOOST_TEST(text.find("1. chose x") != std::string::npos);
  BOOST_TEST(text.find("b/main#2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(anything_else_is_shown_and_never_crashes) {
  BOOST_TEST(answer_text("status", "not json") == "not json\n");
  BOOST_TEST(answer_text("agents", "[]") == "nothing found\n");
  for (const char* text : {"null", "3", "\"x\"", "[1,2]", "{}", R"({"rows":[]})", R"({"rows":[1,"a",null]})",
                           R"({"steps":[1]})", R"([[1],[2]])"})
    BOOST_CHECK_NO_THROW(answer_text("memory", text));
  BOOST_CHECK_NO_THROW(answer_text("explain", R"({"title":3,"steps":["x"]})"));
}

BOOST_AUTO_TEST_CASE(recommendations_whose_scores_go_up_again_say_why) {
  events::RecommendationsT items;
  for (const float score : {0.5F, 0.3F, 0.3F, 0.4F}) {
    auto item = std::make_unique<events::RecommendedItemT>();
    item->score = score;
    items.items.push_back(std::move(item));
  }
  BOOST_TEST(recommendations_text(items).find("spread over categories") != std::string::npos);
  items.items.pop_back();
  BOOST_TEST(recommendations_text(items).find("spread over categories") == std::string::npos);
}
