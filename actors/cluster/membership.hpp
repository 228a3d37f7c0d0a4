// Who belongs to the cluster and who is there: by what was heard of each, in ticks. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/cluster/options.hpp"
#include "base/error.hpp"

namespace automodel::cluster {

enum class MemberState : std::uint8_t {
  unknown,  // configured, never heard of
  alive,
  suspect,      // silent: new moves wait
  unreachable,  // silent for long: moves to it are abandoned, its agents may be adopted
  left,         // said so, or silent for very long
  refused,      // has an identity that another node has
};

std::string_view name_of(MemberState state);

struct Member {
  std::string name;
  std::string identity;  // from its greeting
  Incarnation incarnation = 0;
  MemberState state = MemberState::unknown;
  bool leaving = false;
  std::uint64_t heard = 0;  // the tick
};

struct MemberChange {
  std::string name;
  MemberState from = MemberState::unknown;
  MemberState to = MemberState::unknown;
};

class Membership {
 public:
  explicit Membership(const ClusterOptions& options) : options_(options) {}

  /// A configured seed, or a node that joined.
  void add(const std::string& name);
  /// Its channel began anew.
  void started(const std::string& name, Incarnation incarnation, std::uint64_t now);
  /// Something of it arrived: alive again, unless it is refused or left on purpose.
  void heard(const std::string& name, std::uint64_t now);
  /// Its greeting. Errors: cluster.same_identity: it is refused from here on.
  Result<void> greeted(const std::string& name, const std::string& identity, bool leaving);
  void leaving(const std::string& name);
  void left(const std::string& name);
  void tick(std::uint64_t now);

  const Member* find(const std::string& name) const;
  const std::map<std::string, Member>& members() const { return members_; }
  /// Heard lately, and not on its way out: what may be moved to it.
  bool takes_moves(const std::string& name) const;
  bool reachable(const std::string& name) const;
  /// A member that may still run and is not heard: no new moves while there is one.
  bool anyone_silent() const;
  /// Changes of state since the last call, in order.
  std::vector<MemberChange> changes() { return std::exchange(changes_, {}); }

 private:
  void become(Member& member, MemberState state);

  const ClusterOptions& options_;
  std::map<std::string, Member> members_;
  std::vector<MemberChange> changes_;
};

}  // namespace automodel::cluster
