#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>

#include "actors/runtime/decider.hpp"
#include "actors/runtime/messages.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;

namespace {

struct Config : caf::actor_system_config {
  Config() { add_message_types<caf::id_block::automodel>(); }
};

struct Fixture {
  Config config;
  caf::actor_system system{config};

  template <class T>
  void round_trip(const T& value) {
    const auto packed = events::pack(value);
    std::vector<char> bytes;
    caf::binary_serializer sink{system, bytes};
    auto message = caf::make_message(value);
    BOOST_TEST(!sink(message));
    BOOST_TEST(bytes.size() >= packed.size());
    caf::message again;
    caf::binary_deserializer source{system, bytes};
    BOOST_TEST(!source(again));
    BOOST_REQUIRE(again.match_elements<T>());
    BOOST_TEST((events::pack(again.get_as<T>(0)) == packed));
  }
};

events::CommandT example() {
  events::SubmitGoalT goal;
  goal.rows = 7;
  goal.goal = events::testing::some_goal();
  goal.goal->metric = "auc";
  auto command = actors::command_of(std::move(goal), "goal-1");
  command.sender = "console";
  command.number = 3;
  return command;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(every_registered_message_survives_the_way_to_another_process, Fixture) {
  round_trip(example());
  events::ReplyT reply;
  reply.accepted = true;
  reply.subject = "goal-1";
  round_trip(reply);
  round_trip(actors::message_to("autotrain/main", events::CancelWorkT{}));
  events::AddMethodT added;
  added.card = std::make_unique<events::CardT>();
  added.card->text = "+++";
  round_trip(actors::message_to("autotrain/main", std::move(added)));
  events::JobT job;
  job.id = "job-1";
  job.data = events::testing::some_data();
  job.body.Set(events::ProfileJobT{});
  round_trip(job);
  events::JobProgressT progress;
  progress.epoch = std::make_unique<events::EpochReportT>();
  progress.epoch->epoch = 4;
  round_trip(progress);
  events::JobResultT result;
  result.body.Set(events::ProfileResultT{});
  round_trip(result);
  events::QuestionT question;
  question.topic = "status";
  question.arguments = {"a", "b"};
  round_trip(question);
  events::AnswerT answer;
  answer.json = "{}";
  round_trip(answer);
  events::RecommendT recommend;
  recommend.user = "1";
  round_trip(recommend);
  events::RecommendationsT recommendations;
  recommendations.model = "trial-1";
  round_trip(recommendations);
  events::ModelRefT model;
  model.id = "trial-1";
  round_trip(model);
  events::DataRefT data;
  data.name = "movielens";
  round_trip(data);
}

BOOST_FIXTURE_TEST_CASE(bytes_that_do_not_verify_are_an_error, Fixture) {
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  auto value = example();
  BOOST_TEST(!sink(value));
  for (std::size_t i = bytes.size() / 4; i < bytes.size(); ++i) bytes[i] = static_cast<char>(0xff);
  events::CommandT again;
  caf::binary_deserializer source{system, bytes};
  BOOST_TEST(bool(source(again)));
}
