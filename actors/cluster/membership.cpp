#include "actors/cluster/membership.hpp"

namespace automodel::cluster {

std::string_view name_of(MemberState state) {
  switch (state) {
    case MemberState::unknown:
      return "unknown";
    case MemberState::alive:
      return "alive";
    case MemberState::suspect:
      return "suspect";
    case MemberState::unreachable:
      return "unreachable";
    case MemberState::left:
      return "left";
    case MemberState::refused:
      return "refused";
  }
  return "unknown";
}

void Membership::become(Member& member, MemberState state) {
  if (member.state == state) return;
  changes_.push_back({member.name, member.state, state});
  member.state = state;
}

void Membership::add(const std::string& name) {
  auto [at, fresh] = members_.try_emplace(name);
  if (fresh) at->second.name = name;
}

void Membership::started(const std::string& name, Incarnation incarnation, std::uint64_t now) {
  add(name);
  auto& member = members_[name];
  member.incarnation = incarnation;
  member.leaving = false;
  member.identity.clear();
  member.heard = now;
  become(member, MemberState::alive);
}

void Membership::heard(const std::string& name, std::uint64_t now) {
  auto at = members_.find(name);
  if (at == members_.end()) return;
  auto& member = at->second;
  member.heard = now;
  // Who said that it leaves comes back with a new incarnation only.
  if (member.state == MemberState::refused || (member.state == MemberState::left && member.leaving)) return;
  become(member, MemberState::alive);
}

Result<void> Membership::greeted(const std::string& name, const std::string& identity, bool leaving) {
  add(name);
  auto& member = members_[name];
  member.leaving = leaving;
  member.identity = identity;
  const auto refuse = [&](const std::string& other) {
    become(member, MemberState::refused);
    return fail("cluster.same_identity", "node '" + name + "' has the identity of node '" + other + "'",
                identity, "a store was copied: give one of the nodes a store of its own");
  };
  if (name == options_.node || identity == options_.identity) return refuse(options_.node);
  for (const auto& [other, known] : members_)
    if (other != name && known.identity == identity && known.state != MemberState::refused &&
        known.state != MemberState::left)
      return refuse(other);
  return {};
}

void Membership::leaving(const std::string& name) {
  if (auto at = members_.find(name); at != members_.end()) at->second.leaving = true;
}

void Membership::left(const std::string& name) {
  auto at = members_.find(name);
  if (at == members_.end()) return;
  at->second.leaving = true;
  become(at->second, MemberState::left);
}

void Membership::tick(std::uint64_t now) {
  for (auto& [name, member] : members_) {
    if (member.state == MemberState::unknown || member.state == MemberState::left ||
        member.state == MemberState::refused)
      continue;
    const auto silent = now - member.heard;
    if (silent >= options_.left_after)
      become(member, MemberState::left);
    else if (silent >= options_.unreachable_after)
      become(member, MemberState::unreachable);
    else if (silent >= options_.suspect_after)
      become(member, MemberState::suspect);
  }
}

const Member* Membership::find(const std::string& name) const {
  auto at = members_.find(name);
  return at == members_.end() ? nullptr : &at->second;
}

bool Membership::takes_moves(const std::string& name) const {
  const auto* member = find(name);
  return member && member->state == MemberState::alive && !member->leaving && !member->identity.empty();
}

bool Membership::reachable(const std::string& name) const {
  const auto* member = find(name);
  return member && (member->state == MemberState::alive || member->state == MemberState::suspect);
}

bool Membership::anyone_silent() const {
  for (const auto& [name, member] : members_)
    if (member.state == MemberState::suspect || member.state == MemberState::unreachable) return true;
  return false;
}

}  // namespace automodel::cluster
