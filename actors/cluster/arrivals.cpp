#include "actors/cluster/arrivals.hpp"

#include <algorithm>

namespace automodel::cluster {

using Step = Arrival::Step;

namespace {

/// Whether the records of a part continue what is kept, without a gap. Errors: cluster.bad_part.
Result<void> check(const events::MovePartT& part, const Arrival& arrival) {
  const auto bad = [&](const std::string& what) {
    return fail("cluster.bad_part", what + " in part " + std::to_string(part.part), arrival.agent);
  };
  if (part.after != arrival.version) return bad("version " + std::to_string(part.after) + " does not follow");
  auto version = part.after;
  if (part.snapshot) {
    if (part.after != 0) return bad("a snapshot");
    version = part.snapshot->version;
  }
  for (const auto& record : part.records)
    if (!record || record->version != ++version) return bad("a missing record");
  for (const auto& reply : part.replies)
    if (!reply) return bad("an empty reply");
  for (const auto& message : part.messages)
    if (!message) return bad("an empty message");
  if (version != part.until) return bad("a missing end");
  return {};
}

}  // namespace

std::string_view name_of(Step step) {
  switch (step) {
    case Step::considering:
      return "considering";
    case Step::receiving:
      return "receiving";
    case Step::prepared:
      return "prepared";
    case Step::activating:
      return "activating";
  }
  return "considering";
}

const Arrival* Arrivals::find(const std::string& agent) const {
  auto at = arrivals_.find(agent);
  return at == arrivals_.end() ? nullptr : &at->second;
}

Arrival* Arrivals::match(const std::string& peer, const std::string& agent, std::uint64_t move) {
  auto at = arrivals_.find(agent);
  if (at == arrivals_.end() || at->second.source != peer || at->second.move != move) return nullptr;
  return &at->second;
}

void Arrivals::recover(const RecoveredParts& parts) {
  auto& arrival = arrivals_[parts.agent];
  arrival.agent = parts.agent;
  arrival.source = parts.source;
  arrival.move = parts.move;
  arrival.epoch = parts.epoch;
  arrival.version = parts.version;
  if (!parts.whole) return discard(parts.agent);
  arrival.step = Step::prepared;
  arrival.last = true;
  arrival.again_at = shared_.now;
}

std::optional<Error> Arrivals::refusal(const std::string& peer, const events::MoveOfferT& offer,
                                       bool leaving) const {
  if (leaving)
    return Error{"cluster.leaving", "node '" + shared_.options.node + "' is leaving", offer.agent, {}};
  if (shared_.local(offer.agent))
    return Error{"cluster.moving",
                 "node '" + shared_.options.node + "' has the agent, or is about to",
                 offer.agent,
                 {}};
  auto at = arrivals_.find(offer.agent);
  if (at == arrivals_.end()) {
    if (arrivals_.size() < shared_.options.max_arrivals) return std::nullopt;
    return Error{
        "cluster.too_many_moves",
        std::to_string(arrivals_.size()) + " agents are coming to node '" + shared_.options.node + "'",
        offer.agent, "ask again later"};
  }
  // A later offer of the same source says that the earlier move is over, and so does a higher epoch.
  const auto& known = at->second;
  if ((known.source == peer && known.move < offer.move) || known.epoch < offer.epoch) return std::nullopt;
  return Error{"cluster.in_doubt",
               "node '" + shared_.options.node + "' has the agent from node '" + known.source +
                   "' and does not know whether it owns it",
               offer.agent,
               {}};
}

void Arrivals::offered(const std::string& peer, const events::MoveOfferT& offer, bool leaving) {
  if (match(peer, offer.agent, offer.move)) return;  // repeated
  if (auto why = refusal(peer, offer, leaving)) {
    events::MoveAnswerT answer;
    answer.agent = offer.agent;
    answer.move = offer.move;
    answer.failure = std::make_unique<events::AskFailureT>(failure_of(*why));
    return shared_.send(peer, std::move(answer));
  }
  discard(offer.agent);
  auto& arrival = arrivals_[offer.agent];
  arrival.agent = offer.agent;
  arrival.source = peer;
  arrival.move = offer.move;
  arrival.epoch = offer.epoch;
  arrival.heard_at = shared_.now;
  shared_.effects.emplace_back(Consider{peer, offer});
}

void Arrivals::considered(const std::string& agent, std::uint64_t move, const std::optional<Error>& refusal,
                          std::uint64_t have) {
  auto at = arrivals_.find(agent);
  if (at == arrivals_.end() || at->second.move != move || at->second.step != Step::considering) return;
  events::MoveAnswerT answer;
  answer.agent = agent;
  answer.move = move;
  if (refusal) answer.failure = std::make_unique<events::AskFailureT>(failure_of(*refusal));
  answer.have = have;
  shared_.send(at->second.source, std::move(answer));
  if (refusal) {
    arrivals_.erase(at);
    return;
  }
  at->second.step = Step::receiving;
  at->second.version = have;
}

void Arrivals::part(const std::string& peer, events::MovePartT part) {
  auto* arrival = match(peer, part.agent, part.move);
  if (!arrival) {  // this node started again, and dropped the parts before
    events::MoveAbandonedT answer;
    answer.agent = part.agent;
    answer.move = part.move;
    answer.failure = std::make_unique<events::AskFailureT>(failure_of(
        {"cluster.target_restarted", "node '" + shared_.options.node + "' does not have the parts before",
         part.agent, "ask again"}));
    return shared_.send(peer, std::move(answer));
  }
  arrival->heard_at = shared_.now;
  if (arrival->step != Step::receiving || arrival->write != 0 || part.part != arrival->part + 1)
    return;  // repeated
  if (auto good = check(part, *arrival); !good && shared_.options.rules.send_tail)
    return give_up(*arrival, good.error());
  arrival->version = part.until;
  arrival->writing = part.part;
  arrival->last = part.last;
  Write write{Write::Kind::part};
  write.agent = arrival->agent;
  write.move = arrival->move;
  write.epoch = arrival->epoch;
  write.version = part.until;
  write.peer = peer;
  write.part = std::move(part);
  arrival->write = shared_.write(std::move(write));
  if (!shared_.options.rules.prepared_when_durable) {
    arrival->write = 0;
    stored(*arrival);
  }
}

void Arrivals::stored(Arrival& arrival) {
  arrival.part = arrival.writing;
  events::MovePartStoredT answer;
  answer.agent = arrival.agent;
  answer.move = arrival.move;
  answer.part = arrival.part;
  answer.last = arrival.last;
  shared_.send(arrival.source, std::move(answer));
  if (!arrival.last) return;
  arrival.step = Step::prepared;
  arrival.again_at = shared_.now + shared_.options.step_again;
  if (!shared_.options.rules.activate_after_commit) {
    arrival.new_epoch = arrival.epoch + 1;
    activate(arrival);
  }
}

/// A copy that can't be completed: the source is told, and goes on as the owner.
void Arrivals::give_up(Arrival& arrival, const Error& why) {
  events::MoveAbandonedT answer;
  answer.agent = arrival.agent;
  answer.move = arrival.move;
  answer.failure = std::make_unique<events::AskFailureT>(failure_of(why));
  shared_.send(arrival.source, std::move(answer));
  drop(arrivals_.find(arrival.agent));
}

void Arrivals::drop(std::map<std::string, Arrival>::iterator at) {
  Write write{Write::Kind::discarded};
  write.agent = at->second.agent;
  write.move = at->second.move;
  write.peer = at->second.source;  // two sources may have given a move the same number
  const auto id = shared_.write(write);
  discards_.emplace(id, std::move(write));
  arrivals_.erase(at);
}

void Arrivals::discard(const std::string& agent) {
  if (auto at = arrivals_.find(agent); at != arrivals_.end()) drop(at);
}

void Arrivals::committed(const std::string& peer, const events::MoveCommittedT& committed) {
  auto* arrival = match(peer, committed.agent, committed.move);
  if (!arrival) {
    const auto* local = shared_.local(committed.agent);
    const auto* place = shared_.directory.find(committed.agent);
    if ((local && local->epoch >= committed.epoch) || (place && place->epoch >= committed.epoch))
      return say_activated(peer, committed.agent, committed.move, committed.epoch);  // it was told before
    return shared_.fault("cluster.copy_lost",
                         "node '" + peer + "' gave the agent to this node, which does not have it",
                         committed.agent, "adopt it on a node that follows it");
  }
  if (arrival->step == Step::activating) return;
  if (arrival->step != Step::prepared)
    return shared_.fault("cluster.copy_not_whole",
                         "node '" + peer + "' committed a move before everything arrived", committed.agent);
  if (committed.epoch <= arrival->epoch)
    return shared_.fault("cluster.malformed", "a commit that raises no epoch", committed.agent);
  arrival->new_epoch = committed.epoch;
  arrival->commit_version = committed.version;
  arrival->record = committed.record;
  activate(*arrival);
}

void Arrivals::activate(Arrival& arrival) {
  arrival.step = Step::activating;
  shared_.agents[arrival.agent] = {LocalAgent::State::waits, arrival.new_epoch, 0};
  Write write{Write::Kind::activated};
  write.agent = arrival.agent;
  write.move = arrival.move;
  write.epoch = arrival.new_epoch;
  write.new_epoch = arrival.new_epoch;
  write.version = arrival.commit_version;
  write.peer = arrival.source;
  write.record = arrival.record;
  arrival.write = shared_.write(std::move(write));
}

bool Arrivals::written(std::uint64_t id, const Result<Written>& result) {
  if (auto discard = discards_.find(id); discard != discards_.end()) {
    if (!result) discards_again_.push_back(std::move(discard->second));
    discards_.erase(discard);
    return true;
  }
  auto at =
      std::find_if(arrivals_.begin(), arrivals_.end(), [&](const auto& a) { return a.second.write == id; });
  if (at == arrivals_.end()) return false;
  auto& arrival = at->second;
  arrival.write = 0;
  if (arrival.step == Step::activating) {
    if (result) return activated(arrival), true;
    // The agent belongs to this node and to no other: it is tried until the store takes it.
    arrival.again_at = shared_.now + shared_.options.step_again;
    shared_.note(result.error().code, "an agent can't be activated: " + result.error().message,
                 arrival.agent);
  } else if (result) {
    stored(arrival);
  } else {
    give_up(arrival, result.error());
  }
  return true;
}

void Arrivals::activated(Arrival& arrival) {
  const auto agent = arrival.agent;
  shared_.agents[agent] = {LocalAgent::State::runs, arrival.new_epoch, 0};
  departures_.forget(agent, nullptr);  // it has come back
  shared_.control(Control::Kind::start, agent, arrival.new_epoch);
  shared_.directory.announce(agent, arrival.new_epoch, 0);
  say_activated(arrival.source, agent, arrival.move, arrival.new_epoch);
  arrivals_.erase(agent);
  callers_.look_again(agent);
  executor_.look_again(agent);
}

void Arrivals::say_activated(const std::string& peer, const std::string& agent, std::uint64_t move,
                             std::uint64_t epoch) {
  events::MoveActivatedT message;
  message.agent = agent;
  message.move = move;
  message.epoch = epoch;
  shared_.send(peer, std::move(message));
}

void Arrivals::abandoned(const std::string& peer, const events::MoveAbandonedT& abandoned) {
  auto* arrival = match(peer, abandoned.agent, abandoned.move);
  if (!arrival || arrival->step == Step::activating) return;
  drop(arrivals_.find(abandoned.agent));
}

void Arrivals::ask(Arrival& arrival) {
  arrival.again_at = shared_.now + shared_.options.step_again;
  ++arrival.questions;
  events::MoveQuestionT question;
  question.agent = arrival.agent;
  question.move = arrival.move;
  shared_.send(arrival.source, std::move(question));
}

void Arrivals::peer_started(const std::string& peer) {
  for (auto at = arrivals_.begin(); at != arrivals_.end();) {
    auto& arrival = (at++)->second;
    if (arrival.source != peer) continue;
    if (arrival.step == Step::prepared)
      ask(arrival);
    else if (arrival.step != Step::activating && arrival.write == 0)
      drop(arrivals_.find(arrival.agent));  // the source has given it up
  }
}

void Arrivals::tick() {
  if (shared_.now % shared_.options.step_again == 0)
    for (auto& write : std::exchange(discards_again_, {})) {
      const auto id = shared_.write(write);
      discards_.emplace(id, std::move(write));
    }
  for (auto at = arrivals_.begin(); at != arrivals_.end();) {
    auto& arrival = (at++)->second;
    if (arrival.write != 0) continue;
    switch (arrival.step) {
      case Step::considering:
      case Step::receiving:
        // It is not whole, so nothing was committed.
        if (shared_.now - arrival.heard_at >= 2 * shared_.options.give_up_after)
          drop(arrivals_.find(arrival.agent));
        break;
      case Step::prepared:
        if (shared_.now < arrival.again_at) break;
        if (!shared_.options.rules.ask_when_in_doubt && arrival.questions >= 2) {
          arrival.new_epoch = arrival.epoch + 1;
          activate(arrival);
        } else {
          ask(arrival);
        }
        break;
      case Step::activating:
        if (shared_.now >= arrival.again_at) activate(arrival);
        break;
    }
  }
}

}  // namespace automodel::cluster
