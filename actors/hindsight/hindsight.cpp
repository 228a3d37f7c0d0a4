#include "actors/hindsight/hindsight.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "actors/autoperf/steps.hpp"
#include "actors/autotrain/internal.hpp"
#include "actors/coordinator/rules.hpp"

namespace automodel::actors {
namespace {

using events::DecisionMadeT;

constexpr const char* no_parameter = "no parameter of a policy plays a part";
constexpr const char* settled_before = "what they rest on was settled trial by trial before";
constexpr const char* no_state = "the state before them does not hold what they are about";
constexpr const char* not_reproduced = "today's rules do not reproduce them under the policy of the record";

/// "Which configurations does … try?": words with digits or brackets are names of this one case.
std::string kind_of(const std::string& question) {
  std::istringstream words(question);
  std::string text, word;
  bool left_out = false;
  while (words >> word) {
    const bool name = word.find_first_of("0123456789()") != std::string::npos;
    if (name && left_out) continue;
    text += (text.empty() ? "" : " ") + (name ? std::string("…") : word);
    left_out = name;
  }
  return text;
}

std::string agent_of(const events::Recorded& event) { return event.stream.substr(0, event.stream.find('/')); }

template <class State>
const State* state_of(const std::map<std::string, State>& states, const std::string& stream) {
  const auto found = states.find(stream);
  return found == states.end() ? nullptr : &found->second;
}

bool close(double a, double b) {
  return a == b || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)) ||
         (std::isnan(a) && std::isnan(b));
}

/// The same options with the same scores, and the same choices.
bool reproduces(const Question& made, const DecisionMadeT& recorded) {
  if (made.choices != recorded.choices || made.options.size() != recorded.options.size()) return false;
  for (std::size_t i = 0; i < made.options.size(); ++i)
    if (!recorded.options[i] || made.options[i].name != recorded.options[i]->name ||
        !close(made.options[i].score, recorded.options[i]->score))
      return false;
  return true;
}

double recorded_score(const DecisionMadeT& decided, const std::string& name) {
  for (const auto& option : decided.options)
    if (option && option->name == name) return option->score;
  return 0;
}

double other_score(const Question& made, const std::string& name) {
  for (const auto& option : made.options)
    if (option.name == name) return option.score;
  return 0;
}

ScoredOption scored(const std::string& name, const DecisionMadeT& decided, const Question& other) {
  return {name, recorded_score(decided, name), other_score(other, name)};
}

bool same_choices(std::vector<ScoredOption> a, std::vector<ScoredOption> b) {
  const auto by_name = [](const auto& x, const auto& y) { return x.name < y.name; };
  std::sort(a.begin(), a.end(), by_name);
  std::sort(b.begin(), b.end(), by_name);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.name == y.name; });
}

}  // namespace

bool Retrospect::decide(const events::Recorded& event, const Policy& policy, Question& made,
                        std::string& why_not) const {
  const auto& decided = *event.event.body.AsDecisionMade();
  why_not = no_state;
  if (const auto* state = state_of(coordinators_, event.stream)) {
    if (!state->goal) return false;
    if (decided.question == coordinator::choose_question)
      made = coordinator::offers_question(*state, policy.coordinator);
    else if (decided.question == coordinator::evaluate_question)
      made = coordinator::candidates_question(*state, event.stream, policy.coordinator);
    else
      return why_not = no_parameter, false;
    return true;
  }
  if (const auto* state = state_of(trainers_, event.stream)) {
    if (!decided.question.starts_with("Which trials go on to ")) return why_not = no_parameter, false;
    const auto* work = autotrain::find_work(*state, decided.subject);
    if (!work) return false;
    made = autotrain::rung_question(*state, *work, event.stream, policy.autotrain);
    return true;
  }
  if (const auto* state = state_of(performers_, event.stream)) {
    for (const auto& work : state->works) {
      if (!work->model || work->model->id != decided.subject ||
          autoperf::next_step(*state, *work) != autoperf::Next::Judge)
        continue;
      made = autoperf::promotion_question(*state, *work, event.stream,
                                          autoperf::judgement_of(*state, *work, policy.autoperf));
      return true;
    }
    return false;
  }
  why_not = decided.question == "Which features are kept?" ? settled_before : no_parameter;
  return false;
}

void Retrospect::leave(const DecisionMadeT& decided, const std::string& why) {
  const auto kind = kind_of(decided.question);
  for (auto& known : account_.others)
    if (known.by == decided.by && known.question == kind && known.why == why) {
      ++known.count;
      return;
    }
  account_.others.push_back({decided.by, kind, why, 1});
}

void Retrospect::judge(const events::Recorded& event) {
  const auto& decided = *event.event.body.AsDecisionMade();
  ++account_.decisions;
  Question usual, other;
  std::string why_not;
  if (!decide(event, Policy{}, usual, why_not)) return leave(decided, why_not);
  if (!reproduces(usual, decided)) return leave(decided, not_reproduced);
  decide(event, policy_, other, why_not);
  ++account_.judged;
  Parting parting;
  for (const auto choice : usual.choices)
    parting.recorded.push_back(scored(usual.options.at(choice).name, decided, other));
  for (const auto choice : other.choices)
    parting.other.push_back(scored(other.options.at(choice).name, decided, other));
  if (same_choices(parting.recorded, parting.other)) {
    ++account_.agreed;
    return;
  }
  parting.sequence = event.sequence;
  parting.ref = events::reference(event.stream, event.version);
  parting.time = event.time;
  parting.by = decided.by;
  parting.question = decided.question;
  parting.subject = decided.subject;
  parting.why = other.rationale;
  account_.partings.push_back(std::move(parting));
}

void Retrospect::see(const events::Recorded& event) {
  if (event.event.body.AsDecisionMade()) judge(event);
  const auto agent = agent_of(event);
  if (agent == "coordinator") Coordinator::evolve(coordinators_[event.stream], event);
  if (agent == "autotrain") AutoTrain::evolve(trainers_[event.stream], event);
  if (agent == "autoperf") AutoPerf::evolve(performers_[event.stream], event);
}

}  // namespace automodel::actors
