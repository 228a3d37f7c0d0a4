// The rule by which a candidate becomes champion. Pure: numbers in, verdict and reason out.
#pragma once

#include <string>

#include "actors/decisions/policy.hpp"
#include "events/generated.hpp"

namespace automodel::actors::autoperf {

/// Probability that the true difference is above zero, reading the 95 % interval as that of a normal
/// distribution. Without an interval, or with an empty one: 1, 0.5 or 0 by the sign of the difference.
double probability_better(const events::MetricT& difference);

struct Judgement {
  bool promote = false;
  double probability = 0;  // that it is better; 1 where nothing serves, 0 where a bound is broken
  std::string reason;      // a plain sentence with numbers
};

/// Which bound the figures break, as a sentence; empty: none. Figures of time appear in it only if they break
/// one.
std::string broken_bound(const events::GoalT& goal, const events::ServingProfileT& serving);

/// A candidate is promoted when it is within the goal's bounds and
/// - nothing serves yet; or
/// - it is better on the promotion slice with a probability of at least 0.7; or
/// - it is the champion in int8, smaller, and the interval's low end is above -0.0005: not worse by more than
/// nobody sees.
///
/// Why 0.7 and not an interval above zero: a candidate gets here only after beating the champion on the
/// tuning slice, so the promotion slice is a second, independent witness. Asking it for 95 % would refuse
/// most of the small true gains that a search finds one after the other, and on the unseen slice their sum is
/// worth more than the few mistakes cost. Both figures are those of AutoPerfPolicy.
///
/// `champion` and `compared` are null where nothing serves yet. `int8`: the candidate is the champion,
/// quantized.
Judgement judge(const events::GoalT& goal, const events::ModelRefT& candidate,
                const events::ServingProfileT& serving, const events::ModelRefT* champion,
                const events::CompareResultT* compared, bool int8, const AutoPerfPolicy& policy = {});

}  // namespace automodel::actors::autoperf
