// Knowledge: answers questions from memory and history, and changes nothing. A pure function of what is
// stored, so it needs no stream, no state and no decisions of its own; the runtime asks it on behalf of
// consoles and agents.
//
// Topics, their arguments and the JSON that they answer with:
//
//   status [goal]
//       {goal, status, metric, cycle, seconds_left, trials_left, trials, champion, features_kept,
//       features_retired, running, decisions}; waits_for and at_risk where there is such a thing
//   agents
//       [{agent, decisions, outcomes, trials, open_works, rewards, last}]
//   proposals [goal]
//       [ProposalRow] of the goal's newest cycle
//   memory TABLE [FILTER…]                       (storage/memory/query.hpp)
//       {table, columns, rows}; without arguments {tables}
//   explain ID                                   (storage/memory/explain.hpp)
//       {id, title, steps}
//   tried FINGERPRINT
//       {fingerprint, tried, row}
//   nearest TRIAL|FINGERPRINT|KEY=VALUE… [k=N]   (method=deepfm lr=0.001 features=a;b)
//       [{distance, trial, …}]
//   worked [goal], failed [goal]
//       [{kind, subject, gain, why, ref}], the largest gains first; what did not: with reasons
//   events [from=N] [kind=K] [stream=S] [goal=G] [limit=N]
//       [event], 100 unless told otherwise
#pragma once

#include "actors/knowledge/near_trials.hpp"
#include "storage/event_store.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::actors {

/// Never throws; what cannot be answered has a `failure` (knowledge.unknown_topic, knowledge.bad_argument,
/// knowledge.no_goal, memory.*, storage.*) and empty `json`. With `near` the nearest trials come from that index,
/// without it from a scan of all rows: the same ones, sooner.
events::AnswerT answer(const events::QuestionT& question, const storage::EventStore& store,
                       const storage::Memory& memory, NearTrials* near = nullptr);

}  // namespace automodel::actors
