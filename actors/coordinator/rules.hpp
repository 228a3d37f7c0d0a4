// Private to the Coordinator: its constants, its reading of state, and the rules that `decide` is made of.
#pragma once

#include <string>
#include <vector>

#include "actors/coordinator/agent.hpp"
#include "actors/decisions/policy.hpp"
#include "actors/decisions/step.hpp"

namespace automodel::actors::coordinator {

using State = events::CoordinatorStateT;
using CoordinatorStep = Step<Coordinator>;

// The two questions; a DecisionMade is recognised by them when it is folded.
inline constexpr const char* choose_question = "Which proposals are worth their cost?";
inline constexpr const char* evaluate_question = "Which candidate should be measured against the champion?";

inline constexpr const char* evaluate_action = "evaluate";
inline constexpr const char* baseline_action = "baseline";

inline constexpr unsigned unpromising_cycles = 2;  // in a row; then nothing promising is left
inline constexpr double patience_reports = 20;     // seconds that closing waits for work told to stop
inline constexpr double patience_evaluate = 40;    // seconds that closing waits for a last measurement
inline constexpr unsigned report_tries = 2;

// Bounds on whoever never answers, far above what honest work needs: seconds that are not paused.
inline constexpr double patience_offers = 3600;  // for an agent's proposals; it may have to profile the data
inline constexpr double patience_work = 72 * 3600;  // from a work's assignment to its report
inline constexpr double patience_report = 6 * 3600;  // for one try of the report's job

// --- reading state ---------------------------------------------------------------------------------

bool awaits_person(const State& state);
double elapsed_at(const State& state, std::int64_t now);
/// Seconds; infinite without a budget.
double seconds_left(const State& state, std::int64_t now);
/// Below this no new work is begun: 8 % of the budget, at most a minute.
double reserve_for_work(const events::GoalT& goal);
/// Below this, work is told to stop: 5 % of the budget, at most half a minute.
double reserve_for_closing(const events::GoalT& goal);
/// 0 also where there is no limit: see `trials_spent`.
std::uint32_t trials_left(const State& state);
bool trials_spent(const State& state);

/// Whether an agent's proposals, a work's report or the report's job is overdue.
bool is_overdue(const State& state, std::int64_t now);
bool is_overdue(const State& state, const events::WorkRecordT& record, std::int64_t now);
bool offers_are_overdue(const State& state, std::int64_t now);
bool report_is_overdue(const State& state, std::int64_t now);

const events::DataKnowledgeT* knowledge(const State& state);
const events::ModelRefT* champion(const State& state);
const events::WorkRecordT* find_record(const State& state, const std::string& work);
bool is_evaluation(const events::WorkRecordT& record);
/// AutoPerf's word that a person went back to an earlier champion; no work of ours asked for it.
bool is_roll_back(const events::WorkFinishedT& report);
std::vector<const events::WorkRecordT*> open_records(const State& state);
/// What a work counts for in beliefs.
double counted_gain(const events::WorkRecordT& record);
Experience experience_of(const State& state, const events::ProposalT& proposal);
/// What is proposed, whatever the proposal's id.
std::string key_of(const events::ProposalT& proposal);
/// How much better `a` is than `b` in the goal's metric on the tuning slice (positive is better).
double tuning_gain(const State& state, const events::ModelRefT& a, const events::ModelRefT& b);
/// The metric on the tuning slice; nothing where absent or not a number.
bool has_tuning(const State& state, const events::ModelRefT& model);

// --- rules -----------------------------------------------------------------------------------------

/// Does whatever state calls for next; called after every command that changed something.
void advance(CoordinatorStep& step);
void start_cycle(CoordinatorStep& step);
void ask_next(CoordinatorStep& step);
/// Goes on without whoever is overdue; nothing where nobody is.
void end_patience(CoordinatorStep& step);
/// Which offers are taken in this state, and why.
Question offers_question(const State& state, const CoordinatorPolicy& policy = {});
/// Which of the pending candidates is measured, and why; no choice: none. `stream`: the Coordinator's own.
Question candidates_question(const State& state, const std::string& stream,
                             const CoordinatorPolicy& policy = {});
/// Chooses among the offers, unless a person has to be waited for. Returns whether it chose.
bool choose(CoordinatorStep& step);
void assign(CoordinatorStep& step, events::ProposalT proposal, const events::EventRefT& decision,
            std::uint32_t share);
void consider_candidates(CoordinatorStep& step);
/// Records the report and its outcomes, for the work and for the work whose candidate was measured.
void record_report(CoordinatorStep& step, const events::WorkFinishedT& finished);
void close(CoordinatorStep& step, const std::string& reason, const std::string& by);
void advance_closing(CoordinatorStep& step);
/// Records that the open report job failed; after the last try the goal is finished.
void fail_report(CoordinatorStep& step, const events::FailureT& failure);
void finish_goal(CoordinatorStep& step, const std::string& note);

}  // namespace automodel::actors::coordinator
