#include "storage/identity.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "storage/directory.hpp"
#include "storage/operations/files.hpp"

namespace automodel::storage {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t identity_bytes = 16;

Result<std::string> read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  const bool whole = text.size() == 2 * identity_bytes + 1 && text.back() == '\n' &&
                     std::all_of(text.begin(), text.end() - 1, [](unsigned char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
  if (!whole)
    return fail("storage.corrupt", "this is no identity of a node", file.string(),
                "remove it: the node gets a new one, and others see it as another node");
  text.pop_back();
  return text;
}

}  // namespace

Result<std::string> identity_of(const fs::path& directory) {
  const fs::path file = directory / "identity";
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) return fail("storage.io", "cannot make the directory: " + failed.message(), directory.string());
  if (fs::exists(file, failed)) return read(file);
  if (sodium_init() < 0) return fail("storage.io", "libsodium cannot be initialised");
  std::array<std::uint8_t, identity_bytes> drawn{};
  randombytes_buf(drawn.data(), drawn.size());
  const std::string text = events::hex(drawn) + "\n";
  // Whole under another name first; whoever names his first has drawn for both.
  const fs::path beside = directory / (".identity-" + std::to_string(::getpid()));
  {
    const Descriptor made(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!made) return fail(system_error(errno, "write the node's identity", beside));
    auto written = write_all(made, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, beside);
    if (written) written = sync_file(made, beside);
    if (!written) return fail(written.error());
  }
  const int linked = ::link(beside.c_str(), file.c_str());
  const int code = errno;
  ::unlink(beside.c_str());
  if (linked != 0 && code != EEXIST) return fail(system_error(code, "name the node's identity", file));
  if (auto synced = sync_directory(directory); !synced) return fail(synced.error());
  return read(file);
}

}  // namespace automodel::storage
