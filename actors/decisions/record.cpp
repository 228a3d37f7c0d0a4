#include "actors/decisions/record.hpp"

#include <cmath>
#include <cstdio>

namespace automodel::actors {

std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string result = text;
  if (result.find('.') != std::string::npos) {
    while (result.back() == '0') result.pop_back();
    if (result.back() == '.') result.pop_back();
  }
  return result == "-0" ? "0" : result;
}

std::string signed_number(double value, int digits) {
  std::string text = number(value, digits);
  return text[0] == '-' || text == "0" ? text : "+" + text;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

events::OptionT option(std::string name, std::string detail, double score, double expected_gain,
                       double expected_cost) {
  events::OptionT made;
  made.name = std::move(name);
  made.detail = std::move(detail);
  made.score = score;
  made.expected_gain = expected_gain;
  made.expected_cost = expected_cost;
  return made;
}

events::EventRefT own_event(const Context& context, std::uint64_t version) {
  events::EventRefT ref;
  ref.stream = context.stream;
  ref.version = version;
  return ref;
}

events::EventRefT next_event(const Context& context, const Decision& decision) {
  return own_event(context, context.version + decision.events.size() + 1);
}

events::DecisionMadeT decision_record(const Question& question) {
  events::DecisionMadeT made;
  made.by = question.by;
  made.question = question.question;
  made.subject = question.subject;
  made.options = boxed(question.options);
  made.choices = question.choices;
  made.rationale = question.rationale;
  made.evidence = boxed(question.evidence);
  for (auto choice : question.choices) {
    made.expected_gain += question.options.at(choice).expected_gain;
    made.expected_cost += question.options.at(choice).expected_cost;
  }
  return made;
}

events::EventRefT record_decision(Decision& decision, const Context& context, const Question& question) {
  auto ref = next_event(context, decision);
  decision.events.push_back(event_of(decision_record(question)));
  return ref;
}

events::OutcomeObservedT outcome(const events::EventRefT& decided, std::string subject, std::string what,
                                 events::Verdict verdict, std::string conclusion,
                                 const std::vector<events::EventRefT>& evidence) {
  events::OutcomeObservedT seen;
  seen.decision = std::make_unique<events::EventRefT>(decided);
  seen.subject = std::move(subject);
  seen.what = std::move(what);
  seen.verdict = verdict;
  seen.conclusion = std::move(conclusion);
  seen.evidence = boxed(evidence);
  return seen;
}

events::OutcomeObservedT with_inner(events::OutcomeObservedT seen, double reward) {
  seen.has_inner = true;
  seen.inner_reward = reward;
  return seen;
}

events::OutcomeObservedT with_outer(events::OutcomeObservedT seen, double reward) {
  seen.has_outer = true;
  seen.outer_reward = reward;
  return seen;
}

events::Verdict verdict_of(double reward, double threshold) {
  if (reward > threshold) return events::Verdict::Better;
  return reward < -threshold ? events::Verdict::Worse : events::Verdict::NoDifference;
}

bool same_data(const events::DataRefT& a, const events::DataRefT& b) {
  return a.hash == b.hash && a.label == b.label && a.split == b.split && a.ratios == b.ratios;
}

const events::MetricT* find_metric(const std::vector<std::unique_ptr<events::MetricT>>& metrics,
                                   std::string_view name) {
  for (const auto& metric : metrics)
    if (metric && metric->name == name) return metric.get();
  return nullptr;
}

double metric_value(const std::vector<std::unique_ptr<events::MetricT>>& metrics, std::string_view name,
                    double missing) {
  const auto* metric = find_metric(metrics, name);
  return metric ? metric->value : missing;
}

}  // namespace automodel::actors
