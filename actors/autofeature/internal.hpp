// Private to actors/autofeature: what its files share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/autofeature/agent.hpp"
#include "actors/decisions/step.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors::autofeature {

using Draft = Step<AutoFeature>;
using State = AutoFeature::State;

inline constexpr double real_gain =
    0.0005;  // of a set or a feature that is added; below it the interval decides
inline constexpr double useful_gain = 0.0002;  // that a feature must bring beside the others to stay
inline constexpr std::uint32_t most_trials = 8;
inline constexpr std::uint32_t trial_epochs = 8;
inline constexpr std::uint32_t trial_patience = 2;
inline constexpr std::size_t most_tested_alone = 3;
inline constexpr std::uint32_t permutations = 20;

// --- state.cpp: reading the state ---------------------------------------------------------------

const events::KnownDatasetT* find_dataset(const State& state, const events::DataRefT& data);
std::string profile_id(const State& state, const events::KnownDatasetT& dataset);
const events::KnownFeatureT* find_feature(const State& state, const std::string& key,
                                          std::string_view feature);
const events::FeatureTrialT* find_trial(const State& state, std::string_view id);
const events::FeatureWorkT* find_work(const State& state, std::string_view id);
/// The work that is first in line; null where there is none.
const events::FeatureWorkT* current_work(const State& state);
const events::GoalT& goal_of(const events::FeatureWorkT& work);
std::string key_of(const events::FeatureWorkT& work);

/// Features of the work by what is known of them, in the work's order.
std::vector<std::string> with_status(const State& state, const events::FeatureWorkT& work,
                                     events::FeatureStatus status);
/// Passing features that are neither kept nor retired, most informative first.
std::vector<std::string> by_information(const events::FeatureWorkT& work, std::vector<std::string> features);
double information_above_chance(const events::FeatureWorkT& work, std::string_view feature);

events::TrialConfigT trial_config(const events::FeatureWorkT& work, const std::vector<std::string>& more);
/// A trial of this configuration and seed that left a model.
const events::FeatureTrialT* trained_before(const State& state, const events::TrialConfigT& config);

enum class StepKind { base, add, drop };
/// What the trial in hand is for: the base, a set with more features than the best so far, or one with fewer.
StepKind step_kind(const State& state, const events::FeatureWorkT& work);
/// The features by which the trial in hand differs from the best set so far.
std::vector<std::string> step_features(const State& state, const events::FeatureWorkT& work);
bool is_real(const events::MetricT& difference, double threshold);

/// Of a job that ended without the body that it should have.
events::FailureT bad_result(const std::string& job, const std::string& kind);

/// Two spellings of one expression: blanks don't matter.
bool same_feature(std::string_view a, std::string_view b);
std::string joined(const std::vector<std::string>& features);

// --- propose.cpp --------------------------------------------------------------------------------

void answer(Draft& draft, const events::CycleContextT& cycle);

// --- work.cpp, trials.cpp, report.cpp -----------------------------------------------------------

/// Does what the state allows: takes up the next work, the next trial, or reports. Nothing while a job is
/// open.
void advance(Draft& draft);
void begin(Draft& draft);
void screened(Draft& draft, const std::string& job, const events::JobResultT& result);
void trained(Draft& draft, const events::JobResultT& result);
void compared(Draft& draft, const events::JobResultT& result);
void report(Draft& draft, const std::string& work, const std::string& why, bool given_up);

}  // namespace automodel::actors::autofeature
