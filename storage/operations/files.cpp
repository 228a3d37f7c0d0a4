#include "storage/operations/files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "storage/directory.hpp"

namespace automodel::storage {

namespace fs = std::filesystem;

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Error system_error(int code, const std::string& what, const fs::path& where) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return {full ? "storage.full" : "storage.io", "cannot " + what + ": " + std::strerror(code), where.string(),
          full ? "free some space and try again; nothing was left there" : ""};
}

Result<void> write_all(const Descriptor& file, events::ByteView bytes, const fs::path& where) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(system_error(errno, "write", where));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_file(const Descriptor& file, const fs::path& where) {
  if (::fsync(file.number()) != 0) return fail(system_error(errno, "sync the file", where));
  return {};
}

namespace {

/// What processes that are gone have left of the same name.
void remove_leftovers(const fs::path& parent, const std::string& prefix) {
  std::error_code failed;
  for (fs::directory_iterator at(parent, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const long owner = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
    const bool alive = owner > 0 && (::kill(static_cast<pid_t>(owner), 0) == 0 || errno == EPERM);
    std::error_code gone;
    if (!alive) fs::remove_all(at->path(), gone);
  }
}

Error already_exists(const fs::path& target) {
  return {"storage.exists", "this exists already", target.string(),
          "give another name: nothing is ever overwritten"};
}

}  // namespace

Result<Staged> Staged::beside(const fs::path& given, bool is_directory) {
  std::error_code failed;
  fs::path target = fs::absolute(given).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  const bool taken = fs::exists(fs::symlink_status(target, failed)) &&
                     !(is_directory && fs::is_directory(target, failed) && fs::is_empty(target, failed));
  if (taken) return fail(already_exists(target));
  const fs::path parent = target.parent_path();
  if (!fs::is_directory(parent, failed))
    return fail("storage.no_such_directory", "there is no directory " + parent.string(), target.string(),
                "create it first");
  const std::string prefix = "." + target.filename().string() + ".writing-";
  remove_leftovers(parent, prefix);
  fs::path path = parent / (prefix + std::to_string(::getpid()));
  if (fs::exists(path, failed)) return fail(already_exists(path));  // another thread of ours is making it
  if (is_directory && !fs::create_directory(path, failed))
    return fail(system_error(failed.value(), "create the directory", path));
  return Staged(std::move(path), std::move(target), is_directory);
}

Result<Staged> Staged::directory(const fs::path& target) { return beside(target, true); }
Result<Staged> Staged::file(const fs::path& target) { return beside(target, false); }

Staged::Staged(Staged&& other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)), is_directory_(other.is_directory_) {
  other.path_.clear();
}

Staged::~Staged() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<void> Staged::publish() {
  if (is_directory_)
    if (auto synced = sync_directory(path_); !synced) return synced;
  // rename() takes an empty directory's place and no other; a file needs to be told.
  const int rc = is_directory_
                     ? ::rename(path_.c_str(), target_.c_str())
                     : ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE);
  if (rc != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return fail(already_exists(target_));
    return fail(system_error(errno, "give it its name", target_));
  }
  path_.clear();
  return sync_directory(target_.parent_path());
}

}  // namespace automodel::storage
