#include "actors/autoperf/promotion.hpp"

#include <cmath>

#include "actors/decisions/record.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors::autoperf {
namespace {

constexpr double mebibyte = 1024 * 1024;

std::string interval_text(const events::MetricT& difference, const std::string& metric) {
  std::string text = signed_number(difference.value) + " " + metric;
  if (difference.has_interval)
    text += " (95 % " + signed_number(difference.low) + " to " + signed_number(difference.high) + ")";
  return text;
}

Judgement judge_int8(const events::GoalT& goal, const events::ModelRefT& candidate,
                     const events::ModelRefT& champion, const events::MetricT& difference, double probability,
                     double int8_tolerance) {
  const double low = difference.has_interval ? difference.low : difference.value;
  const bool smaller = candidate.bytes > 0 && candidate.bytes < champion.bytes;
  const std::string sizes = number(static_cast<double>(candidate.bytes) / mebibyte, 2) + " instead of " +
                            number(static_cast<double>(champion.bytes) / mebibyte, 2) + " MiB";
  const std::string change = interval_text(difference, goal.metric);
  if (!smaller) return {false, probability, "It is not smaller than " + champion.id + ": " + sizes + "."};
  if (low > -int8_tolerance)
    return {
        true, probability,
        "It takes " + sizes + " at " + change + ", which is not worse by " + number(int8_tolerance) + "."};
  return {
      false, probability,
      "It takes " + sizes + ", but at " + change + " it may lose more than " + number(int8_tolerance) + "."};
}

}  // namespace

double probability_better(const events::MetricT& difference) {
  const double deviation = (difference.high - difference.low) / (2 * 1.959964);
  if (!difference.has_interval || !(deviation > 0))
    return difference.value > 0 ? 1 : difference.value < 0 ? 0 : 0.5;
  return 0.5 * std::erfc(-difference.value / deviation / std::sqrt(2.0));
}

std::string broken_bound(const events::GoalT& goal, const events::ServingProfileT& serving) {
  if (!goal.bounds) return {};
  const double milliseconds = serving.p99_us / 1000;
  if (goal.bounds->max_latency_ms > 0 && !(milliseconds <= goal.bounds->max_latency_ms))
    return "It answers in " + number(milliseconds, 2) + " ms (p99); the goal allows " +
           number(goal.bounds->max_latency_ms, 2) + " ms.";
  const double megabytes = static_cast<double>(serving.model_bytes) / mebibyte;
  if (goal.bounds->max_model_mb > 0 && megabytes > goal.bounds->max_model_mb)
    return "It takes " + number(megabytes, 2) + " MiB; the goal allows " +
           number(goal.bounds->max_model_mb, 2) + " MiB.";
  return {};
}

Judgement judge(const events::GoalT& goal, const events::ModelRefT& candidate,
                const events::ServingProfileT& serving, const events::ModelRefT* champion,
                const events::CompareResultT* compared, bool int8, const AutoPerfPolicy& policy) {
  if (auto broken = broken_bound(goal, serving); !broken.empty()) return {false, 0, broken};
  if (!champion) return {true, 1, "Nothing serves yet, and it is within the goal's bounds."};
  if (!can_reach(goal, *champion))
    return {true, 1,
            champion->id + " serves and does not rank: it has no " + goal.metric + " to compare with."};
  if (!compared || !compared->difference || !std::isfinite(compared->difference->value))
    return {false, 0, "The comparison with " + champion->id + " gave no difference."};
  const auto& difference = *compared->difference;
  const double probability = probability_better(difference);
  if (int8) return judge_int8(goal, candidate, *champion, difference, probability, policy.int8_tolerance);
  const std::string text = interval_text(difference, goal.metric) + " against " + champion->id +
                           " on the promotion slice: better with probability " + number(probability, 2);
  if (probability >= policy.enough_probability) return {true, probability, text + "."};
  return {false, probability, text + ", and " + number(policy.enough_probability, 2) + " is asked for."};
}

}  // namespace automodel::actors::autoperf
