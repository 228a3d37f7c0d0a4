// Files of others become data sets. An import is visible only when it is whole.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

struct ImportOptions {
  std::string name;              // of the data set; empty: from the source's name
  double max_malformed = 0.01;   // share of rows; more is data.malformed_rows
  std::filesystem::path schema;  // TOML description for CSV/TSV of other shapes; empty: recognise the format
  std::function<bool(std::uint64_t rows)> progress;  // now and then; false ends the import (data.interrupted)
};

struct MalformedRow {
  std::string file;
  std::uint64_t line = 0;  // from 1
  std::string reason;
};

struct ImportReport {
  std::string name;
  std::string format;  // movielens-u.data, movielens-dat, movielens-csv, dslabs, recbole, libsvm, table
  std::filesystem::path directory;
  std::uint64_t rows = 0;
  std::uint64_t malformed = 0;
  std::vector<MalformedRow> first_malformed;  // at most 5
};

/// Imports `source` (a file or a folder) into `data_directory`/NAME. An existing data set of that name is
/// replaced only when the new one is whole. Errors: data.unknown_format, data.malformed_rows,
/// data.no_such_file, data.io, data.bad_name, data.interrupted. The source must not shrink meanwhile: it is read through a mapping.
Result<ImportReport> import_dataset(const std::filesystem::path& source,
                                    const std::filesystem::path& data_directory,
                                    const ImportOptions& options);

}  // namespace automodel::recsys
