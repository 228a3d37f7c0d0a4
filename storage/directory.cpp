#include "storage/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

Result<void> sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return fail(lmdb_error(code, "sync the directory", directory.string()));
  return {};
}

}  // namespace automodel::storage
