#include "storage/operations/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "storage/archive/segments.hpp"
#include "storage/directory.hpp"
#include "storage/event_store.hpp"
#include "storage/operations/files.hpp"
#include "storage/operations/stored_records.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = 1u << 20;

/// LMDB writes its copy into a pipe, on a thread of its own, so that this one can count, write, and stop it:
/// there is no other way to end a copy early.
class CopyThread {
 public:
  CopyThread(MDB_env* environment, Descriptor into) : into_(std::move(into)) {
    thread_ = std::thread([this, environment] {
      // Where the other end is closed, writing gives EPIPE and no signal.
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      status_ = mdb_env_copyfd2(environment, into_.number(), MDB_CP_COMPACT);
      into_.close();
    });
  }
  ~CopyThread() {
    if (thread_.joinable()) thread_.join();
  }
  int wait() {
    thread_.join();
    return status_;
  }

 private:
  Descriptor into_;
  int status_ = 0;
  std::thread thread_;
};

Result<std::uint64_t> drain(const Descriptor& from, const Descriptor& file, const fs::path& path,
                            std::uint64_t about, const Watch& watch) {
  events::Bytes chunk(chunk_bytes);
  std::uint64_t bytes = 0;
  for (;;) {
    if (auto on = go_on(watch, {"copying", bytes, std::max(about, bytes), "bytes"}); !on)
      return fail(on.error());
    const ssize_t got = ::read(from.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(errno, "read the copy", path));
    if (got == 0) return bytes;
    if (auto written = write_all(file, {chunk.data(), static_cast<std::size_t>(got)}, path); !written)
      return fail(written.error());
    bytes += static_cast<std::uint64_t>(got);
  }
}

/// One try; nothing where the map grew under it.
Result<std::optional<std::uint64_t>> try_copy(const Environment& environment, const fs::path& path,
                                              const Watch& watch) {
  // While this is open the map stays where it is: the copy reads from it.
  const auto steady = environment.read();
  if (!steady) return fail(steady.error());
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(environment.native(), &info);
  mdb_env_stat(environment.native(), &stat);
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!file) return fail(system_error(errno, "create the copy", path));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(system_error(errno, "make a pipe", path));
  Descriptor from(ends[0]);
  CopyThread copying(environment.native(), Descriptor(ends[1]));
  const auto bytes = drain(from, file, path, (info.me_last_pgno + 1) * stat.ms_psize, watch);
  from.close();  // ends a copy that is still going on
  const int status = copying.wait();
  if (!bytes) return fail(bytes.error());
  if (status == MDB_MAP_RESIZED) return std::optional<std::uint64_t>();
  if (status != 0) return fail(lmdb_error(status, "copy the store", environment.where()));
  if (auto synced = sync_file(file, path); !synced) return fail(synced.error());
  return std::optional(*bytes);
}

Result<std::uint64_t> copy_environment(const Environment& environment, const fs::path& path,
                                       const Watch& watch) {
  for (;;) {
    const auto bytes = try_copy(environment, path, watch);
    if (!bytes) return fail(bytes.error());
    if (*bytes) return **bytes;
  }
}

Result<std::uint64_t> copy_file(const fs::path& from, const fs::path& to, const Watch& watch) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return fail(system_error(errno, "open the segment", from));
  const Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!target) return fail(system_error(errno, "create the copy", to));
  const auto bytes = drain(source, target, to, 0, watch);
  if (!bytes) return bytes;
  if (auto synced = sync_file(target, to); !synced) return fail(synced.error());
  return bytes;
}

/// The segments that the copy refers to. They never change, and stay as long as a commit refers to them.
Result<void> copy_segments(const Environment& copy, const fs::path& source, const fs::path& to,
                           const BackupOptions& options, BackupResult& result) {
  std::vector<SegmentEntry> entries;
  {
    const auto transaction = copy.read();
    if (!transaction) return fail(transaction.error());
    auto known = load_segments(*transaction);
    if (!known) return fail(known.error());
    entries = std::move(*known);
  }
  if (entries.empty()) return {};
  const fs::path directory = archive_directory(to);
  std::error_code failed;
  if (!fs::create_directory(directory, failed))
    return fail(system_error(failed.value(), "create the archive's directory", directory));
  for (const SegmentEntry& entry : entries) {
    const std::string name = segment_name(entry.first, entry.last);
    const fs::path from = archive_directory(source) / name;
    if (!options.verify && !fs::exists(from, failed)) {
      result.missing_segments.push_back(name);
      continue;
    }
    const auto bytes = copy_file(from, directory / name, options.watch);
    if (!bytes) return fail(bytes.error());
    ++result.segments;
    result.segment_bytes += *bytes;
  }
  return sync_directory(directory);
}

/// Every artifact that there is.
std::set<std::string> all_artifacts(const fs::path& directory) {
  std::set<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed))
    if (const auto name = at->path().filename().string(); events::hash_from_hex(name)) names.insert(name);
  return names;
}

/// The artifacts that the copy's events refer to, once its chains are known to be whole.
Result<std::set<std::string>> verify_copy(const EventStore& copy, std::uint64_t last, const Watch& watch) {
  if (auto verified = copy.verify(); !verified) return fail(verified.error());
  std::set<std::string> names;
  Result<void> on;
  const auto read = copy.read_all(1, [&](const events::Recorded& event) {
    add_artifacts_of(event.event, names);
    if (event.sequence % 4096 == 0) on = go_on(watch, {"reading", event.sequence, last, "events"});
    return on.has_value();
  });
  if (!read) return fail(read.error());
  if (!on) return fail(on.error());
  return names;
}

/// What the copy holds; and that it holds it.
Result<BackupResult> examine(const fs::path& copy, const fs::path& source, const BackupOptions& options) {
  const auto opened = open_to_read(copy);
  if (!opened) return fail(opened.error());
  const auto identity = identity_of(*opened->environment);
  if (!identity) return fail(identity.error());
  BackupResult result;
  result.events = identity->last_sequence;
  result.commit_hash = identity->commit_hash;
  if (auto copied = copy_segments(*opened->environment, source, copy, options, result); !copied)
    return fail(copied.error());
  auto names = options.verify ? verify_copy(*opened->store, result.events, options.watch)
                              : Result<std::set<std::string>>(all_artifacts(source / "artifacts"));
  if (!names) return fail(names.error());
  result.verified = options.verify;
  auto artifacts = copy_artifacts(*names, source / "artifacts", copy / "artifacts", options.watch);
  if (!artifacts) return fail(artifacts.error());
  result.artifacts = std::move(*artifacts);
  return result;
}

}  // namespace

Result<BackupResult> backup(const fs::path& given, const fs::path& to, const BackupOptions& options) {
  const auto opened = open_to_read(given);
  if (!opened) return fail(opened.error());
  auto staged = Staged::directory(to);
  if (!staged) return fail(staged.error());
  const auto bytes = copy_environment(*opened->environment, staged->path() / "events.mdb", options.watch);
  if (!bytes) return fail(bytes.error());
  auto result = examine(staged->path(), opened->path, options);
  if (!result) return result;
  result->bytes = *bytes;
  std::error_code ignored;  // LMDB makes another where the backup is opened
  fs::remove(staged->path() / "events.mdb-lock", ignored);
  if (auto on = go_on(options.watch, {"naming the copy", 1, 1, {}}); !on) return fail(on.error());
  if (auto published = staged->publish(); !published) return fail(published.error());
  return result;
}

}  // namespace automodel::storage
