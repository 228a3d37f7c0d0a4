// A folder of a test's own, with helpers to put files into it and to import them.
#pragma once

#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "recsys/data/import.hpp"

namespace automodel::recsys {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "automodel-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  std::filesystem::path data() const { return path_ / "data"; }
  const std::filesystem::path& path() const { return path_; }

  /// Imports, or fails the test with the error.
  Dataset import(const std::filesystem::path& source, ImportOptions options = {}) const {
    if (options.name.empty()) options.name = "test";
    const auto report = import_dataset(source, data(), options);
    BOOST_REQUIRE_MESSAGE(report, (report ? "" : to_string(report.error())));
    auto opened = Dataset::open(report->directory);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : to_string(opened.error())));
    return *opened;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace automodel::recsys
