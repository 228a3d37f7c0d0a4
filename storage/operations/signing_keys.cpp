#include "storage/operations/signing_keys.hpp"

#include <sodium.h>
#include <unistd.h>

#include <stdexcept>

#include "storage/operations/key_files.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64 &&
              crypto_sign_BYTES == 64);

constexpr KeyKind private_kind{"automodel ed25519 private key 1\n", "private", true};
constexpr KeyKind public_kind{"automodel ed25519 public key 1\n", "public", false};

void start_sodium() {
  static const int ready = sodium_init();
  if (ready < 0) throw std::runtime_error("libsodium cannot be initialised");
}

}  // namespace

void SigningKey::Wipe::operator()(Secret* secret) const {
  sodium_memzero(secret->data(), secret->size());
  delete secret;
}

SigningKey::SigningKey() : secret_(new Secret{}) {}

SigningKey SigningKey::generate() {
  start_sodium();
  SigningKey key;
  PublicKey unused;
  crypto_sign_keypair(unused.data(), key.secret_->data());
  return key;
}

Result<SigningKey> SigningKey::load(const fs::path& file) {
  start_sodium();
  SigningKey key;
  if (auto loaded = load_key(private_kind, *key.secret_, file); !loaded) return fail(loaded.error());
  // Its second half is the public key of its first: a damaged key signs nothing.
  PublicKey derived;
  Secret again;
  crypto_sign_seed_keypair(derived.data(), again.data(), key.secret_->data());
  const bool sound = sodium_memcmp(again.data(), key.secret_->data(), again.size()) == 0;
  sodium_memzero(again.data(), again.size());
  if (!sound) return fail(not_a_key(private_kind, file));
  return key;
}

PublicKey SigningKey::public_key() const {
  PublicKey key;
  crypto_sign_ed25519_sk_to_pk(key.data(), secret_->data());
  return key;
}

Signature SigningKey::sign(events::ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_->data());
  return signature;
}

Result<void> SigningKey::save(const fs::path& file) const { return save_key(private_kind, *secret_, file); }

bool is_signed_by(const PublicKey& key, events::ByteView message, const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

Result<void> save_public_key(const PublicKey& key, const fs::path& file) {
  return save_key(public_kind, key, file);
}

Result<PublicKey> load_public_key(const fs::path& file) {
  PublicKey key;
  if (auto loaded = load_key(public_kind, key, file); !loaded) return fail(loaded.error());
  return key;
}

Result<KeyFiles> generate_keys(const fs::path& directory) {
  if (auto made = make_key_directory(directory); !made) return fail(made.error());
  KeyFiles files{directory / private_key_name, directory / public_key_name, {}};
  for (const auto& file : {files.private_key, files.public_key})
    if (auto free = refuse_existing_key(file); !free) return fail(free.error());
  const SigningKey key = SigningKey::generate();
  files.key = key.public_key();
  if (auto saved = key.save(files.private_key); !saved) return fail(saved.error());
  if (auto saved = save_public_key(files.key, files.public_key); !saved) {
    ::unlink(files.private_key.c_str());
    return fail(saved.error());
  }
  return files;
}

}  // namespace automodel::storage
