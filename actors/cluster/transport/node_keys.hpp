// Curve25519 keys by which nodes know each other (ZeroMQ's CURVE), and the list of those that may connect.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace automodel::cluster {

using CurveKey = std::array<std::uint8_t, 32>;

/// A node's own pair; the secret half is wiped at the end.
class NodeKeys {
 public:
  static NodeKeys generate();
  /// Reads `node.key` from a directory. Errors: those of storage::load_key.
  static Result<NodeKeys> load(const std::filesystem::path& directory);
  NodeKeys(const NodeKeys&) = default;
  NodeKeys& operator=(const NodeKeys&) = default;
  ~NodeKeys();

  const CurveKey& public_key() const { return public_; }
  const CurveKey& secret_key() const { return secret_; }
  /// Writes `node.key` (mode 0600) and `node.pub`; never overwrites. Errors: keys.exists, keys.io.
  Result<void> save(const std::filesystem::path& directory) const;

 private:
  NodeKeys() = default;
  CurveKey public_{};
  CurveKey secret_{};
};

inline constexpr const char* node_key_name = "node.key";
inline constexpr const char* node_public_name = "node.pub";

/// Errors: keys.no_such_file, keys.malformed, keys.io.
Result<CurveKey> load_node_public_key(const std::filesystem::path& file);

struct AllowedPeer {
  std::string name;  // of the node
  CurveKey key{};
};

/// Which nodes may connect: one public key a file, `DIR/nodes/NAME.pub`.
class AllowList {
 public:
  /// Nobody, where the folder is absent. Errors: cluster.key_twice (one key under two names), and those of
  /// load_node_public_key.
  static Result<AllowList> load(const std::filesystem::path& directory);
  /// Errors: cluster.key_twice, cluster.name_twice.
  Result<void> add(AllowedPeer peer);
  const AllowedPeer* find(const CurveKey& key) const;
  const AllowedPeer* node(const std::string& name) const;
  std::size_t size() const { return by_key_.size(); }

 private:
  std::map<CurveKey, AllowedPeer> by_key_;
};

}  // namespace automodel::cluster
