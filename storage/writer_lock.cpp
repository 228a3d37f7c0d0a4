#include "storage/writer_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace automodel::storage {

Result<WriterLock> WriterLock::take(const std::filesystem::path& directory) {
  const auto file = directory / "writer.lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  const auto io = [&] {
    const int code = errno;
    return fail(code == ENOSPC ? "storage.full" : "storage.io",
                std::string("cannot lock the store: ") + std::strerror(code), file.string(),
                "check that the directory can be written to");
  };
  if (descriptor < 0) return io();
  WriterLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io();
    char holder[32] = {};
    const bool named = ::pread(descriptor, holder, sizeof holder - 1, 0) > 0;
    const std::string who =
        named ? "process " + std::string(holder, std::strcspn(holder, "\n")) : "another process";
    return fail("storage.locked", who + " writes to this store", directory.string(),
                "end it first, or choose another store; reading commands work meanwhile");
  }
  const std::string self = std::to_string(::getpid()) + "\n";
  // The number is for people; the lock holds without it, as on a full disk.
  if (::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, self.data(), self.size(), 0) < 0) errno = 0;
  return lock;
}

WriterLock::~WriterLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace automodel::storage
