#include "tools/automodel/datasets.hpp"

#include <algorithm>

#include "actors/session/suggest.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace fs = std::filesystem;

std::vector<std::string> dataset_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator at(directory, none), end; !none && at != end; at.increment(none)) {
    const std::string name = at->path().filename().string();
    // Names that begin with a dot are imports under way.
    if (!name.starts_with(".") && at->is_directory(none)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<recsys::Dataset> open_dataset(const fs::path& directory, const std::string& name) {
  std::error_code none;
  const bool plain = !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
  if (plain && fs::is_directory(directory / name, none)) return recsys::Dataset::open(directory / name);
  const auto names = dataset_names(directory);
  std::string hint = actors::suggestion(name, names);
  if (hint.empty())
    hint = "automodel data import FILE --name " + (plain ? name : std::string("NAME")) + " makes it";
  return fail("data.no_such_dataset", "no data set is called '" + name + "'", directory.string(), hint);
}

Result<recsys::Dataset> open_or_import(const fs::path& directory, const std::string& name_or_path,
                                       const std::function<void(const recsys::ImportReport&)>& imported) {
  std::error_code none;
  const bool plain = name_or_path.find('/') == std::string::npos;
  if ((plain && fs::is_directory(directory / name_or_path, none)) || !fs::exists(name_or_path, none))
    return open_dataset(directory, name_or_path);
  auto report = recsys::import_dataset(name_or_path, directory, {});
  if (!report) return fail(report.error());
  imported(*report);
  return recsys::Dataset::open(report->directory);
}

std::string malformed_text(const recsys::ImportReport& report) {
  if (report.malformed == 0) return {};
  std::string text = "malformed rows left out: " + grouped(report.malformed) + " of " +
                     grouped(report.rows + report.malformed);
  for (const auto& row : report.first_malformed)
    text += "\n  " + row.file + ":" + std::to_string(row.line) + ": " + row.reason;
  if (report.malformed > report.first_malformed.size()) text += "\n  …";
  return text;
}

}  // namespace automodel::tools
