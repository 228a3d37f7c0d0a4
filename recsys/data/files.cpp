#include "recsys/data/files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace automodel::recsys {

namespace {

tl::unexpected<Error> io_error(const std::string& what, const std::filesystem::path& path) {
  const int number = errno;
  if (number == ENOENT)
    return fail("data.no_such_file", "no such file or folder", path.string(), "Check the path");
  const std::string hint =
      number == ENOSPC ? "Free some space on that disk" : "Check the permissions of the path";
  return fail("data.io", what + ": " + std::strerror(number), path.string(), hint);
}

constexpr std::size_t hash_bytes = 32;
using Hash = std::array<unsigned char, hash_bytes>;

std::string hex(const Hash& hash) {
  std::string text;
  for (const unsigned char byte : hash) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// Closes on every way out.
struct Descriptor {
  int value = -1;
  explicit Descriptor(int fd) : value(fd) {}
  Descriptor(Descriptor&& other) noexcept : value(std::exchange(other.value, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value < 0) return io_error("cannot open", path);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) return io_error("cannot look at", path);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value, 0);
    if (data == MAP_FAILED) return io_error("cannot map", path);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(data, size));
}

void MappedFile::read_ahead() const {
  if (size_ > 0) ::madvise(const_cast<void*>(data_), size_, MADV_SEQUENTIAL);  // advice: that it is not taken is no error
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<void*>(data_), size_);
}

Result<std::string> read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value < 0) return io_error("cannot open", path);
  std::string bytes;
  std::array<char, 1 << 16> chunk{};
  while (true) {
    const ssize_t got = ::read(file.value, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path);
    if (got == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

struct FileSink::Impl {
  std::filesystem::path path;
  Descriptor file;
  std::uint64_t bytes = 0;
  crypto_generichash_state hash{};
};

FileSink::FileSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileSink::FileSink(FileSink&&) noexcept = default;
FileSink& FileSink::operator=(FileSink&&) noexcept = default;
FileSink::~FileSink() = default;

Result<FileSink> FileSink::create(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return io_error("cannot create", path);
  auto impl = std::make_unique<Impl>(Impl{path, Descriptor(file), 0, {}});
  crypto_generichash_init(&impl->hash, nullptr, 0, hash_bytes);
  return FileSink(std::move(impl));
}

Result<void> FileSink::write(std::string_view bytes) {
  crypto_generichash_update(&impl_->hash, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  impl_->bytes += bytes.size();
  while (!bytes.empty()) {
    const ssize_t put = ::write(impl_->file.value, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error("cannot write", impl_->path);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<FileSink::Written> FileSink::finish() {
  if (::fsync(impl_->file.value) != 0) return io_error("cannot sync", impl_->path);
  Hash hash{};
  crypto_generichash_final(&impl_->hash, hash.data(), hash.size());
  Written written{impl_->bytes, hex(hash)};
  impl_.reset();
  return written;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  auto sink = FileSink::create(path);
  if (!sink) return fail(sink.error());
  if (auto done = sink->write(bytes); !done) return done;
  if (auto done = sink->finish(); !done) return fail(done.error());
  return {};
}

Result<void> sync_directory(const std::filesystem::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.value < 0) return io_error("cannot open", path);
  if (::fsync(directory.value) != 0) return io_error("cannot sync", path);
  return {};
}

Result<void> replace_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (!std::filesystem::exists(to)) {
    if (::rename(from.c_str(), to.c_str()) != 0) return io_error("cannot rename", from);
    return sync_directory(to.parent_path());
  }
  // Both names change in one step: at no moment is there no data set, or half of one.
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) != 0)
    return io_error("cannot exchange with the new one", to);
  const auto synced = sync_directory(to.parent_path());
  std::error_code ignored;  // what was replaced is garbage now; left over, it is removed by the next import
  std::filesystem::remove_all(from, ignored);
  return synced;
}

std::string hash_hex(std::string_view bytes) {
  Hash hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  return hex(hash);
}

}  // namespace automodel::recsys
