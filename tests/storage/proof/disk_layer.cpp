#include "tests/storage/proof/disk_layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace automodel::storage::testing::disk {

namespace {

constexpr std::size_t max_descriptors = 4096;
constexpr std::uint32_t untracked = 0, folder = folder_of_log;

struct Tracked {
  std::uint32_t file = untracked;
  bool every_write_synced = false;  // O_DSYNC
  std::string name;                 // of a folder; empty: the directory itself
};

// Entries are written under the lock together with the call itself: their order is the calls' order.
struct Layer {
  std::mutex mutex;
  std::atomic<bool> active{false};
  std::string directory;  // with a slash at its end
  int log = -1;
  std::map<std::string, std::uint32_t> files;
  std::uint32_t next_file = 1;
  std::array<Tracked, max_descriptors> descriptors{};
  Fault fault{Call::write, 0, 0, 0};
  std::array<unsigned, call_count> counted{};
};
Layer& layer() {
  static Layer& one = *new Layer;  // never destroyed: files are closed until the very end
  return one;
}

void append_raw(int descriptor, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const long written = ::syscall(SYS_write, descriptor, at, size);
    if (written <= 0) std::abort();  // the log must be whole
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

void log_entry(Layer& l, Kind kind, std::uint32_t file, std::uint64_t offset, std::uint64_t size,
               std::string_view bytes = {}) {
  if (l.log < 0) return;
  const Header header{kind, file, offset, size, bytes.size()};
  append_raw(l.log, &header, sizeof header);
  append_raw(l.log, bytes.data(), bytes.size());
}

/// The name inside of the directory, empty for what is elsewhere.
std::string name_of(const Layer& l, const char* path) {
  const std::string_view text(path);
  if (!text.starts_with(l.directory)) return {};
  return std::string(text.substr(l.directory.size()));
}

Tracked tracked(const Layer& l, int descriptor) {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= max_descriptors) return {};
  return l.descriptors[static_cast<std::size_t>(descriptor)];
}

/// Whether this call is one that must fail; errno is set, or 0 where half of it is to be done.
bool fails(Layer& l, Call call) {
  const unsigned number = ++l.counted[static_cast<std::size_t>(call)];
  if (call != l.fault.call || number < l.fault.nth || number >= l.fault.nth + l.fault.times) return false;
  errno = l.fault.error;
  return true;
}

template <class Do>
long write_call(int descriptor, const iovec* parts, int count, std::int64_t offset, Do perform) {
  Layer& l = layer();
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const Tracked to = tracked(l, descriptor);
  if (to.file == untracked || to.file == folder) return perform();
  const std::int64_t at = offset >= 0 ? offset : ::syscall(SYS_lseek, descriptor, 0, SEEK_CUR);
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  if (fails(l, Call::write)) {
    if (errno != 0 || bytes.size() < 2) return -1;
    bytes.resize(bytes.size() / 2);  // a short write
    log_entry(l, Kind::write, to.file, static_cast<std::uint64_t>(at), bytes.size(), bytes);
    return offset < 0 ? ::syscall(SYS_write, descriptor, bytes.data(), bytes.size())
                      : ::syscall(SYS_pwrite64, descriptor, bytes.data(), bytes.size(), at);
  }
  log_entry(l, Kind::write, to.file, static_cast<std::uint64_t>(at), bytes.size(), bytes);
  const long written = perform();
  if (written >= 0 && static_cast<std::size_t>(written) != bytes.size()) std::abort();  // not foreseen here
  if (written >= 0 && to.every_write_synced)
    log_entry(l, Kind::range_synced, to.file, static_cast<std::uint64_t>(at), bytes.size());
  return written;
}

template <class Do>
int sync_call(int descriptor, Do perform) {
  Layer& l = layer();
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const Tracked what = tracked(l, descriptor);
  if (what.file == untracked) return perform();
  if (fails(l, Call::sync)) return -1;
  const int done = perform();
  if (done == 0)
    log_entry(l, what.file == folder ? Kind::names_synced : Kind::synced, what.file, 0, 0, what.name);
  return done;
}

template <class Do>
int resize_call(std::uint32_t file, std::uint64_t size, Do perform) {
  Layer& l = layer();
  if (file == untracked) return perform();
  if (fails(l, Call::resize)) return -1;
  const int done = perform();
  if (done == 0) log_entry(l, Kind::resize, file, size, 0);
  return done;
}

template <class Do>
int resize_descriptor(int descriptor, std::uint64_t size, Do perform) {
  Layer& l = layer();
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  return resize_call(tracked(l, descriptor).file, size, perform);
}

int open_call(const char* path, int flags, mode_t mode) {
  Layer& l = layer();
  const auto perform = [&] { return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode)); };
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const std::string name = name_of(l, path);
  const bool is_folder =
      std::string_view(path) == std::string_view(l.directory).substr(0, l.directory.size() - 1) ||
      (!name.empty() && (flags & O_DIRECTORY) != 0);
  if (!is_folder && name.empty()) {
    const int other = perform();
    if (other >= 0 && static_cast<std::size_t>(other) < max_descriptors)
      l.descriptors[static_cast<std::size_t>(other)] = {};
    return other;
  }
  if (fails(l, Call::open)) return -1;
  const int descriptor = perform();
  if (descriptor < 0) return descriptor;
  if (static_cast<std::size_t>(descriptor) >= max_descriptors) std::abort();
  Tracked& entry = l.descriptors[static_cast<std::size_t>(descriptor)];
  if (is_folder) {
    entry = {folder, false, name};
    return descriptor;
  }
  auto& file = l.files[name];
  if (file == 0) {
    file = l.next_file++;
    log_entry(l, Kind::create, file, 0, 0, name);
  }
  if (flags & O_TRUNC) log_entry(l, Kind::resize, file, 0, 0);
  entry = {file, (flags & O_DSYNC) != 0, {}};
  return descriptor;
}

int rename_call(const char* from, const char* to, unsigned flags) {
  Layer& l = layer();
  const auto perform = [&] {
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
  };
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const std::string before = name_of(l, from), after = name_of(l, to);
  if (before.empty() && after.empty()) return perform();
  if (before.empty() || after.empty()) std::abort();  // into or out of the directory: not foreseen
  if (fails(l, Call::rename)) return -1;
  const int done = perform();
  if (done != 0) return done;
  log_entry(l, Kind::rename, 0, 0, 0, before + '\0' + after);
  l.files[after] = l.files[before];
  l.files.erase(before);
  return done;
}

int make_folder_call(const char* path, mode_t mode) {
  Layer& l = layer();
  const auto perform = [&] { return static_cast<int>(::syscall(SYS_mkdir, path, mode)); };
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const std::string name = name_of(l, path);
  const int done = perform();
  if (done == 0 && !name.empty()) log_entry(l, Kind::create, folder, 0, 0, name);
  return done;
}

template <class Do>
int remove_call(const char* path, Do perform) {
  Layer& l = layer();
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const std::string name = name_of(l, path);
  const int done = perform();
  if (done != 0 || name.empty()) return done;
  log_entry(l, Kind::remove, 0, 0, 0, name);
  l.files.erase(name);
  return done;
}

void watch(Layer& l, const std::filesystem::path& directory) {
  l.directory = std::filesystem::canonical(directory).string() + "/";
  l.active = true;
}

}  // namespace

void record(const std::filesystem::path& directory, const std::filesystem::path& log) {
  Layer& l = layer();
  const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor < 0) std::abort();
  const std::lock_guard lock(l.mutex);
  l.log = descriptor;
  watch(l, directory);
}

void acknowledge(std::string_view line) {
  Layer& l = layer();
  const std::lock_guard lock(l.mutex);
  log_entry(l, Kind::acknowledged, 0, 0, 0, line);
}

void inject(const std::filesystem::path& directory, Fault fault) {
  Layer& l = layer();
  const std::lock_guard lock(l.mutex);
  l.fault = fault;
  l.counted = {};
  watch(l, directory);
}

std::array<unsigned, call_count> calls() {
  Layer& l = layer();
  const std::lock_guard lock(l.mutex);
  return l.counted;
}

}  // namespace automodel::storage::testing::disk

// --- what the C library is asked for ---------------------------------------------------------------

using namespace automodel::storage::testing::disk;

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  const iovec part{const_cast<void*>(bytes), size};
  return write_call(descriptor, &part, 1, -1, [&] { return ::syscall(SYS_write, descriptor, bytes, size); });
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const iovec part{const_cast<void*>(bytes), size};
  return write_call(descriptor, &part, 1, offset,
                    [&] { return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset); });
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return pwrite(descriptor, bytes, size, offset);
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  return write_call(descriptor, parts, count, -1,
                    [&] { return ::syscall(SYS_writev, descriptor, parts, count); });
}
ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  return write_call(descriptor, parts, count, offset,
                    [&] { return ::syscall(SYS_pwritev, descriptor, parts, count, offset, 0L); });
}
ssize_t pwritev64(int descriptor, const iovec* parts, int count, off64_t offset) {
  return pwritev(descriptor, parts, count, offset);
}
int fsync(int descriptor) {
  return sync_call(descriptor, [&] { return static_cast<int>(::syscall(SYS_fsync, descriptor)); });
}
int fdatasync(int descriptor) {
  return sync_call(descriptor, [&] { return static_cast<int>(::syscall(SYS_fdatasync, descriptor)); });
}
int ftruncate(int descriptor, off_t size) noexcept {
  return resize_descriptor(descriptor, static_cast<std::uint64_t>(size),
                           [&] { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); });
}
int ftruncate64(int descriptor, off64_t size) noexcept { return ftruncate(descriptor, size); }
int truncate(const char* path, off_t size) noexcept {
  const auto perform = [&] { return static_cast<int>(::syscall(SYS_truncate, path, size)); };
  Layer& l = layer();
  if (!l.active) return perform();
  const std::lock_guard lock(l.mutex);
  const auto known = l.files.find(name_of(l, path));
  return resize_call(known == l.files.end() ? untracked : known->second, static_cast<std::uint64_t>(size),
                     perform);
}
int truncate64(const char* path, off64_t size) noexcept { return truncate(path, size); }
int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  const auto perform = [&] {
    return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size));
  };
  struct stat before {};
  if (mode != 0 || ::fstat(descriptor, &before) != 0 || offset + size <= before.st_size) {
    // Room without a new size or content is nothing that an image has; other modes change content.
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) std::abort();
    return perform();
  }
  return resize_descriptor(descriptor, static_cast<std::uint64_t>(offset + size), perform);
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  return fallocate(descriptor, mode, offset, size);
}
int posix_fallocate(int descriptor, off_t offset, off_t size) {
  return fallocate(descriptor, 0, offset, size) == 0 ? 0 : errno;
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t size) {
  return posix_fallocate(descriptor, offset, size);
}
int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return open_call(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return open_call(path, flags, mode);
}
int close(int descriptor) {
  Layer& l = layer();
  if (!l.active) return static_cast<int>(::syscall(SYS_close, descriptor));
  const std::lock_guard lock(l.mutex);
  if (descriptor >= 0 && static_cast<std::size_t>(descriptor) < max_descriptors)
    l.descriptors[static_cast<std::size_t>(descriptor)] = {};
  return static_cast<int>(::syscall(SYS_close, descriptor));
}
int mkdir(const char* path, mode_t mode) noexcept { return make_folder_call(path, mode); }
int rename(const char* from, const char* to) noexcept { return rename_call(from, to, 0); }
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (from_folder != AT_FDCWD || to_folder != AT_FDCWD) std::abort();  // not foreseen
  return rename_call(from, to, flags);
}
int unlink(const char* path) noexcept {
  return remove_call(path, [&] { return static_cast<int>(::syscall(SYS_unlink, path)); });
}
int remove(const char* path) noexcept {
  return remove_call(path, [&] {
    const int done = static_cast<int>(::syscall(SYS_unlink, path));
    return done == 0 || errno != EISDIR ? done : static_cast<int>(::syscall(SYS_rmdir, path));
  });
}

}  // extern "C"
