#include <algorithm>
#include <cmath>
#include <set>

#include "actors/coordinator/rules.hpp"

namespace automodel::actors::coordinator {
namespace {

std::unique_ptr<events::CycleContextT> context_for(const CoordinatorStep& step, std::uint32_t share) {
  const auto& state = step.state();
  auto made = std::make_unique<events::CycleContextT>();
  made->goal = copy_of(state.goal);
  made->cycle = state.cycle;
  const double left = seconds_left(state, step.context().now);
  made->seconds_left = std::isfinite(left) ? std::max(1.0, left) : 0;
  if (state.goal->max_trials > 0) made->trials_left = std::max(1u, trials_left(state) / std::max(1u, share));
  made->rows = state.rows;
  if (const auto* known = knowledge(state)) {
    made->features = known->features;
    made->champion = copy_of(known->champion);
  }
  return made;
}

/// Why a proposal cannot be taken; empty if it can.
std::string obstacle(const State& state, const events::OfferT& offer, const std::set<std::string>& seen,
                     const CoordinatorPolicy& policy) {
  const auto& proposal = *offer.proposal;
  if (proposal.id.empty() || seen.contains(proposal.id)) return "has no name of its own";
  if (!std::isfinite(proposal.expected_gain) || !std::isfinite(proposal.expected_cost) ||
      proposal.expected_cost < 0)
    return "its gain or cost is not a number";
  if (proposal.action == evaluate_action) return "measuring is assigned, not offered";
  if (std::find(state.asked.begin(), state.asked.end(), proposal.agent) == state.asked.end())
    return "its agent was not asked";
  if (offer.approval == events::Approval::Vetoed) return "vetoed";
  const auto key = key_of(proposal);
  unsigned fruitless = 0;
  for (const auto& record : state.records)
    if (record->key == key && record->finished) fruitless = counted_gain(*record) > 0 ? 0 : fruitless + 1;
  const bool vague = proposal.features.empty() && proposal.configs.empty() && !proposal.model;
  if (fruitless >= (vague ? policy.fruitless_vague : policy.fruitless_repeats))
    return "tried " + counted(fruitless, "time") + " without gain";
  return {};
}

struct Considered {
  const events::OfferT* offer;
  std::string obstacle;
  Drawn drawn;

  bool baseline() const { return offer->proposal->action == baseline_action; }
};

std::vector<Considered> consider(const State& state, const CoordinatorPolicy& policy) {
  std::vector<Arm> arms;
  for (const auto& offer : state.offers) {
    const auto& proposal = *offer->proposal;
    const bool sane = std::isfinite(proposal.expected_gain) && std::isfinite(proposal.expected_cost);
    arms.push_back({sane ? proposal.expected_gain : 0, sane ? std::max(0.0, proposal.expected_cost) : 0,
                    experience_of(state, proposal)});
  }
  Random random(state.goal->seed, state.cycle, "coordinator/choose");
  // Asking, measuring and comparing cost about as much as one pass over the training rows.
  const auto drawn = draw(random, arms, static_cast<double>(std::max<std::uint64_t>(1, state.rows)),
                          {policy.noise, policy.exploration, policy.cost_weight});
  std::vector<Considered> considered;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < state.offers.size(); ++i) {
    const auto& offer = *state.offers[i];
    considered.push_back({&offer, obstacle(state, offer, seen, policy), drawn[i]});
    seen.insert(offer.proposal->id);
  }
  return considered;
}

/// Obligatory ones first, then by falling score; one piece of work for each agent at a time.
std::vector<std::uint32_t> pick(const State& state, const std::vector<Considered>& considered,
                                const CoordinatorPolicy& policy) {
  std::vector<std::uint32_t> order(considered.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    if (considered[a].baseline() != considered[b].baseline()) return considered[a].baseline();
    return considered[a].drawn.score > considered[b].drawn.score;
  });
  std::vector<std::uint32_t> picked;
  std::set<std::string> busy;
  for (auto i : order) {
    const auto& one = considered[i];
    if (picked.size() >= state.goal->parallel) break;
    if (!one.obstacle.empty() || (state.goal->ask && one.offer->approval != events::Approval::Approved))
      continue;
    if (!one.baseline() && one.drawn.gain < policy.promising_gain) continue;
    if (busy.insert(one.offer->proposal->agent).second) picked.push_back(i);
  }
  return picked;
}

/// With `ask`, a person is waited for until enough is approved or nothing more can be.
bool person_is_missing(const State& state, const std::vector<Considered>& considered) {
  if (!state.goal->ask) return false;
  std::size_t approved = 0, waiting = 0;
  for (const auto& one : considered) {
    if (!one.obstacle.empty()) continue;
    (one.offer->approval == events::Approval::Approved ? approved : waiting) += 1;
  }
  return waiting > 0 && approved < state.goal->parallel;
}

std::string rationale(const State& state, const std::vector<Considered>& considered,
                      const std::vector<std::uint32_t>& picked, const CoordinatorPolicy& policy) {
  if (considered.empty()) return "No agent offered anything in cycle " + std::to_string(state.cycle) + ".";
  if (picked.empty())
    return "None of " + counted(considered.size(), "proposal") +
           " can be taken with a sampled gain of at least " + number(policy.promising_gain) + " " +
           state.goal->metric + ".";
  const auto& best = considered[picked.front()];
  const auto& proposal = *best.offer->proposal;
  if (best.baseline())
    return proposal.id + " is obligatory: without trained baselines no gain can be told. It costs " +
           number(proposal.expected_cost / 1e6, 2) + " million rows.";
  const auto past = experience_of(state, proposal);
  return "Of " + counted(considered.size(), "proposal") + " " + proposal.id + " (" + proposal.action +
         ") has the best sampled gain for its cost: " + signed_number(best.drawn.gain) + " " +
         state.goal->metric + " for " + number(proposal.expected_cost / 1e6, 2) +
         " million rows. The belief is " + signed_number(best.drawn.belief.mean) + " ± " +
         number(best.drawn.belief.deviation) + " after " +
         (past.tries ? counted(past.tries, "work") + " of this kind that brought " +
                           signed_number(past.mean()) + " on average"
                     : std::string("no work of this kind")) +
         ".";
}

Question question(const State& state, const std::vector<Considered>& considered,
                  const CoordinatorPolicy& policy) {
  const auto picked = pick(state, considered, policy);
  Question asked;
  asked.by = "coordinator";
  asked.question = choose_question;
  asked.subject = state.goal->id + "/c" + std::to_string(state.cycle);
  for (const auto& one : considered) {
    const auto& proposal = *one.offer->proposal;
    std::string detail = proposal.agent + " " + proposal.action + ": " + proposal.subject;
    if (!one.obstacle.empty()) detail += " (left out: " + one.obstacle + ")";
    asked.options.push_back(option(proposal.id, detail, one.drawn.score, one.drawn.belief.mean,
                                   std::isfinite(proposal.expected_cost) ? proposal.expected_cost : 0));
  }
  asked.choices = picked;
  asked.rationale = rationale(state, considered, picked, policy);
  for (const auto& answer : state.answers) asked.evidence.push_back(*answer);
  return asked;
}

/// Why the goal ends here; empty if it goes on.
std::string reason_to_end(const CoordinatorStep& step) {
  const auto& state = step.state();
  if (trials_spent(state)) return "trials spent";
  if (seconds_left(state, step.context().now) <= reserve_for_work(*state.goal) &&
      state.goal->budget_seconds > 0)
    return "budget spent";
  const bool none_offered = state.chosen && state.offers.empty();
  return none_offered || state.unpromising >= unpromising_cycles ? "nothing promising left" : "";
}

}  // namespace

void ask_next(CoordinatorStep& step) {
  const auto& state = step.state();
  if (state.answers.size() >= state.asked.size()) return;
  events::RequestProposalsT request;
  request.context = context_for(step, 1);
  step.send(state.asked[state.answers.size()] + "/main", std::move(request));
}

void start_cycle(CoordinatorStep& step) {
  const auto& state = step.state();
  events::CycleStartedT started;
  started.goal = state.goal->id;
  started.cycle = state.cycle + 1;
  const double left = seconds_left(state, step.context().now);
  started.seconds_left = std::isfinite(left) ? left : 0;
  started.trials_left = trials_left(state);
  started.asked = {"autofeature", "autotrain", "autoperf"};
  step.record(std::move(started));
  ask_next(step);
}

void assign(CoordinatorStep& step, events::ProposalT proposal, const events::EventRefT& decision,
            std::uint32_t share) {
  events::WorkT work;
  work.id = "work-" + std::to_string(step.state().works + 1);
  work.context = context_for(step, share);
  work.proposal = std::make_unique<events::ProposalT>(std::move(proposal));
  const std::string target = work.proposal->agent + "/main";
  events::WorkAssignedT assigned;
  assigned.work = std::make_unique<events::WorkT>(work);
  assigned.decision = std::make_unique<events::EventRefT>(decision);
  step.record(std::move(assigned));
  events::AssignWorkT message;
  message.work = std::make_unique<events::WorkT>(std::move(work));
  step.send(target, std::move(message));
}

Question offers_question(const State& state, const CoordinatorPolicy& policy) {
  return question(state, consider(state, policy), policy);
}

bool choose(CoordinatorStep& step) {
  const auto& state = step.state();
  const CoordinatorPolicy policy;
  const auto considered = consider(state, policy);
  if (person_is_missing(state, considered)) return false;
  const auto asked = question(state, considered, policy);
  std::vector<events::ProposalT> taken;
  for (auto i : asked.choices) taken.push_back(*considered[i].offer->proposal);
  const auto decision = step.decide(asked);
  for (auto& proposal : taken)
    assign(step, std::move(proposal), decision, static_cast<std::uint32_t>(taken.size()));
  return true;
}

void advance(CoordinatorStep& step) {
  const auto& state = step.state();
  if (state.phase == events::GoalPhase::Closing) return advance_closing(step);
  if (state.phase != events::GoalPhase::Evolving || state.paused) return;
  consider_candidates(step);
  if (state.cycle > 0 && state.answers.size() < state.asked.size()) return;  // an agent is being asked
  if (state.cycle > 0 && !state.chosen) {
    if (auto reason = reason_to_end(step); !reason.empty()) return close(step, reason, "coordinator");
    if (!choose(step)) return;
  }
  if (!open_records(state).empty()) return;
  if (auto reason = reason_to_end(step); !reason.empty()) return close(step, reason, "coordinator");
  start_cycle(step);
}

}  // namespace automodel::actors::coordinator
