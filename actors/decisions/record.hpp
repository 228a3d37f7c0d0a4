// Building the two records that every agent owes: DecisionMade and OutcomeObserved. And words for rationales.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

/// "0.0123": at least `digits` decimals' worth, no trailing zeros, "0" for nothing. Signed: "+0.0123".
std::string number(double value, int digits = 4);
std::string signed_number(double value, int digits = 4);
/// "3 trials", "1 trial".
std::string counted(std::size_t count, std::string_view noun);

events::OptionT option(std::string name, std::string detail, double score = 0, double expected_gain = 0,
                       double expected_cost = 0);

/// The name that the next event of `decision` will have in the agent's stream.
events::EventRefT next_event(const Context& context, const Decision& decision);
/// A reference in the agent's own stream.
events::EventRefT own_event(const Context& context, std::uint64_t version);

/// Appends a DecisionMade and returns its reference. Expected gain and cost are sums over the choices.
///
///   auto ref = record_decision(decision, context, {.by = "autotrain", .question = "…", .options = {…}, …});
struct Question {
  std::string by{};
  std::string question{};
  std::string subject{};
  std::vector<events::OptionT> options{};
  std::vector<std::uint32_t> choices{};
  std::string rationale{};
  std::vector<events::EventRefT> evidence{};
};
/// The record alone.
events::DecisionMadeT decision_record(const Question& question);
events::EventRefT record_decision(Decision& decision, const Context& context, const Question& question);

/// An outcome of `decided`; rewards are set with `with_inner` and `with_outer`.
events::OutcomeObservedT outcome(const events::EventRefT& decided, std::string subject, std::string what,
                                 events::Verdict verdict, std::string conclusion,
                                 const std::vector<events::EventRefT>& evidence = {});
events::OutcomeObservedT with_inner(events::OutcomeObservedT outcome, double reward);
events::OutcomeObservedT with_outer(events::OutcomeObservedT outcome, double reward);

/// Better above `threshold`, Worse below -threshold, NoDifference between.
events::Verdict verdict_of(double reward, double threshold = 0);

/// The value of the metric `name`; `missing` where it is not there.
double metric_value(const std::vector<std::unique_ptr<events::MetricT>>& metrics, std::string_view name,
                    double missing = 0);
const events::MetricT* find_metric(const std::vector<std::unique_ptr<events::MetricT>>& metrics,
                                   std::string_view name);

/// Whether both name the same rows with the same labels and the same cut (whatever the data set is called).
bool same_data(const events::DataRefT& a, const events::DataRefT& b);

/// Deep copies for the pointers of generated object types; null stays null.
template <class T>
std::unique_ptr<T> copy_of(const std::unique_ptr<T>& value) {
  return value ? std::make_unique<T>(*value) : nullptr;
}
template <class T>
std::vector<std::unique_ptr<T>> copies_of(const std::vector<std::unique_ptr<T>>& values) {
  std::vector<std::unique_ptr<T>> copies;
  for (const auto& value : values) copies.push_back(copy_of(value));
  return copies;
}
template <class T>
std::vector<std::unique_ptr<T>> boxed(const std::vector<T>& values) {
  std::vector<std::unique_ptr<T>> boxes;
  for (const auto& value : values) boxes.push_back(std::make_unique<T>(value));
  return boxes;
}

}  // namespace automodel::actors
