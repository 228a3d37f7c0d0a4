// Files and names that survive a crash. Private to storage/.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

/// An open file; closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close();
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

/// A system error number as an error: storage.full or storage.io.
Error system_error(int code, const std::string& what, const std::filesystem::path& where);

Result<void> write_all(const Descriptor& file, events::ByteView bytes, const std::filesystem::path& where);
Result<void> sync_file(const Descriptor& file, const std::filesystem::path& where);

/// Something that is made beside its place and gets its name when it is whole: `.NAME.writing-PID`. What was
/// not published is removed at the end of the scope; what a killed process left is removed by the next one
/// that makes the same name.
class Staged {
 public:
  /// A new directory. `target` must not exist, or be an empty directory. Errors: storage.exists,
  /// storage.no_such_directory (of the parent), storage.io, storage.full.
  static Result<Staged> directory(const std::filesystem::path& target);
  /// The name of a new file, which the caller makes. `target` must not exist. Errors: as above.
  static Result<Staged> file(const std::filesystem::path& target);
  Staged(Staged&& other) noexcept;
  Staged& operator=(Staged&&) = delete;
  ~Staged();

  const std::filesystem::path& path() const { return path_; }
  /// Gives it its name; whatever has that name by now is not replaced (storage.exists). Its files must be
  /// synced already.
  Result<void> publish();

 private:
  Staged(std::filesystem::path path, std::filesystem::path target, bool is_directory)
      : path_(std::move(path)), target_(std::move(target)), is_directory_(is_directory) {}
  static Result<Staged> beside(const std::filesystem::path& target, bool is_directory);

  std::filesystem::path path_;  // empty: published, or moved from
  std::filesystem::path target_;
  bool is_directory_;
};

}  // namespace automodel::storage
