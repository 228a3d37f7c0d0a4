// What the machine and LMDB can do without us: the figures that ours are compared with. Each call measures
// in a directory of its own under `directory`, and removes it.
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/error.hpp"

namespace automodel::tools {

/// Bytes of one event's payload in every figure.
inline constexpr std::size_t bench_payload_bytes = 200;

/// A directory that is there while this is.
class ScratchDirectory {
 public:
  /// Errors: bench.io.
  static Result<ScratchDirectory> make(const std::filesystem::path& parent);
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Median time, in microseconds, to write one page into space that was written before, and fdatasync it.
Result<double> page_sync_microseconds(const std::filesystem::path& directory, double seconds);

/// Events a second into one plain LMDB database (8-byte keys in order, 200-byte values, default flags),
/// `batch` of them in each transaction, one thread.
Result<double> raw_lmdb(const std::filesystem::path& directory, std::size_t batch, double seconds);

/// The same with `writers` threads that hand one event each to a committing thread behind a condition
/// variable, and wait until it is durable.
Result<double> raw_group_commit(const std::filesystem::path& directory, std::size_t writers, double seconds);

}  // namespace automodel::tools
