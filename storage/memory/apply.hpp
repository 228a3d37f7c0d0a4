// How each family of events changes memory's rows. One overload per kind; private to storage/memory.
#pragma once

#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

// apply_decisions.cpp
void apply(MemoryRows& rows, const events::DecisionMade& body, const EventView& event);
void apply(MemoryRows& rows, const events::OutcomeObserved& body, const EventView& event);

// apply_goals.cpp
void apply(MemoryRows& rows, const events::GoalAccepted& body, const EventView& event);
void apply(MemoryRows& rows, const events::CycleStarted& body, const EventView& event);
void apply(MemoryRows& rows, const events::GoalPaused& body, const EventView& event);
void apply(MemoryRows& rows, const events::GoalResumed& body, const EventView& event);
void apply(MemoryRows& rows, const events::GoalClosing& body, const EventView& event);
void apply(MemoryRows& rows, const events::GoalFinished& body, const EventView& event);
void apply(MemoryRows& rows, const events::ReportRequested& body, const EventView& event);
void apply(MemoryRows& rows, const events::ReportProduced& body, const EventView& event);

// apply_works.cpp
void apply(MemoryRows& rows, const events::ProposalsOffered& body, const EventView& event);
void apply(MemoryRows& rows, const events::ProposalsReceived& body, const EventView& event);
void apply(MemoryRows& rows, const events::ProposalApproved& body, const EventView& event);
void apply(MemoryRows& rows, const events::ProposalVetoed& body, const EventView& event);
void apply(MemoryRows& rows, const events::WorkAssigned& body, const EventView& event);
void apply(MemoryRows& rows, const events::WorkAccepted& body, const EventView& event);
void apply(MemoryRows& rows, const events::WorkReported& body, const EventView& event);
void apply(MemoryRows& rows, const events::WorkFinished& body, const EventView& event);
void apply(MemoryRows& rows, const events::JobFailed& body, const EventView& event);
/// Attributes an outer reward to the work that `subject` or `decision` names, and to actions of its kind.
void reward_work(MemoryRows& rows, std::string_view subject, std::string_view decision, double outer);

// apply_features.cpp
void apply(MemoryRows& rows, const events::DatasetRegistered& body, const EventView& event);
void apply(MemoryRows& rows, const events::FeatureProposed& body, const EventView& event);
void apply(MemoryRows& rows, const events::FeatureScreened& body, const EventView& event);
void apply(MemoryRows& rows, const events::FeatureKept& body, const EventView& event);
void apply(MemoryRows& rows, const events::FeatureRetired& body, const EventView& event);

// apply_trials.cpp
void apply(MemoryRows& rows, const events::TrialStarted& body, const EventView& event);
void apply(MemoryRows& rows, const events::EpochFinished& body, const EventView& event);
void apply(MemoryRows& rows, const events::TrialFinished& body, const EventView& event);
void apply(MemoryRows& rows, const events::TrialFailed& body, const EventView& event);
void apply(MemoryRows& rows, const events::TrialStopped& body, const EventView& event);

// apply_methods.cpp
void apply(MemoryRows& rows, const events::MethodAdded& body, const EventView& event);
/// A trial counts for its method once, and with the best value that it ended with.
void count_trial(MemoryRows& rows, const events::TrialRowT& trial);
void note_value(MemoryRows& rows, const events::TrialRowT& trial);

// apply_models.cpp
void apply(MemoryRows& rows, const events::CandidateMeasured& body, const EventView& event);
void apply(MemoryRows& rows, const events::CandidateCompared& body, const EventView& event);
void apply(MemoryRows& rows, const events::ModelQuantized& body, const EventView& event);
void apply(MemoryRows& rows, const events::ModelPromoted& body, const EventView& event);
void apply(MemoryRows& rows, const events::ModelRefused& body, const EventView& event);
void apply(MemoryRows& rows, const events::ModelRolledBack& body, const EventView& event);
void apply(MemoryRows& rows, const events::ModelServed& body, const EventView& event);
/// Notes a model that training or a report brought, unless more is known of it already.
void note_model(MemoryRows& rows, const events::ModelRef& model, std::string_view status,
                std::string_view goal, const EventView& event);

}  // namespace automodel::storage::memory_rows
