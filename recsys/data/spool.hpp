// Arrays that grow in files without names: their pages are the kernel's to keep or to write out, so that a column may be larger
// than memory. Private to recsys/data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <type_traits>

namespace automodel::recsys {

/// The bytes of one array. Its file lies in `directory`, has no name and goes with the object, whatever becomes of the process.
class SpoolFile {
 public:
  explicit SpoolFile(std::filesystem::path directory) : directory_(std::move(directory)) {}
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;
  ~SpoolFile();

  std::size_t capacity() const { return capacity_; }
  void* data() const { return data_; }
  /// Makes room for at least `bytes`; what is there stays, what is new is zero. Blocks are reserved on the disk, so that writing
  /// to them cannot fail later. Throws std::filesystem::filesystem_error where the disk is full.
  void grow(std::size_t bytes);

 private:
  void release();
  std::filesystem::path directory_;
  int file_ = -1;
  void* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// Throws as `SpoolFile::grow` where it grows.
template <class T>
class Spool {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Spool(std::filesystem::path directory) : file_(std::move(directory)) {}

  void push_back(const T& value) {
    reserve(size_ + 1);
    values()[size_++] = value;
  }
  /// As std::vector's, but never smaller.
  void resize(std::size_t size, const T& fill) {
    if (size <= size_) return;
    reserve(size);
    while (size_ < size) values()[size_++] = fill;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return values()[i]; }
  std::span<T> span() { return {values(), size_}; }
  std::span<const T> span() const { return {values(), size_}; }

 private:
  T* values() const { return static_cast<T*>(file_.data()); }
  void reserve(std::size_t size) {
    if (size * sizeof(T) > file_.capacity()) file_.grow(size * sizeof(T));
  }
  SpoolFile file_;
  std::size_t size_ = 0;
};

}  // namespace automodel::recsys
