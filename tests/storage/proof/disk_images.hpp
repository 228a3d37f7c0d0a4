// What a disk may hold after the power failed: everything up to the last sync of a file, and of what was
// written later any part, in any order, torn at sectors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/storage/proof/disk_layer.hpp"

namespace automodel::storage::testing::disk {

inline constexpr std::size_t sector_bytes = 512;  // a write is not torn within one

/// A log made by `record`, read whole.
class Log {
 public:
  explicit Log(const std::filesystem::path& file);
  struct Entry {
    Header header;
    std::string bytes;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

/// How much of what was not synced is there.
enum class Loss : std::uint8_t {
  all,            // nothing of it
  none,           // all of it: the process was killed, the machine went on
  later,          // what came after some moment
  pages,          // pages of 4 KiB, each as it was at a moment of its own
  sectors,        // the same for each sector of 512 bytes
  all_but_newest  // what was written last came first
};
inline constexpr std::size_t loss_kinds = 6;

/// The disk as the log goes on.
class Disk {
 public:
  /// `forget_syncs`: as a disk that says "synced" and does nothing.
  explicit Disk(bool forget_syncs = false) : forgetful_(forget_syncs) {}
  void apply(const Log::Entry& entry);
  /// Writes the files as they may be found into `directory`.
  void image(const std::filesystem::path& directory, Loss loss, std::mt19937_64& random) const;
  const std::vector<std::string>& acknowledged() const { return acknowledged_; }

 private:
  using Sector = std::array<char, sector_bytes>;
  struct Version {
    std::uint64_t moment;
    Sector bytes;
  };
  struct File {
    std::string synced, newest;                                // contents
    std::map<std::size_t, std::vector<Version>> unsynced;      // by number of the sector
    std::vector<std::pair<std::uint64_t, std::size_t>> sizes;  // unsynced ones, with their moments
  };
  struct Naming {
    std::uint64_t moment;
    Kind kind;
    std::string from, to;
    std::uint32_t file;
  };
  using Names = std::map<std::string, std::uint32_t>;

  void write(File& file, std::size_t offset, std::string_view bytes);
  void resize(File& file, std::size_t size);
  void keep(File& file, std::size_t offset, std::size_t size);
  static void settle(const Naming& naming, Names& names);
  static std::string folder_of(const std::string& name);
  std::string content(const File& file, Loss loss, std::uint64_t moment, std::mt19937_64& random) const;

  bool forgetful_;
  std::uint64_t now_ = 0;
  std::map<std::uint32_t, File> files_;
  Names names_;                  // as synced
  std::vector<Naming> namings_;  // since then
  std::vector<std::string> acknowledged_;
};

}  // namespace automodel::storage::testing::disk
