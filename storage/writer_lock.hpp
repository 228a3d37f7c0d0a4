// One writer per store. Private to storage/.
#pragma once

#include <filesystem>
#include <utility>

#include "base/error.hpp"

namespace automodel::storage {

/// Holds `directory`/writer.lock; the system lets go of it when the process ends, however it ends.
class WriterLock {
 public:
  /// Errors: storage.locked (says which process holds it), storage.io.
  static Result<WriterLock> take(const std::filesystem::path& directory);
  WriterLock(WriterLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace automodel::storage
