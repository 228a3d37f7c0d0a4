#include "actors/cluster/transport/node_keys.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "storage/operations/key_files.hpp"

namespace automodel::cluster {
namespace {

namespace fs = std::filesystem;

static_assert(crypto_box_PUBLICKEYBYTES == 32 && crypto_box_SECRETKEYBYTES == 32);

constexpr storage::KeyKind secret_kind{"automodel curve25519 private key 1\n", "node's private", true};
constexpr storage::KeyKind public_kind{"automodel curve25519 public key 1\n", "node's public", false};

void start_sodium() {
  static const int ready = sodium_init();
  if (ready < 0) throw std::runtime_error("libsodium cannot be initialised");
}

Result<std::vector<fs::path>> public_keys_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  if (!fs::exists(folder, failed)) return files;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().extension() == ".pub") files.push_back(entry.path());
  if (failed) return fail("keys.io", failed.message(), folder.string());
  std::ranges::sort(files);
  return files;
}

}  // namespace

NodeKeys NodeKeys::generate() {
  start_sodium();
  NodeKeys keys;
  crypto_box_keypair(keys.public_.data(), keys.secret_.data());
  return keys;
}

Result<NodeKeys> NodeKeys::load(const fs::path& directory) {
  start_sodium();
  NodeKeys keys;
  if (auto loaded = storage::load_key(secret_kind, keys.secret_, directory / node_key_name); !loaded)
    return fail(loaded.error());
  crypto_scalarmult_base(keys.public_.data(), keys.secret_.data());
  return keys;
}

NodeKeys::~NodeKeys() { sodium_memzero(secret_.data(), secret_.size()); }

Result<void> NodeKeys::save(const fs::path& directory) const {
  if (auto made = storage::make_key_directory(directory); !made) return made;
  for (const char* name : {node_key_name, node_public_name})
    if (auto free = storage::refuse_existing_key(directory / name); !free) return free;
  if (auto saved = storage::save_key(secret_kind, secret_, directory / node_key_name); !saved) return saved;
  auto saved = storage::save_key(public_kind, public_, directory / node_public_name);
  std::error_code unused;
  if (!saved) fs::remove(directory / node_key_name, unused);
  return saved;
}

Result<CurveKey> load_node_public_key(const fs::path& file) {
  CurveKey key;
  if (auto loaded = storage::load_key(public_kind, key, file); !loaded) return fail(loaded.error());
  return key;
}

Result<AllowList> AllowList::load(const fs::path& directory) {
  AllowList list;
  const auto files = public_keys_in(directory / "nodes");
  if (!files) return fail(files.error());
  for (const fs::path& file : *files) {
    const auto key = load_node_public_key(file);
    if (!key) return fail(key.error());
    if (auto added = list.add({file.stem().string(), *key}); !added) {
      Error error = added.error();
      error.where = file.string();
      return fail(std::move(error));
    }
  }
  return list;
}

Result<void> AllowList::add(AllowedPeer peer) {
  if (const AllowedPeer* other = find(peer.key))
    return fail("cluster.key_twice", "this key is allowed already, as '" + other->name + "'", peer.name,
                "one key for each node");
  if (node(peer.name))
    return fail("cluster.name_twice", "a node of this name is allowed already, with another key", peer.name);
  const CurveKey key = peer.key;
  by_key_.emplace(key, std::move(peer));
  return {};
}

const AllowedPeer* AllowList::find(const CurveKey& key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second;
}

const AllowedPeer* AllowList::node(const std::string& name) const {
  for (const auto& [key, peer] : by_key_)
    if (peer.name == name) return &peer;
  return nullptr;
}

}  // namespace automodel::cluster
