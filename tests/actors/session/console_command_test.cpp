#include <boost/test/unit_test.hpp>
#include <random>

#include "actors/session/console_command.hpp"

using namespace automodel;
using namespace automodel::actors;

namespace {

template <class T>
T parsed(std::string_view line) {
  auto request = parse_console_command(line);
  BOOST_REQUIRE_MESSAGE(request, line << ": " << (request ? "" : to_string(request.error())));
  BOOST_REQUIRE_MESSAGE(std::holds_alternative<T>(*request), line << " is of another kind");
  return std::get<T>(std::move(*request));
}

Error refused(std::string_view line) {
  auto request = parse_console_command(line);
  BOOST_REQUIRE_MESSAGE(!request, line << " was accepted");
  return request.error();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_goal_becomes_a_command_with_everything_that_was_asked) {
  const auto command = parsed<events::CommandT>(
      "goal --data movielens --metric ndcg10 --budget 10m --label 'rating >= 3.5' --max-latency-ms=5 "
      "--max-model-mb 2.5 "
      "--seed 7 --max-trials 20 --split random --ratios 0.7,0.1,0.2 --ask");
  const auto* body = command.body.AsSubmitGoal();
  BOOST_REQUIRE(body);
  const auto& goal = *body->goal;
  BOOST_TEST(goal.data->name == "movielens");
  BOOST_TEST(goal.data->label == "rating >= 3.5");
  BOOST_TEST((goal.data->split == events::SplitKind::Random));
  BOOST_TEST(goal.data->ratios[0] == 0.7);
  BOOST_TEST(goal.metric == "ndcg10");
  BOOST_TEST(goal.budget_seconds == 600.0);
  BOOST_TEST(goal.bounds->max_latency_ms == 5.0);
  BOOST_TEST(goal.bounds->max_model_mb == 2.5);
  BOOST_TEST(goal.seed == 7u);
  BOOST_TEST(goal.max_trials == 20u);
  BOOST_TEST(goal.ask);
}

BOOST_AUTO_TEST_CASE(start_is_a_goal_in_short) {
  const auto command = parsed<events::CommandT>("start movielens gauc 5m");
  const auto* body = command.body.AsSubmitGoal();
  BOOST_REQUIRE(body);
  BOOST_TEST(body->goal->metric == "gauc");
  BOOST_TEST(body->goal->budget_seconds == 300.0);
  BOOST_TEST(body->goal->data->label == "rating>=4");
}

BOOST_AUTO_TEST_CASE(orders_take_a_goal_and_a_reason_where_they_can) {
  BOOST_TEST(parsed<events::CommandT>("pause").body.AsPauseGoal()->goal.empty());
  BOOST_TEST(parsed<events::CommandT>("resume goal-3").body.AsResumeGoal()->goal == "goal-3");
  const auto stop = parsed<events::CommandT>("stop goal-1 good enough");
  BOOST_TEST(stop.body.AsStopGoal()->goal == "goal-1");
  BOOST_TEST(stop.body.AsStopGoal()->reason == "good enough");
  BOOST_TEST(parsed<events::CommandT>("rollback too slow").body.AsRollBack()->reason == "too slow");
  const auto move = parsed<events::CommandT>("migrate autotrain/main b");
  BOOST_TEST(move.body.AsMigrateAgent()->agent == "autotrain/main");
  BOOST_TEST(move.body.AsMigrateAgent()->node == "b");
  BOOST_TEST(!actors::parse_console_command("migrate autotrain/main"));
  BOOST_TEST(parsed<events::CommandT>("approve autotrain/c3/1").body.AsApproveProposal()->proposal ==
             "autotrain/c3/1");
  const auto veto = parsed<events::CommandT>("veto autotrain/c3/1 'no gender' please");
  BOOST_TEST(veto.body.AsVetoProposal()->proposal == "autotrain/c3/1");
  BOOST_TEST(veto.body.AsVetoProposal()->reason == "no gender please");
}

BOOST_AUTO_TEST_CASE(questions_keep_their_arguments) {
  BOOST_TEST(parsed<events::QuestionT>("status").topic == "status");
  const auto memory = parsed<events::QuestionT>("memory features 'mean(label | user)'");
  BOOST_TEST(memory.topic == "memory");
  BOOST_REQUIRE(memory.arguments.size() == 2u);
  BOOST_TEST(memory.arguments[1] == "mean(label | user)");
  BOOST_TEST(parsed<events::QuestionT>("explain champion").arguments[0] == "champion");
  const auto wish = parsed<events::RecommendT>("recommend 42");
  BOOST_TEST(wish.user == "42");
  BOOST_TEST(wish.k == 10u);
  BOOST_TEST(parsed<events::RecommendT>("recommend 42 3").k == 3u);
}

BOOST_AUTO_TEST_CASE(events_can_be_followed_and_filtered) {
  const auto show =
      parsed<ShowEvents>("events --follow --stream autotrain/main --kind TrialFinished --from 10");
  BOOST_TEST(show.follow);
  BOOST_TEST(show.read.stream == "autotrain/main");
  BOOST_TEST(show.read.kind == "TrialFinished");
  BOOST_TEST(show.read.from == 10u);
  const auto goal =
      parsed<ShowEvents>("events --correlation goal-1 --since 2026-11-23 --until=2026-11-23T14:05");
  BOOST_TEST(goal.read.correlation == "goal-1");
  BOOST_TEST(goal.read.since == "2026-11-23");
  BOOST_TEST(goal.read.until == "2026-11-23T14:05");
  BOOST_TEST(!parsed<ShowEvents>("events").follow);
  BOOST_TEST(refused("events --limit 0").code == "usage.arguments");
  BOOST_TEST(!refused("events --kind TrialFinishd").message.empty());
}

BOOST_AUTO_TEST_CASE(empty_lines_comments_help_and_quit_need_no_node) {
  parsed<Nothing>("");
  parsed<Nothing>("   \t ");
  parsed<Nothing>("# a comment");
  parsed<Quit>("quit");
  parsed<Quit>("exit");
  BOOST_TEST(parsed<ShowHelp>("help goal").topic == "goal");
  BOOST_TEST(console_help("").value().find("recommend") != std::string::npos);
  BOOST_TEST(console_help("veto").value().find("example:") != std::string::npos);
  BOOST_TEST(console_help("vto").error().hint == "did you mean 'veto'?");
}

BOOST_AUTO_TEST_CASE(a_wrong_command_gets_a_suggestion) {
  BOOST_TEST(refused("staus").code == "console.unknown_command");
  BOOST_TEST(refused("staus").hint == "did you mean 'status'?");
  BOOST_TEST(refused("xyzzy").hint == "help lists them");
  BOOST_TEST(refused("goal --dta movielens").hint == "did you mean '--data'?");
  BOOST_TEST(refused("start movielens acu").hint == "did you mean 'auc'?");
}

BOOST_AUTO_TEST_CASE(wrong_arguments_say_how_it_is_used) {
  for (const char* line :
       {"approve", "veto", "explain", "recommend", "recommend 1 x", "recommend 1 0", "goal --seed",
        "goal --data a --data b", "goal --data a --seed -1", "goal movielens", "status now", "pause tomorrow",
        "goal --data a --ask=yes", "start"})
    BOOST_TEST_CONTEXT(line) {
      const Error error = refused(line);
      BOOST_TEST(error.code == "usage.arguments");
      BOOST_TEST(error.hint.starts_with("usage: "));
    }
  BOOST_TEST(refused("goal --data 'a").code == "usage.open_quote");
  BOOST_TEST(refused("goal").code == "usage.missing");
  BOOST_TEST(refused("goal --data m --budget soon").code == "usage.bad_duration");
}

BOOST_AUTO_TEST_CASE(quotes_hold_words_together) {
  const auto words = split_words(R"(a 'b c' "d \" e" f\ g '' h"i"j)").value();
  const std::vector<std::string> expected = {"a", "b c", "d \" e", "f g", "", "hij"};
  BOOST_TEST(words == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_quoted_word_is_no_command_and_no_crash) {
  BOOST_TEST(refused("''").code == "console.unknown_command");
}

BOOST_AUTO_TEST_CASE(completion_gives_commands_flags_and_metrics) {
  const auto one = complete_console_command("expl");
  BOOST_REQUIRE(one.size() == 1u);
  BOOST_TEST(one[0] == "explain");
  BOOST_TEST(complete_console_command("goal --max-l").at(0) == "goal --max-latency-ms");
  BOOST_TEST(complete_console_command("goal --metric nd").at(0) == "goal --metric ndcg10");
  BOOST_TEST(complete_console_command("help rol").at(0) == "help rollback");
  BOOST_TEST(complete_console_command("status ").empty());
  BOOST_TEST(complete_console_command("").size() == 19u);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_or_understood_but_never_crashes) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {"goal",
                                           "events",
                                           "--",
                                           "--data",
                                           "=",
                                           "'",
                                           "\"",
                                           "\\",
                                           " ",
                                           "\t",
                                           "recommend",
                                           "-1",
                                           "999999999999999999999",
                                           "--follow",
                                           "\xff\xfe",
                                           "goal-",
                                           "help",
                                           "ü",
                                           "--seed",
                                           "0x10",
                                           "nan"};
  for (int round = 0; round < 3000; ++round) {
    std::string line;
    for (unsigned i = random() % 8; i > 0; --i) {
      line += pieces[random() % pieces.size()];
      if (random() % 2 == 0) line += ' ';
      if (random() % 8 == 0) line += static_cast<char>(random() % 256);
    }
    auto request = parse_console_command(line);
    if (!request) BOOST_TEST(!request.error().code.empty());
    complete_console_command(line);
  }
  BOOST_TEST(refused(std::string(5000, 'x')).code == "usage.too_long");
}
