#include "actors/cluster/departures.hpp"

#include <algorithm>

namespace automodel::cluster {

using Step = Departure::Step;

std::string_view name_of(Step step) {
  switch (step) {
    case Step::starting:
      return "starting";
    case Step::offering:
      return "offering";
    case Step::copying:
      return "copying";
    case Step::freezing:
      return "freezing";
    case Step::last_part:
      return "last part";
    case Step::committing:
      return "committing";
    case Step::committed:
      return "committed";
    case Step::abandoning:
      return "abandoning";
  }
  return "starting";
}

const Departure* Departures::find(const std::string& agent) const {
  auto at = departures_.find(agent);
  return at == departures_.end() ? nullptr : &at->second;
}

std::size_t Departures::open() const {
  return static_cast<std::size_t>(std::count_if(departures_.begin(), departures_.end(), [](const auto& d) {
    return d.second.step != Step::committed;
  }));
}

Departure* Departures::match(const std::string& peer, const std::string& agent, std::uint64_t move) {
  auto at = departures_.find(agent);
  if (at == departures_.end() || at->second.target != peer || at->second.move != move || move == 0)
    return nullptr;
  return &at->second;
}

Result<void> Departures::may_begin(const std::string& agent, const std::string& target) const {
  const auto* local = shared_.local(agent);
  if (!local) {
    const auto* place = shared_.directory.find(agent);
    return fail("cluster.not_here",
                place ? "the agent is at node '" + place->node + "'" : "no such agent is known here", agent,
                place ? "ask there" : "");
  }
  if (departures_.contains(agent) || local->state != LocalAgent::State::runs)
    return fail("cluster.moving", "the agent is on its way already", agent, "wait for that move to end");
  if (target == shared_.options.node) return fail("cluster.bad_target", "the agent is here already", agent);
  const auto* member = shared_.members.find(target);
  if (!member) return fail("cluster.no_such_node", "no node '" + target + "' is known", agent);
  if (!shared_.members.takes_moves(target))
    return fail("cluster.not_reachable",
                "node '" + target + "' takes no agents: it is " +
                    (member->leaving ? "leaving" : std::string(name_of(member->state))),
                agent);
  if (shared_.members.anyone_silent())
    return fail("cluster.member_silent", "no move begins while a node is silent", agent,
                "wait until it is heard again or has left");
  if (open() >= shared_.options.max_moves)
    return fail("cluster.too_many_moves", std::to_string(open()) + " agents are leaving this node", agent,
                "ask again later");
  return {};
}

void Departures::migrate(std::optional<Ticket> ticket, const std::string& agent, const std::string& target) {
  if (auto may = may_begin(agent, target); !may) {
    if (ticket) shared_.refuse(*ticket, may.error());
    return;
  }
  auto& departure = departures_[agent];
  departure.agent = agent;
  departure.target = target;
  departure.ticket = ticket;
  departure.epoch = shared_.local(agent)->epoch;
  departure.started_at = departure.progress_at = shared_.now;
  Write write{Write::Kind::started};
  write.agent = agent;
  write.epoch = departure.epoch;
  write.peer = target;
  departure.write = shared_.write(std::move(write));
}

void Departures::recover_open(const RecoveredAgent& agent) {
  auto& departure = departures_[agent.agent];
  departure.agent = agent.agent;
  departure.move = agent.open_move;
  departure.epoch = agent.epoch;
  departure.frozen = true;
  departure.started_at = departure.progress_at = shared_.now;
  abandon(
      departure,
      {"cluster.source_restarted", "the node started again while the agent was leaving it", agent.agent, {}});
}

void Departures::recover_committed(const RecoveredAgent& agent) {
  if (!shared_.options.rules.remember_commit) return;
  auto& departure = departures_[agent.agent];
  departure.step = Step::committed;
  departure.agent = agent.agent;
  departure.target = agent.owner;
  departure.move = agent.committed_move;
  departure.epoch = agent.epoch - 1;
  departure.version = agent.committed_version;
  departure.record = agent.committed_record;
  departure.again_at = departure.started_at = shared_.now;
}

void Departures::answered(const std::string& peer, const events::MoveAnswerT& answer) {
  auto* departure = match(peer, answer.agent, answer.move);
  if (!departure || departure->step != Step::offering) return;
  if (answer.failure) return abandon(*departure, error_of(*answer.failure, answer.agent));
  departure->step = Step::copying;
  departure->version = answer.have;
  departure->progress_at = shared_.now;
  read_on(*departure);
}

void Departures::read_on(Departure& departure) {
  shared_.effects.emplace_back(Read{departure.agent, departure.move, departure.version,
                                    shared_.options.part_bytes, departure.step == Step::last_part});
}

void Departures::read(const std::string& agent, std::uint64_t move, Result<ReadPart> read) {
  auto at = departures_.find(agent);
  if (at == departures_.end() || at->second.move != move) return;
  auto& departure = at->second;
  if (departure.step != Step::copying && departure.step != Step::last_part) return;
  if (!read) return abandon(departure, read.error());
  auto& part = read->part;
  const auto& rules = shared_.options.rules;
  if (!rules.send_tail && departure.step == Step::last_part) part.records.clear();
  if (!rules.send_inbox) part.replies.clear();
  if (!rules.send_outbox) part.messages.clear();
  part.agent = agent;
  part.move = move;
  part.part = ++departure.part;
  part.after = departure.version;
  part.last = departure.step == Step::last_part;
  departure.version = part.until;
  departure.left = read->left;
  shared_.send(departure.target, std::move(part));
}

void Departures::stored(const std::string& peer, const events::MovePartStoredT& stored) {
  auto* departure = match(peer, stored.agent, stored.move);
  if (!departure || stored.part != departure->part) return;
  departure->progress_at = shared_.now;
  if (departure->step == Step::last_part && stored.last) return commit(*departure);
  if (departure->step != Step::copying) return;
  if (departure->left <= shared_.options.freeze_below || departure->part >= shared_.options.max_rounds)
    begin_freeze(*departure);
  else
    read_on(*departure);
}

void Departures::begin_freeze(Departure& departure) {
  departure.step = Step::freezing;
  departure.frozen = true;
  departure.frozen_at = shared_.now;
  shared_.agents.at(departure.agent).state = LocalAgent::State::waits;
  shared_.control(Control::Kind::freeze, departure.agent, departure.epoch);
}

void Departures::frozen(const std::string& agent, std::uint64_t) {
  auto at = departures_.find(agent);
  if (at == departures_.end() || at->second.step != Step::freezing) return;
  auto& departure = at->second;
  if (departure.reason) return write_abandoned(departure);
  departure.step = Step::last_part;
  departure.progress_at = shared_.now;
  read_on(departure);
}

void Departures::commit(Departure& departure) {
  departure.step = Step::committing;
  Write write{Write::Kind::committed};
  write.agent = departure.agent;
  write.move = departure.move;
  write.epoch = departure.epoch;
  write.new_epoch = departure.epoch + 1;
  write.version = departure.version;
  write.peer = departure.target;
  departure.write = shared_.write(std::move(write));
}

bool Departures::written(std::uint64_t id, const Result<Written>& result) {
  auto at = std::find_if(departures_.begin(), departures_.end(),
                         [&](const auto& d) { return d.second.write == id; });
  if (at == departures_.end()) return false;
  auto& departure = at->second;
  departure.write = 0;
  if (departure.step == Step::abandoning) {
    if (result) return abandoned(departure), true;
    // The agent stays frozen, and its callers are told so, until the store takes the word that ends the move.
    departure.again_at = shared_.now + shared_.options.step_again;
    shared_.note(result.error().code, "a move can't be ended: " + result.error().message, departure.agent);
    return true;
  }
  if (departure.step == Step::committing) {
    if (result)
      committed(departure, *result);
    else
      abandon(departure, result.error());
    return true;
  }
  if (!result) {  // it never began
    if (departure.ticket) shared_.refuse(*departure.ticket, result.error());
    departures_.erase(at);
    return true;
  }
  departure.move = result->version;
  if (departure.reason) return write_abandoned(departure), true;
  departure.step = Step::offering;
  departure.progress_at = shared_.now;
  events::MoveOfferT offer;
  offer.agent = departure.agent;
  offer.move = departure.move;
  offer.epoch = departure.epoch;
  shared_.send(departure.target, std::move(offer));
  return true;
}

/// From here on the target owns the agent, whatever becomes of this node.
void Departures::committed(Departure& departure, const Written& written) {
  departure.step = Step::committed;
  departure.record = written.record;
  departure.version = written.version;
  departure.progress_at = shared_.now;
  shared_.agents.erase(departure.agent);
  events::PlaceT place;
  place.agent = departure.agent;
  place.epoch = departure.epoch + 1;
  place.node = departure.target;
  if (shared_.directory.learn(place) == Learnt::conflict)
    shared_.fault("cluster.two_owners", "another node has the epoch of this move", departure.agent);
  shared_.control(Control::Kind::retire, departure.agent, departure.epoch);
  say_committed(departure);
  callers_.drop_sender(departure.agent);
  const auto agent = departure.agent;
  callers_.look_again(agent);
  executor_.look_again(agent);
}

void Departures::say_committed(Departure& departure) {
  departure.again_at = shared_.now + shared_.options.step_again;
  events::MoveCommittedT message;
  message.agent = departure.agent;
  message.move = departure.move;
  message.epoch = departure.epoch + 1;
  message.version = departure.version;
  message.record = departure.record;
  shared_.send(departure.target, std::move(message));
}

void Departures::activated(const std::string& peer, const events::MoveActivatedT& activated) {
  auto* departure = match(peer, activated.agent, activated.move);
  if (!departure || departure->step != Step::committed) return;
  shared_.note("cluster.moved",
               "moved to node '" + peer + "' in " + std::to_string(shared_.now - departure->started_at) +
                   " ticks, frozen for " +
                   std::to_string(departure->frozen ? departure->progress_at - departure->frozen_at : 0),
               departure->agent);
  if (departure->ticket) shared_.answer(*departure->ticket, {});
  departures_.erase(departure->agent);
}

void Departures::refused(const std::string& peer, const events::MoveAbandonedT& refused) {
  auto* departure = match(peer, refused.agent, refused.move);
  if (!departure) return;
  abandon(*departure, refused.failure
                          ? error_of(*refused.failure, refused.agent)
                          : Error{"cluster.refused", "the target gave the move up", refused.agent, {}});
}

/// A target in doubt: what was committed is told again, what is over was abandoned.
void Departures::question(const std::string& peer, const events::MoveQuestionT& question) {
  auto* departure = match(peer, question.agent, question.move);
  if (departure && departure->step == Step::committed) return say_committed(*departure);
  if (departure && departure->step == Step::last_part) return commit(*departure);  // it has everything
  if (departure && departure->step != Step::offering && departure->step != Step::copying)
    return;  // not decided
  events::MoveAbandonedT answer;
  answer.agent = question.agent;
  answer.move = question.move;
  shared_.send(peer, std::move(answer));
}

/// Gives a move up, where that can still be done. Where the agent is about to freeze, that comes first.
void Departures::abandon(Departure& departure, Error reason) {
  if (departure.step == Step::committed || departure.step == Step::abandoning || departure.reason) return;
  if (departure.step == Step::committing && departure.write != 0) return;  // the store's answer decides
  departure.reason = std::move(reason);
  if (departure.write == 0 && departure.step != Step::freezing) write_abandoned(departure);
}

void Departures::write_abandoned(Departure& departure) {
  departure.step = Step::abandoning;
  Write write{Write::Kind::abandoned};
  write.agent = departure.agent;
  write.move = departure.move;
  write.epoch = departure.epoch;
  write.new_epoch = departure.frozen ? departure.epoch + 1 : departure.epoch;
  write.peer = departure.target;
  write.reason = to_string(*departure.reason);
  departure.write = shared_.write(std::move(write));
}

void Departures::abandoned(Departure& departure) {
  const auto agent = departure.agent;
  if (!departure.target.empty()) {
    events::MoveAbandonedT message;
    message.agent = agent;
    message.move = departure.move;
    message.failure = std::make_unique<events::AskFailureT>(failure_of(*departure.reason));
    shared_.send(departure.target, std::move(message));
  }
  if (departure.ticket) shared_.refuse(*departure.ticket, *departure.reason);
  shared_.note(departure.reason->code, "a move was abandoned: " + departure.reason->message, agent);
  auto& local = shared_.agents.at(agent);
  if (departure.frozen) {
    const bool recovering = departure.target.empty();
    local.epoch = departure.epoch + 1;
    local.state = LocalAgent::State::runs;
    shared_.control(recovering ? Control::Kind::start : Control::Kind::unfreeze, agent, local.epoch);
    shared_.directory.announce(agent, local.epoch, local.adopted_at);
  }
  departures_.erase(agent);
  callers_.look_again(agent);
  executor_.look_again(agent);
}

}  // namespace automodel::cluster
