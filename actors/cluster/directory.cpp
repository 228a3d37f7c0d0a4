#include "actors/cluster/directory.hpp"

namespace automodel::cluster {

Learnt Directory::learn(const events::PlaceT& place) {
  if (place.node.empty() || place.epoch == 0) return Learnt::older;
  auto [at, fresh] = places_.try_emplace(place.agent, place);
  if (fresh) return Learnt::news;
  auto& known = at->second;
  if (known.epoch == place.epoch) return known.node == place.node ? Learnt::known : Learnt::conflict;
  if (place.epoch < known.epoch && options_.rules.higher_epoch_wins) return Learnt::older;
  known = place;
  if (place.node == options_.node) return Learnt::news;
  // It is another's now: that one tells of it.
  if (auto own = revision_of_.find(place.agent); own != revision_of_.end()) {
    changes_.erase(own->second);
    revision_of_.erase(own);
  }
  return Learnt::news;
}

void Directory::announce(const std::string& agent, std::uint64_t epoch, std::uint64_t adopted_at) {
  auto& place = places_[agent];
  place.agent = agent;
  place.epoch = epoch;
  place.node = options_.node;
  place.adopted_at = adopted_at;
  auto& revision = revision_of_[agent];
  changes_.erase(revision);
  revision = ++revision_;
  changes_.emplace(revision, agent);
}

const events::PlaceT* Directory::find(const std::string& agent) const {
  auto at = places_.find(agent);
  return at == places_.end() ? nullptr : &at->second;
}

std::optional<events::PlacesChangedT> Directory::next_for(const std::string& peer, std::uint64_t now) {
  auto& state = peers_[peer];
  if (state.told > state.acknowledged && now < state.told_at + options_.tell_again) return std::nullopt;
  auto change = changes_.upper_bound(state.acknowledged);
  if (change == changes_.end()) return std::nullopt;
  events::PlacesChangedT message;
  for (; change != changes_.end() && message.places.size() < options_.places_at_once; ++change) {
    message.places.push_back(std::make_unique<events::PlaceT>(places_.at(change->second)));
    message.revision = change->first;
  }
  state.told = message.revision;
  state.told_at = now;
  return message;
}

void Directory::acknowledged(const std::string& peer, std::uint64_t revision) {
  auto& state = peers_[peer];
  // Never beyond what was told: a late answer to an earlier start of this node says nothing.
  if (revision <= state.told && revision > state.acknowledged) state.acknowledged = revision;
}

}  // namespace automodel::cluster
