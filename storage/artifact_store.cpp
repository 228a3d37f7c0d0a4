#include "storage/artifact_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "storage/directory.hpp"

namespace automodel::storage {

namespace {

constexpr std::string_view temporary_prefix = ".writing-";

/// A file that is open; closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

tl::unexpected<Error> system_failure(int code, const std::string& what, const std::filesystem::path& where) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return fail(full ? "storage.full" : "storage.io", "cannot " + what + ": " + std::strerror(code),
              where.string(), full ? "free some space and try again; nothing was lost" : "");
}

Result<void> write_all(int descriptor, events::ByteView bytes, const std::filesystem::path& where) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, "write an artifact", where);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<events::Bytes> read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.number(), &status) != 0) return system_failure(errno, "open the file", path);
  if (!S_ISREG(status.st_mode)) return fail("storage.io", "this is no file", path.string());
  events::Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, "read the file", path);
    if (got == 0) break;  // it became shorter meanwhile
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

/// How this process's temporary names begin. Processes get the numbers of earlier ones: the time tells them
/// apart.
const std::string& own_prefix() {
  static const std::string prefix =
      std::string(temporary_prefix) + std::to_string(::getpid()) + "-" +
      std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-";
  return prefix;
}

/// Whether the process that made this temporary name may still be at it.
bool is_being_written(const std::string& name) {
  const long owner = std::strtol(name.c_str() + temporary_prefix.size(), nullptr, 10);
  if (owner == ::getpid()) return name.starts_with(own_prefix());
  return owner > 0 && (::kill(static_cast<pid_t>(owner), 0) == 0 || errno == EPERM);
}

bool is_hash(const std::string& text) { return events::hash_from_hex(text).has_value(); }

}  // namespace

Result<ArtifactStore> ArtifactStore::open(const std::filesystem::path& directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return system_failure(failed.value(), "create the artifacts' directory", directory);
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    const std::string name = entry.path().filename().string();
    std::error_code gone;
    if (name.starts_with(temporary_prefix) && !is_being_written(name))
      std::filesystem::remove(entry.path(), gone);
  }
  if (failed) return system_failure(failed.value(), "read the artifacts' directory", directory);
  return ArtifactStore(directory);
}

Result<std::string> ArtifactStore::put(events::ByteView bytes) const {
  const std::string hash = events::hex(events::blake2b(bytes));
  if (has(hash)) return hash;
  static std::atomic<std::uint64_t> counter{0};
  const auto temporary = directory_ / (own_prefix() + std::to_string(++counter));
  const auto written = [&]() -> Result<void> {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!file) return system_failure(errno, "create an artifact", temporary);
    if (auto whole = write_all(file.number(), bytes, temporary); !whole) return whole;
    if (::fsync(file.number()) != 0) return system_failure(errno, "sync an artifact", temporary);
    if (::rename(temporary.c_str(), path_of(hash).c_str()) != 0)
      return system_failure(errno, "name an artifact", path_of(hash));
    return sync_directory(directory_);
  }();
  if (written) return hash;
  ::unlink(temporary.c_str());
  return fail(written.error());
}

Result<std::string> ArtifactStore::put_file(const std::filesystem::path& source) const {
  const auto bytes = read_file(source);
  if (!bytes) return fail(bytes.error());
  return put(*bytes);
}

Result<events::Bytes> ArtifactStore::get(const std::string& hash) const {
  if (!is_hash(hash) || !has(hash))
    return fail("storage.no_such_artifact", "there is no artifact '" + hash + "'", directory_.string());
  auto bytes = read_file(path_of(hash));
  if (!bytes) return bytes;
  if (events::hex(events::blake2b(*bytes)) != hash)
    return fail("storage.corrupt", "the artifact's content does not have its hash", path_of(hash).string(),
                "remove it, and train or import again what it came from");
  return bytes;
}

bool ArtifactStore::has(const std::string& hash) const {
  std::error_code failed;
  return is_hash(hash) && std::filesystem::is_regular_file(path_of(hash), failed);
}

std::filesystem::path ArtifactStore::path_of(const std::string& hash) const { return directory_ / hash; }

}  // namespace automodel::storage
