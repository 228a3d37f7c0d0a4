// Who may include whom: docs/architecture.md, "The house". An arrow the other way is a defect.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> allowed = {
    {"base", {"base"}},
    {"events", {"base", "events"}},
    {"storage", {"base", "events", "storage"}},
    {"recsys", {"base", "recsys"}},
    {"papers", {"base", "recsys", "papers"}},
    {"actors", {"base", "events", "storage", "recsys", "papers", "actors"}},
    {"tools", {"base", "events", "storage", "recsys", "papers", "actors", "tools"}},
};

std::string top_folder(const std::string& path) { return path.substr(0, path.find('/')); }

bool is_torch(const std::string& header) {
  return header.starts_with("torch/") || header.starts_with("ATen/") || header.starts_with("c10/");
}

/// One line for each include in `text` that `file` (relative to the root, with '/') must not have.
std::vector<std::string> violations(const std::string& file, const std::string& text) {
  static const std::regex include(R"(^[ \t]*#[ \t]*include[ \t]*[<"]([^">]+)[">])");
  const auto from = top_folder(file);
  // Headers that show LibTorch stay inside recsys; public ones never do.
  const bool may_use_torch =
      from == "recsys" && (file.ends_with(".cpp") || file.find("torch") != std::string::npos);
  std::vector<std::string> found;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    const auto header = match[1].str();
    const auto to = top_folder(header);
    const auto place = file + ":" + std::to_string(number) + " includes " + header;
    if (allowed.contains(to) && header.find('/') != std::string::npos && !allowed.at(from).contains(to))
      found.push_back(place);
    if (is_torch(header) && !may_use_torch) found.push_back(place + " (LibTorch outside recsys/**.cpp)");
  }
  return found;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> sources(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".hpp" || extension == ".cpp"))
      found.push_back(entry.path());
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(house)

BOOST_AUTO_TEST_CASE(every_include_points_down_the_house) {
  const fs::path root = AUTOMODEL_SOURCE_DIR;
  std::size_t read_files = 0;
  for (const auto& [folder, unused] : allowed) {
    for (const auto& path : sources(root / folder)) {
      ++read_files;
      for (const auto& violation : violations(fs::relative(path, root).generic_string(), read(path)))
        BOOST_ERROR(violation);
    }
  }
  BOOST_TEST(read_files > 20u);
}

BOOST_AUTO_TEST_CASE(an_arrow_the_other_way_is_found) {
  BOOST_TEST(violations("events/x.cpp", "#include \"storage/event_store.hpp\"\n").size() == 1u);
  BOOST_TEST(violations("recsys/data/x.hpp", "int a;\n  # include \"events/codec.hpp\"\n").size() == 1u);
  BOOST_TEST(violations("storage/x.cpp", "#include \"recsys/data/dataset.hpp\"\n").size() == 1u);
  BOOST_TEST(violations("actors/x.cpp", "#include \"tools/automodel/report.hpp\"\n").size() == 1u);
  BOOST_TEST(violations("actors/x.cpp", "#include \"storage/event_store.hpp\"\n").empty());
}

BOOST_AUTO_TEST_CASE(libtorch_outside_recsys_sources_is_found) {
  BOOST_TEST(violations("actors/x.cpp", "#include <torch/torch.h>\n").size() == 1u);
  BOOST_TEST(violations("recsys/training/trainer.hpp", "#include <torch/torch.h>\n").size() == 1u);
  BOOST_TEST(violations("recsys/training/trainer.cpp", "#include <torch/torch.h>\n").empty());
}

BOOST_AUTO_TEST_SUITE_END()
