#include "actors/knowledge/answer.hpp"

#include <exception>

#include "actors/knowledge/topics.hpp"
#include "storage/memory/query.hpp"

namespace automodel::actors {

namespace {

using namespace knowledge;

struct Topic {
  const char* name;
  Told (*tell)(const Asked&);
};
constexpr Topic topics[] = {{"status", status},   {"agents", agents},   {"proposals", proposals},
                            {"memory", memory},   {"explain", explain}, {"tried", tried},
                            {"nearest", nearest}, {"worked", worked},   {"failed", failed},
                            {"events", history}};

Told tell(const std::string& name, const Asked& asked) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& topic : topics) {
    if (name == topic.name) return topic.tell(asked);
    names.emplace_back(topic.name);
    list += (list.empty() ? "" : ", ") + names.back();
  }
  const auto meant = storage::nearest_name(name, names);
  return fail("knowledge.unknown_topic", "nothing is known about '" + name + "'", {},
              (meant.empty() ? "" : "did you mean '" + meant + "'? ") + ("topics are: " + list));
}

}  // namespace

events::AnswerT answer(const events::QuestionT& question, const storage::EventStore& store,
                       const storage::Memory& memory, NearTrials* near) {
  events::AnswerT answer;
  Told told;
  try {
    told = tell(question.topic, {question.arguments, store, memory, near});
    if (told) answer.json = told->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } catch (const std::exception& error) {  // of the JSON library: this folder's edge
    told = fail("knowledge.failed", "the answer could not be made: " + std::string(error.what()),
                question.topic);
  }
  if (!told) {
    answer.failure = std::make_unique<events::FailureT>();
    answer.failure->code = told.error().code;
    answer.failure->message = told.error().message;
    answer.failure->where = told.error().where;
    answer.failure->hint = told.error().hint;
  }
  return answer;
}

}  // namespace automodel::actors
