#include "actors/cluster/core.hpp"

#include <algorithm>

namespace automodel::cluster {

ClusterCore::ClusterCore(ClusterOptions options)
    : shared_(std::move(options)),
      callers_(shared_),
      executor_(shared_),
      departures_(shared_, callers_, executor_),
      arrivals_(shared_, callers_, executor_, departures_) {}

// --- the start ---------------------------------------------------------------------------------------

void ClusterCore::recovered(std::vector<RecoveredAgent> agents, std::vector<RecoveredParts> parts,
                            const std::vector<std::string>& seeds) {
  for (const auto& seed : seeds)
    if (seed != shared_.options.node) {
      shared_.members.add(seed);
      unheard_seeds_.insert(seed);
    }
  for (auto& agent : agents) {
    if (agent.owner == shared_.options.node) {
      shared_.agents[agent.agent] = {LocalAgent::State::waits, agent.epoch, agent.adopted_at};
      to_start_.push_back(std::move(agent));
      continue;
    }
    events::PlaceT place;
    place.agent = agent.agent;
    place.epoch = agent.epoch;
    place.node = agent.owner;
    place.adopted_at = agent.adopted_at;
    shared_.directory.learn(place);
    if (agent.committed_move != 0) departures_.recover_committed(agent);
  }
  for (const auto& kept : parts) arrivals_.recover(kept);
  if (unheard_seeds_.empty()) start_recovered();
}

void ClusterCore::start_recovered() {
  unheard_seeds_.clear();
  for (const auto& agent : std::exchange(to_start_, {})) {
    auto* local = shared_.local(agent.agent) ? &shared_.agents.at(agent.agent) : nullptr;
    if (!local) continue;  // adopted elsewhere meanwhile
    if (agent.open_move != 0) {
      departures_.recover_open(agent);
      continue;
    }
    local->state = LocalAgent::State::runs;
    shared_.control(Control::Kind::start, agent.agent, agent.epoch);
    shared_.directory.announce(agent.agent, agent.epoch, agent.adopted_at);
    callers_.look_again(agent.agent);
    executor_.look_again(agent.agent);
  }
}

void ClusterCore::created(const std::string& agent, std::uint64_t epoch) {
  shared_.agents[agent] = {LocalAgent::State::runs, epoch, 0};
  shared_.control(Control::Kind::start, agent, epoch);
  shared_.directory.announce(agent, epoch, 0);
  callers_.look_again(agent);
}

// --- peers -------------------------------------------------------------------------------------------

void ClusterCore::peer_started(const std::string& peer, Incarnation incarnation) {
  shared_.members.started(peer, incarnation, shared_.now);
  shared_.directory.forget(peer);
  greet(peer);
  // Said even where there is nothing to say: the peer may wait for it before it starts its agents.
  auto places = shared_.directory.next_for(peer, shared_.now);
  shared_.send(peer, places ? std::move(*places) : events::PlacesChangedT{});
  callers_.peer_started(peer);
  executor_.peer_started(peer, incarnation);
  departures_.peer_started(peer);
  arrivals_.peer_started(peer);
  watch_members();
}

void ClusterCore::greet(const std::string& peer) {
  events::PeerGreetingT greeting;
  greeting.node = shared_.options.node;
  greeting.identity = shared_.options.identity;
  greeting.leaving = leaving_;
  shared_.send(peer, std::move(greeting));
}

void ClusterCore::greeted(const std::string& peer, const events::PeerGreetingT& greeting) {
  if (auto taken = shared_.members.greeted(peer, greeting.identity, greeting.leaving); !taken) {
    const auto& error = taken.error();
    shared_.fault(error.code, error.message, error.where, error.hint);
  }
}

void ClusterCore::peer_heard(const std::string& peer) { shared_.members.heard(peer, shared_.now); }

void ClusterCore::received(const std::string& peer, events::PeerMessageT message) {
  const auto* member = shared_.members.find(peer);
  if (!member) return shared_.fault("cluster.unknown_node", "a message of a node that nobody greeted", peer);
  if (member->state == MemberState::refused) return;
  dispatch(peer, std::move(message));
}

void ClusterCore::dispatch(const std::string& peer, events::PeerMessageT message) {
  auto& body = message.body;
  switch (body.type) {
    case events::PeerBody::PeerGreeting:
      return greeted(peer, *body.AsPeerGreeting());
    case events::PeerBody::PeerLeaving:
      return shared_.members.leaving(peer);
    case events::PeerBody::PeerLeft:
      return shared_.members.left(peer), watch_members();
    case events::PeerBody::PlacesChanged: {
      const auto& changed = *body.AsPlacesChanged();
      for (const auto& place : changed.places)
        if (place) learn(*place);
      if (changed.revision != 0) {
        events::PlacesSeenT seen;
        seen.revision = changed.revision;
        shared_.send(peer, std::move(seen));
      }
      if (unheard_seeds_.erase(peer) > 0 && unheard_seeds_.empty()) start_recovered();
      return;
    }
    case events::PeerBody::PlacesSeen:
      return shared_.directory.acknowledged(peer, body.AsPlacesSeen()->revision);
    case events::PeerBody::PlaceAsked:
      if (const auto* place = shared_.directory.find(body.AsPlaceAsked()->agent)) {
        events::PlaceAnsweredT answer;
        answer.place = std::make_unique<events::PlaceT>(*place);
        shared_.send(peer, std::move(answer));
      }
      return;
    case events::PeerBody::PlaceAnswered:
      return learn(*body.AsPlaceAnswered()->place);
    case events::PeerBody::Ask:
      return executor_.ask(std::move(*body.AsAsk()));
    case events::PeerBody::Told: {
      auto& told = *body.AsTold();
      if (told.moved) learn(*told.moved);
      for (const auto& reply : told.replies)
        if (!reply) return shared_.fault("cluster.malformed", "an empty reply", peer);
      return callers_.told(told);
    }
    default:
      return dispatch_move(peer, std::move(message));
  }
}

void ClusterCore::dispatch_move(const std::string& peer, events::PeerMessageT message) {
  auto& body = message.body;
  switch (body.type) {
    case events::PeerBody::MoveOffer:
      return arrivals_.offered(peer, *body.AsMoveOffer(), leaving_);
    case events::PeerBody::MoveAnswer:
      return departures_.answered(peer, *body.AsMoveAnswer());
    case events::PeerBody::MovePart:
      return arrivals_.part(peer, std::move(*body.AsMovePart()));
    case events::PeerBody::MovePartStored:
      return departures_.stored(peer, *body.AsMovePartStored());
    case events::PeerBody::MoveCommitted:
      return arrivals_.committed(peer, *body.AsMoveCommitted());
    case events::PeerBody::MoveActivated:
      return departures_.activated(peer, *body.AsMoveActivated());
    case events::PeerBody::MoveQuestion:
      return departures_.question(peer, *body.AsMoveQuestion());
    case events::PeerBody::MoveAbandoned:  // from the source of one move, or the target of another
      arrivals_.abandoned(peer, *body.AsMoveAbandoned());
      return departures_.refused(peer, *body.AsMoveAbandoned());
    default:
      return shared_.fault("cluster.malformed", "a message of an unknown kind", peer);
  }
}

void ClusterCore::watch_members() {
  for (const auto& change : shared_.members.changes()) {
    shared_.note("cluster.member",
                 "node '" + change.name + "' is " + std::string(name_of(change.to)) + ", was " +
                     std::string(name_of(change.from)),
                 change.name);
    if (change.to == MemberState::unreachable || change.to == MemberState::left ||
        change.to == MemberState::refused)
      departures_.peer_gone(change.name, {"cluster.target_gone",
                                          "node '" + change.name + "' is " + std::string(name_of(change.to)),
                                          change.name, "ask again"});
  }
}

// --- places ------------------------------------------------------------------------------------------

void ClusterCore::learn(const events::PlaceT& place) {
  const auto* local = shared_.local(place.agent);
  if (place.node == shared_.options.node) return;  // what is here this node knows best
  if (local && place.epoch > local->epoch) return fence(place.agent, place);
  switch (shared_.directory.learn(place)) {
    case Learnt::news:
      return callers_.look_again(place.agent);
    case Learnt::conflict: {
      const auto* known = shared_.directory.find(place.agent);
      return shared_.fault("cluster.two_owners",
                           "nodes '" + known->node + "' and '" + place.node + "' both say that epoch " +
                               std::to_string(place.epoch) + " is theirs",
                           place.agent, "stop one of the two, and adopt the agent");
    }
    case Learnt::known:
    case Learnt::older:
      return;
  }
}

/// The agent was adopted elsewhere: nothing is appended here any more, and what the adopter did not have is
/// kept aside.
void ClusterCore::fence(const std::string& agent, const events::PlaceT& place) {
  const Error why{"cluster.fenced", "node '" + place.node + "' took the agent over", agent, "ask there"};
  shared_.note(why.code, why.message, agent);
  shared_.agents.erase(agent);
  shared_.directory.learn(place);
  departures_.forget(agent, &why);
  arrivals_.discard(agent);
  shared_.control(Control::Kind::retire, agent, place.epoch);
  auto& fence = fences_[agent];
  fence.wanted = Write{Write::Kind::fenced};
  fence.wanted.agent = agent;
  fence.wanted.new_epoch = place.epoch;
  fence.wanted.version = place.adopted_at > 0 ? place.adopted_at - 1 : 0;
  fence.wanted.peer = place.node;
  fence.write = shared_.write(fence.wanted);
  callers_.drop_sender(agent);
  callers_.look_again(agent);
  executor_.look_again(agent);
}

void ClusterCore::tell_places() {
  told_revision_ = shared_.directory.revision();
  for (const auto& [name, member] : shared_.members.members())
    if (shared_.members.reachable(name))
      if (auto places = shared_.directory.next_for(name, shared_.now)) shared_.send(name, std::move(*places));
}

// --- commands ----------------------------------------------------------------------------------------

void ClusterCore::command(Ticket ticket, const std::string& agent, AgentCommand command,
                          std::uint64_t patience) {
  callers_.command(ticket, agent, std::move(command), patience == 0 ? 0 : shared_.now + patience);
}

void ClusterCore::answered(std::uint64_t delivery, const events::Bytes& reply) {
  if (!callers_.answered(delivery, reply)) executor_.answered(delivery, reply);
}

void ClusterCore::returned(std::uint64_t delivery) {
  if (!callers_.returned(delivery)) executor_.returned(delivery);
}

void ClusterCore::frozen(const std::string& agent, std::uint64_t version) {
  departures_.frozen(agent, version);
}

void ClusterCore::read(const std::string& agent, std::uint64_t move, Result<ReadPart> part) {
  departures_.read(agent, move, std::move(part));
}

void ClusterCore::considered(const std::string& agent, std::uint64_t move,
                             const std::optional<Error>& refusal, std::uint64_t have) {
  arrivals_.considered(agent, move, refusal, have);
}

void ClusterCore::written(std::uint64_t id, const Result<Written>& result) {
  if (departures_.written(id, result) || arrivals_.written(id, result) || written_here(id, result)) return;
  if (!result)
    shared_.note(result.error().code, result.error().message, result.error().where);  // of dropped parts
}

bool ClusterCore::written_here(std::uint64_t id, const Result<Written>& result) {
  if (auto at = adoptions_.find(id); at != adoptions_.end()) {
    const auto adoption = std::move(at->second);
    adoptions_.erase(at);
    if (!result) return shared_.refuse(adoption.ticket, result.error()), true;
    shared_.agents[adoption.agent] = {LocalAgent::State::runs, adoption.epoch, result->version};
    shared_.control(Control::Kind::start, adoption.agent, adoption.epoch);
    shared_.directory.announce(adoption.agent, adoption.epoch, result->version);
    shared_.answer(adoption.ticket, {});
    callers_.look_again(adoption.agent);
    return true;
  }
  auto fence =
      std::find_if(fences_.begin(), fences_.end(), [&](const auto& f) { return f.second.write == id; });
  if (fence == fences_.end()) return false;
  if (result) return fences_.erase(fence), true;
  shared_.note(result.error().code, "an agent that was adopted can't be set aside: " + result.error().message,
               fence->first);
  fence->second.write = 0;
  fence->second.again_at = shared_.now + shared_.options.step_again;
  return true;
}

// --- time --------------------------------------------------------------------------------------------

void ClusterCore::tick() {
  ++shared_.now;
  shared_.members.tick(shared_.now);
  watch_members();
  if (!to_start_.empty() && shared_.now >= shared_.options.unreachable_after) start_recovered();
  callers_.tick();
  departures_.tick();
  arrivals_.tick();
  for (auto& [agent, fence] : fences_)
    if (fence.write == 0 && shared_.now >= fence.again_at) fence.write = shared_.write(fence.wanted);
  if (leave_ticket_) empty_this_node();
  tell_places();
}

std::vector<Effect> ClusterCore::effects() {
  if (told_revision_ != shared_.directory.revision()) tell_places();
  std::vector<Effect> out;
  while (!shared_.effects.empty())
    for (auto& effect : std::exchange(shared_.effects, {})) {
      auto* send = std::get_if<Send>(&effect);
      if (send && send->peer == shared_.options.node)  // an answer that came round to where it was asked
        dispatch(shared_.options.node, std::move(send->message));
      else
        out.push_back(std::move(effect));
    }
  return out;
}

std::vector<AgentStatus> ClusterCore::agents() const {
  std::vector<AgentStatus> all;
  for (const auto& [agent, local] : shared_.agents) {
    AgentStatus status{agent, local.epoch, local.state == LocalAgent::State::runs ? "runs" : "waits", {}};
    if (const auto* departure = departures_.find(agent))
      status.state = name_of(departure->step), status.towards = departure->target;
    else if (const auto* arrival = arrivals_.find(agent))
      status.state = name_of(arrival->step), status.towards = arrival->source;
    all.push_back(std::move(status));
  }
  return all;
}

bool ClusterCore::runs(const std::string& agent) const {
  const auto* local = shared_.local(agent);
  return local && local->state == LocalAgent::State::runs;
}

}  // namespace automodel::cluster
