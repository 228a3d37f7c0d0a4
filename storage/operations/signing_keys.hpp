// Ed25519 keys (libsodium) in files of their own.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// A private key; its memory is wiped at the end.
class SigningKey {
 public:
  /// From the system's random source.
  static SigningKey generate();
  /// Errors: keys.no_such_file, keys.readable_by_others (its mode lets anybody but its owner read or write
  /// it), keys.malformed, keys.io.
  static Result<SigningKey> load(const std::filesystem::path& file);
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;
  ~SigningKey() = default;

  PublicKey public_key() const;
  Signature sign(events::ByteView message) const;
  /// Writes a new file of mode 0600. Errors: keys.exists, keys.io, storage.full.
  Result<void> save(const std::filesystem::path& file) const;

 private:
  using Secret = std::array<std::uint8_t, 64>;  // as libsodium has it: seed and public key
  struct Wipe {
    void operator()(Secret* secret) const;
  };
  SigningKey();
  std::unique_ptr<Secret, Wipe> secret_;
};

bool is_signed_by(const PublicKey& key, events::ByteView message, const Signature& signature);

/// Errors: keys.exists, keys.io.
Result<void> save_public_key(const PublicKey& key, const std::filesystem::path& file);
/// Errors: keys.no_such_file, keys.malformed, keys.io.
Result<PublicKey> load_public_key(const std::filesystem::path& file);

/// The two files of `keys generate`.
inline constexpr const char* private_key_name = "checkpoint.key";
inline constexpr const char* public_key_name = "checkpoint.pub";

struct KeyFiles {
  std::filesystem::path private_key;
  std::filesystem::path public_key;
  PublicKey key{};
};
/// A new pair in `directory`, which is made (mode 0700) where there is none. Errors: keys.exists: neither
/// file is ever overwritten.
Result<KeyFiles> generate_keys(const std::filesystem::path& directory);

}  // namespace automodel::storage
