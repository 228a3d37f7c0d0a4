// What if: a recorded history decided again under another policy, without training anything.
//
// Each decision of a covered kind is made again on the state that its agent had just before it, folded from
// the agent's recorded events, with the same seeds; so one decision is compared at a time, and what follows
// is what really followed: a choice that parts from the record does not change the states after it. Covered:
//
//   coordinator  which proposals are taken; which candidate is measured
//   autotrain    which trials of a search go on to the next rung
//   autoperf     whether a candidate is promoted
//
// All others are counted by kind: no parameter of a policy plays a part in them, or what they rested on was
// settled step by step before (which features are kept). A decision that today's rules do not reproduce under
// the policy it was recorded with (a history of an older program, for example) is not judged either.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/autoperf/agent.hpp"
#include "actors/autotrain/agent.hpp"
#include "actors/coordinator/agent.hpp"
#include "actors/decisions/policy.hpp"
#include "actors/decisions/record.hpp"

namespace automodel::actors {

/// An option as it was scored. An option that one side did not have has a score of 0.
struct ScoredOption {
  std::string name;
  double recorded = 0;  // score when it was decided
  double other = 0;     // under the other policy
};

/// Where the choices part.
struct Parting {
  std::uint64_t sequence = 0;
  std::string ref;  // coordinator/main#14
  std::int64_t time = 0;
  std::string by;
  std::string question;
  std::string subject;
  std::vector<ScoredOption> recorded;  // what was chosen; none: nothing
  std::vector<ScoredOption> other;     // what would have been
  std::string why;                     // the other rationale
};

/// Decisions of one kind that are not judged.
struct Unjudged {
  std::string by;
  std::string question;  // names and numbers as "…"
  std::string why;
  std::uint64_t count = 0;
};

struct Hindsight {
  std::uint64_t decisions = 0;  // recorded
  std::uint64_t judged = 0;
  std::uint64_t agreed = 0;  // of the judged: the same options are chosen
  std::vector<Parting> partings;
  std::vector<Unjudged> others;
};

/// Shown all events of a history in order of their sequences, it gives the account. A pure function of them.
class Retrospect {
 public:
  explicit Retrospect(Policy policy) : policy_(policy) {}

  void see(const events::Recorded& event);
  const Hindsight& account() const { return account_; }

 private:
  /// The decision under a policy; false where its kind is not covered, with the reason.
  bool decide(const events::Recorded& event, const Policy& policy, Question& made,
              std::string& why_not) const;
  void judge(const events::Recorded& event);
  void leave(const events::DecisionMadeT& decided, const std::string& why);

  Policy policy_;
  std::map<std::string, Coordinator::State> coordinators_;  // by stream
  std::map<std::string, AutoTrain::State> trainers_;
  std::map<std::string, AutoPerf::State> performers_;
  Hindsight account_;
};

}  // namespace automodel::actors
