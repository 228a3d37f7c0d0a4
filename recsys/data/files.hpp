// Files of a data set: read whole, mapped, or written so that they are durable before anybody sees them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace automodel::recsys {

/// A file mapped read-only. Unmapped when the last copy of the pointer goes.
class MappedFile {
 public:
  /// Errors: data.io.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// It will be read once, from the beginning to the end.
  void read_ahead() const;
  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }
  /// The content as values of T; what is left over at the end is not shown.
  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(data_), size_ / sizeof(T)};
  }

 private:
  MappedFile(const void* data, std::size_t size) : data_(data), size_(size) {}
  const void* data_;
  std::size_t size_;
};

/// Errors: data.no_such_file, data.io.
Result<std::string> read_file(const std::filesystem::path& path);
/// A file that is written piece by piece and hashed on the way. Errors of all functions: data.io.
class FileSink {
 public:
  struct Written {
    std::uint64_t bytes = 0;
    std::string blake2b;  // of the content, in hex
  };
  static Result<FileSink> create(const std::filesystem::path& path);
  FileSink(FileSink&&) noexcept;
  FileSink& operator=(FileSink&&) noexcept;
  ~FileSink();
  Result<void> write(std::string_view bytes);
  /// Syncs and closes.
  Result<Written> finish();

 private:
  struct Impl;
  explicit FileSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Writes and syncs. Errors: data.io.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);
Result<void> sync_directory(const std::filesystem::path& path);
/// Makes `from` appear as `to` in one step, replacing a directory that is there. Errors: data.io.
Result<void> replace_directory(const std::filesystem::path& from, const std::filesystem::path& to);

/// BLAKE2b-256 of bytes, in hex.
std::string hash_hex(std::string_view bytes);

}  // namespace automodel::recsys
