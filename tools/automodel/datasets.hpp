// Data sets by name, as the commands take them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/data/import.hpp"

namespace automodel::tools {

/// Names of the data sets in `directory`, sorted; none where there is no such directory.
std::vector<std::string> dataset_names(const std::filesystem::path& directory);

/// Errors: data.no_such_dataset (with the nearest name), and those of Dataset::open.
Result<recsys::Dataset> open_dataset(const std::filesystem::path& directory, const std::string& name);

/// An imported data set's name, or the path of something to import: that is imported first, under a name made
/// from the path, and `imported` is told what was done. Errors: those of open_dataset and
/// recsys::import_dataset.
Result<recsys::Dataset> open_or_import(const std::filesystem::path& directory,
                                       const std::string& name_or_path,
                                       const std::function<void(const recsys::ImportReport&)>& imported);

/// "malformed rows: 3 of 100,007; ratings.csv:17: …", empty where there were none.
std::string malformed_text(const recsys::ImportReport& report);

}  // namespace automodel::tools
