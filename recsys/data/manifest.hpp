// What a data set's directory holds: manifest.json names every file with its length and hash, and
// manifest.hash holds the hash of manifest.json itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

inline constexpr int dataset_format = 1;

struct ManifestFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string blake2b;  // hex
};

/// A column and the files that it lies in. Their order by kind:
///   category: codes (uint32 each row), token offsets (uint64), tokens
///   categories: offsets (uint64, rows + 1), codes (uint32), token offsets, tokens
///   number: float32 each row; time: int64 each row; text: offsets (uint64, rows + 1), bytes
/// All numbers are little endian. `user` and `item` are category columns whose codes count from 0.
struct ManifestColumn {
  ColumnInfo info;
  std::vector<ManifestFile> files;
};

struct Manifest {
  std::string source;
  std::string importer;  // the format that it was imported from
  std::uint64_t rows = 0;
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  bool has_time = false;
  std::vector<ManifestColumn> columns;
};

std::string to_json(const Manifest& manifest);
/// Errors: data.corrupt, data.newer_format; `where` is the file that the text came from.
Result<Manifest> manifest_from_json(const std::string& text, const std::filesystem::path& where);

std::string_view kind_name(ColumnKind kind);
std::string_view table_name(Table table);

}  // namespace automodel::recsys
