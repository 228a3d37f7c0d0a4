// Private to actors/autotrain: what its files share.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/autotrain/agent.hpp"
#include "actors/autotrain/search_space.hpp"
#include "actors/decisions/policy.hpp"
#include "actors/decisions/step.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors::autotrain {

using Draft = Step<AutoTrain>;
using State = AutoTrain::State;

/// How long trainings last, in epochs. What is found among all items grows for far longer than what is told
/// of single rows.
struct Schedule {
  std::array<std::uint32_t, 3> rungs;  // of successive halving
  std::uint32_t full;
  std::uint32_t patience;
};
/// Of trials of goals that ask for `metric`.
const Schedule& schedule_of(std::string_view metric);
inline constexpr std::uint32_t last_rung = 2;
inline constexpr std::size_t search_width = 4;  // configurations of one search

// --- state.cpp: reading the state ---------------------------------------------------------------

const events::KnownTrialT* find_trial(const State& state, std::string_view id);
events::KnownTrialT* find_trial(State& state, std::string_view id);
const events::TrainingWorkT* find_work(const State& state, std::string_view id);
events::TrainingWorkT* find_work(State& state, std::string_view id);
/// "trial-7/r1" while that rung of that trial runs; null otherwise.
const events::KnownTrialT* trial_of_job(const State& state, std::string_view job);
std::string job_id(const events::KnownTrialT& trial);
/// Searches settings of one method by successive halving; the other searches train each configuration to its end.
bool is_halved(std::string_view action);
Settings settings_of(const events::TrialConfigT& config);
/// The goal's metric, larger is better.
double signed_best(const events::KnownTrialT& trial);
std::vector<std::string> sorted(std::vector<std::string> values);
/// Trials on this data, label and split that have a metric.
std::vector<const events::KnownTrialT*> experience(const State& state, const events::GoalT& goal);

/// Configurations that need not be trained again: of this agent and of memory.
class Known {
 public:
  Known(const State& state, const Context& context);
  bool has(const std::string& fingerprint) const;

 private:
  std::set<std::string> own_;
  const storage::Memory* memory_;
};

// --- propose.cpp --------------------------------------------------------------------------------

struct Offer {
  std::vector<events::ProposalT> proposals;
  std::string none_because;
};
Offer offer(const State& state, const events::CycleContextT& cycle, const Context& context);

// --- search.cpp ---------------------------------------------------------------------------------

struct Scored {
  events::TrialConfigT config;
  double mean = 0;  // predicted metric, larger is better
  double deviation = 0;
  double improvement = 0;  // expected, over the best known
};
/// Untried configurations of one method on `features`: the first `pick` are a batch that is worth trying
/// together (each chosen as if the ones before had come out as predicted), the rest follow by expected
/// improvement.
std::vector<Scored> score(const State& state, const events::CycleContextT& cycle, const SearchMethod& method,
                          const Known& known, std::size_t pick);

// --- cards.cpp ----------------------------------------------------------------------------------

/// What is wrong with a card that is to be added; nothing where it may be used or is known already. Errors: papers.*,
/// autotrain.name_taken.
Result<void> check_card(const State& state, const events::CardT& card);
bool is_added(const State& state, std::string_view name);
/// Records that the card may be used from here on, unless it is known.
void add_card(Draft& draft, const events::CardT& card, const std::string& by, const std::string& goal);
/// The method's card and those that it extends, where they are not of the library.
std::vector<events::CardT> cards_of(const State& state, const std::string& method);

// --- work.cpp, report.cpp -----------------------------------------------------------------------

/// Which trials of the work's rung go on to the next one; no options: there is none to go on, or no further
/// rung. The choices are the first ones. `stream`: AutoTrain's own.
Question rung_question(const State& state, const events::TrainingWorkT& work, const std::string& stream,
                       const AutoTrainPolicy& policy = {});
void begin(Draft& draft, const events::WorkT& work);
/// Does what the state of a work allows: next rung, or report. Nothing while a trial of it runs.
void proceed(Draft& draft, const std::string& work);
void report(Draft& draft, const std::string& work, const std::string& why);

}  // namespace automodel::actors::autotrain
