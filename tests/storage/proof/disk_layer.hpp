// A layer below the file-system calls: writes down what a program does to the files of one directory, or
// makes chosen calls fail. It defines pwrite, fdatasync and the like itself: whatever program links it, its
// LMDB calls these instead of the C library's. One layer a process; a forked process keeps what was set
// before the fork.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace automodel::storage::testing::disk {

enum class Kind : std::uint8_t {
  create,        // bytes: the name; a new file or folder, or an existing file opened for the first time
  write,         // bytes at an offset
  range_synced,  // what was written from offset on, `size` bytes, is on the disk
  synced,        // everything of this file is on the disk
  resize,        // offset: the new size
  rename,        // bytes: from, zero, to
  remove,        // bytes: the name
  names_synced,  // of the directory, or of the folder in it that the bytes name
  acknowledged,  // bytes: what the program told somebody
};

/// In place of a file's number: a folder.
inline constexpr std::uint32_t folder_of_log = ~0u;

/// What precedes the bytes of each entry of the log.
struct Header {
  Kind kind{};
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;        // of what is meant
  std::uint64_t bytes_size = 0;  // of the bytes that follow
};

/// From now on everything that happens to files of `directory`, and of folders in it, is appended to `log`.
void record(const std::filesystem::path& directory, const std::filesystem::path& log);
/// Puts a line between the calls: what happened before it, happened before it.
void acknowledge(std::string_view line);

/// The calls that can be made to fail.
enum class Call : std::uint8_t { write, sync, resize, open, rename };
inline constexpr std::size_t call_count = 5;

struct Fault {
  Call call = Call::write;
  unsigned nth = 1;    // counted from 1, since `inject`
  unsigned times = 1;  // so many calls in a row
  int error = 0;       // errno; 0: half of the bytes are written and the call says so
};

/// Calls on files of `directory` fail as said. Counts from anew.
void inject(const std::filesystem::path& directory, Fault fault);
/// How many calls of each kind there were since `inject`.
std::array<unsigned, call_count> calls();

}  // namespace automodel::storage::testing::disk
