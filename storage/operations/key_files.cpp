#include "storage/operations/key_files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "storage/directory.hpp"
#include "storage/operations/files.hpp"

namespace automodel::storage {
namespace {

namespace fs = std::filesystem;

Error key_error(int code, const std::string& what, const fs::path& file) {
  Error error = system_error(code, what, file);
  if (error.code == "storage.io") error.code = code == ENOENT ? "keys.no_such_file" : "keys.io";
  if (code == EEXIST) {
    error = {"keys.exists", "this key exists already", file.string(),
             "a key is never overwritten: nothing else can take its place"};
  }
  return error;
}

/// Hex digits after the head, and a line end.
bool parse(events::ByteView content, std::string_view head, std::span<std::uint8_t> key) {
  if (content.size() != head.size() + 2 * key.size() + 1 || content.back() != '\n') return false;
  if (!std::equal(head.begin(), head.end(), content.begin())) return false;
  const char* digits = reinterpret_cast<const char*>(content.data()) + head.size();
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_hex2bin(key.data(), key.size(), digits, 2 * key.size(), nullptr, &length, &end) == 0 &&
         length == key.size() && end == digits + 2 * key.size();
}

}  // namespace

Error not_a_key(const KeyKind& kind, const fs::path& file) {
  return {"keys.malformed", "this is no " + std::string(kind.name) + " key", file.string(),
          "automodel keys generate DIR makes a pair"};
}

Result<void> save_key(const KeyKind& kind, events::ByteView key, const fs::path& file) {
  const Descriptor made(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kind.secret ? 0600 : 0644));
  if (!made) return fail(key_error(errno, "create the key's file", file));
  std::string text(kind.head);
  text += events::hex(key) + "\n";
  auto written = write_all(made, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, file);
  sodium_memzero(text.data(), text.size());
  if (written) written = sync_file(made, file);
  if (written) written = sync_directory(fs::absolute(file).parent_path());
  if (!written) ::unlink(file.c_str());  // rather none than half of one
  return written;
}

Result<void> load_key(const KeyKind& kind, std::span<std::uint8_t> key, const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail(key_error(errno, "read the key", file));
  struct stat status {};
  if (::fstat(opened.number(), &status) != 0) return fail(key_error(errno, "read the key", file));
  if (!S_ISREG(status.st_mode)) return fail(not_a_key(kind, file));
  if (kind.secret && (status.st_mode & 077) != 0)
    return fail("keys.readable_by_others", "others than its owner may read or change this key", file.string(),
                "chmod 600 it, and make a new one if anybody could have read it");
  std::array<std::uint8_t, 1024> content;  // more than any key's file has
  const ssize_t got = ::read(opened.number(), content.data(), content.size());
  if (got < 0) return fail(key_error(errno, "read the key", file));
  const bool whole = parse({content.data(), static_cast<std::size_t>(got)}, kind.head, key);
  sodium_memzero(content.data(), content.size());
  if (!whole) return fail(not_a_key(kind, file));
  return {};
}

Result<void> make_key_directory(const fs::path& directory) {
  std::error_code failed;
  if (fs::is_directory(directory, failed) || ::mkdir(directory.c_str(), 0700) == 0) return {};
  if (errno == ENOENT)
    return fail("storage.no_such_directory", "there is no directory to make it in", directory.string(),
                "create it first");
  return fail(key_error(errno, "create the directory", directory));
}

Result<void> refuse_existing_key(const fs::path& file) {
  std::error_code failed;
  if (fs::exists(fs::symlink_status(file, failed))) return fail(key_error(EEXIST, {}, file));
  return {};
}

}  // namespace automodel::storage
