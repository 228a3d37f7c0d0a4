// How each family of events changes memory's rows. One overload per kind; private to storage/memory.
#pragma once

#include "storage/projection.hpp"

namespace automodel::storage::memory_rows {

using events::Recorded;

// apply_decisions.cpp
void apply(RowWriter& rows, const events::DecisionMadeT& body, const Recorded& event);
void apply(RowWriter& rows, const events::OutcomeObservedT& body, const Recorded& event);

// apply_goals.cpp
void apply(RowWriter& rows, const events::GoalAcceptedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::CycleStartedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::GoalPausedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::GoalResumedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::GoalClosingT& body, const Recorded& event);
void apply(RowWriter& rows, const events::GoalFinishedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ReportRequestedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ReportProducedT& body, const Recorded& event);

// apply_works.cpp
void apply(RowWriter& rows, const events::ProposalsOfferedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ProposalsReceivedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ProposalApprovedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ProposalVetoedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::WorkAssignedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::WorkAcceptedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::WorkReportedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::WorkFinishedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::JobFailedT& body, const Recorded& event);
/// Attributes an outer reward to the work that `subject` or `decision` names, and to actions of its kind.
void reward_work(RowWriter& rows, const std::string& subject, const std::string& decision, double outer);

// apply_features.cpp
void apply(RowWriter& rows, const events::DatasetRegisteredT& body, const Recorded& event);
void apply(RowWriter& rows, const events::FeatureProposedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::FeatureScreenedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::FeatureKeptT& body, const Recorded& event);
void apply(RowWriter& rows, const events::FeatureRetiredT& body, const Recorded& event);

// apply_trials.cpp
void apply(RowWriter& rows, const events::TrialStartedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::EpochFinishedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::TrialFinishedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::TrialFailedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::TrialStoppedT& body, const Recorded& event);

// apply_models.cpp
void apply(RowWriter& rows, const events::CandidateMeasuredT& body, const Recorded& event);
void apply(RowWriter& rows, const events::CandidateComparedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ModelQuantizedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ModelPromotedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ModelRefusedT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ModelRolledBackT& body, const Recorded& event);
void apply(RowWriter& rows, const events::ModelServedT& body, const Recorded& event);
/// Notes a model that training or a report brought, unless more is known of it already.
void note_model(RowWriter& rows, const events::ModelRefT& model, const std::string& status,
                const std::string& goal, const Recorded& event);

}  // namespace automodel::storage::memory_rows
