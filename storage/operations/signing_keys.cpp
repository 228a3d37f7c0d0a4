#include "storage/operations/signing_keys.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "storage/directory.hpp"
#include "storage/operations/files.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64 &&
              crypto_sign_BYTES == 64);

constexpr std::string_view private_head = "automodel ed25519 private key 1\n";
constexpr std::string_view public_head = "automodel ed25519 public key 1\n";

void start_sodium() {
  static const int ready = sodium_init();
  if (ready < 0) throw std::runtime_error("libsodium cannot be initialised");
}

Error key_error(int code, const std::string& what, const fs::path& file) {
  Error error = system_error(code, what, file);
  if (error.code == "storage.io") error.code = code == ENOENT ? "keys.no_such_file" : "keys.io";
  if (code == EEXIST) {
    error = {"keys.exists", "this key exists already", file.string(),
             "a key is never overwritten: what it signed could not be signed again"};
  }
  return error;
}

/// A new file with this content, of this mode; removed again where it does not become whole.
Result<void> create_file(const fs::path& file, events::ByteView content, mode_t mode) {
  const Descriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!made) return fail(key_error(errno, "create the key's file", file));
  auto written = write_all(made, content, file);
  if (written) written = sync_file(made, file);
  if (written) written = sync_directory(fs::absolute(file).parent_path());
  if (!written) ::unlink(file.c_str());
  return written;
}

/// Hex digits after the head, and a line end. `bytes` must have the wanted size.
bool parse(events::ByteView content, std::string_view head, std::uint8_t* bytes, std::size_t count) {
  if (content.size() != head.size() + 2 * count + 1 || content.back() != '\n') return false;
  if (!std::equal(head.begin(), head.end(), content.begin())) return false;
  const char* digits = reinterpret_cast<const char*>(content.data()) + head.size();
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_hex2bin(bytes, count, digits, 2 * count, nullptr, &length, &end) == 0 && length == count &&
         end == digits + 2 * count;
}

/// At most so many bytes as a key's file can have.
Result<std::vector<std::uint8_t>> read_small(const Descriptor& file, const fs::path& path) {
  std::vector<std::uint8_t> content(1024);
  const ssize_t got = ::read(file.number(), content.data(), content.size());
  if (got < 0) return fail(key_error(errno, "read the key", path));
  content.resize(static_cast<std::size_t>(got));
  return content;
}

Error not_a_key(const char* kind, const fs::path& file) {
  return {"keys.malformed", std::string("this is no ") + kind + " key", file.string(),
          "automodel keys generate DIR makes a pair"};
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
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail(key_error(errno, "read the key", file));
  struct stat status {};
  if (::fstat(opened.number(), &status) != 0) return fail(key_error(errno, "read the key", file));
  if (!S_ISREG(status.st_mode)) return fail(not_a_key("private", file));
  if ((status.st_mode & 077) != 0)
    return fail("keys.readable_by_others", "others than its owner may read or change this key", file.string(),
                "chmod 600 it, and make a new one if anybody could have read it");
  auto content = read_small(opened, file);
  if (!content) return fail(content.error());
  SigningKey key;
  const bool whole = parse(*content, private_head, key.secret_->data(), key.secret_->size());
  sodium_memzero(content->data(), content->size());
  // Its second half is the public key of its first: a damaged key signs nothing.
  PublicKey derived;
  Secret again;
  if (whole) crypto_sign_seed_keypair(derived.data(), again.data(), key.secret_->data());
  const bool sound = whole && sodium_memcmp(again.data(), key.secret_->data(), again.size()) == 0;
  sodium_memzero(again.data(), again.size());
  if (!sound) return fail(not_a_key("private", file));
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

Result<void> SigningKey::save(const fs::path& file) const {
  std::string text(private_head);
  text += events::hex(*secret_) + "\n";
  auto saved = create_file(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0600);
  sodium_memzero(text.data(), text.size());
  return saved;
}

bool is_signed_by(const PublicKey& key, events::ByteView message, const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

Result<void> save_public_key(const PublicKey& key, const fs::path& file) {
  const std::string text = std::string(public_head) + events::hex(key) + "\n";
  return create_file(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0644);
}

Result<PublicKey> load_public_key(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail(key_error(errno, "read the key", file));
  const auto content = read_small(opened, file);
  if (!content) return fail(content.error());
  PublicKey key;
  if (!parse(*content, public_head, key.data(), key.size())) return fail(not_a_key("public", file));
  return key;
}

Result<KeyFiles> generate_keys(const fs::path& directory) {
  std::error_code failed;
  if (!fs::is_directory(directory, failed)) {
    if (::mkdir(directory.c_str(), 0700) != 0)
      return fail(errno == ENOENT ? Error{"storage.no_such_directory", "there is no directory to make it in",
                                          directory.string(), "create it first"}
                                  : key_error(errno, "create the directory", directory));
  }
  KeyFiles files{directory / private_key_name, directory / public_key_name, {}};
  for (const auto& file : {files.private_key, files.public_key})
    if (fs::exists(fs::symlink_status(file, failed))) return fail(key_error(EEXIST, {}, file));
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
