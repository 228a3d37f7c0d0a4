#include "recsys/data/spool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace automodel::recsys {

namespace {

constexpr std::size_t kFirst = std::size_t{1} << 16U;
constexpr std::size_t kLargestStep = std::size_t{1} << 28U;

[[noreturn]] void stop(const char* what, const std::filesystem::path& directory, int number) {
  throw std::filesystem::filesystem_error(what, directory, std::error_code(number, std::generic_category()));
}

int nameless_file(const std::filesystem::path& directory) {
  const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string name = directory / ".spool-XXXXXX";  // file systems without O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      file_(std::exchange(other.file_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  if (this == &other) return *this;
  release();
  directory_ = std::move(other.directory_);
  file_ = std::exchange(other.file_, -1);
  data_ = std::exchange(other.data_, nullptr);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

SpoolFile::~SpoolFile() { release(); }

void SpoolFile::release() {
  if (data_) ::munmap(data_, capacity_);
  if (file_ >= 0) ::close(file_);
}

void SpoolFile::grow(std::size_t bytes) {
  if (bytes <= capacity_) return;
  if (file_ < 0) file_ = nameless_file(directory_);
  if (file_ < 0) stop("cannot make a scratch file", directory_, errno);
  auto wanted = std::max(kFirst, capacity_ + std::min(capacity_, kLargestStep));
  while (wanted < bytes) wanted += std::min(wanted, kLargestStep);
  const int reserved = ::posix_fallocate(file_, static_cast<off_t>(capacity_), static_cast<off_t>(wanted - capacity_));
  if (reserved != 0) stop("cannot reserve scratch space", directory_, reserved);
  void* moved = data_ ? ::mremap(data_, capacity_, wanted, MREMAP_MAYMOVE)
                      : ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (moved == MAP_FAILED) stop("cannot map scratch space", directory_, errno);
  data_ = moved;
  capacity_ = wanted;
}

}  // namespace automodel::recsys
