#include "recsys/data/import.hpp"

#include <unistd.h>

#include <algorithm>

#include "recsys/data/files.hpp"
#include "recsys/data/table.hpp"

namespace automodel::recsys {

namespace {

namespace fs = std::filesystem;

struct Recognised {
  std::string format;
  fs::path interactions;
};

Result<void> check_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 64 || name[0] == '.' || name[0] == '-' ||
      !std::all_of(name.begin(), name.end(), fits))
    return fail("data.bad_name", "'" + to_utf8(name) + "' cannot name a data set", {},
                "Use up to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit");
  return {};
}

/// The file in a folder that holds its interactions.
Result<fs::path> interactions_in(const fs::path& folder) {
  for (const char* name : {"u.data", "ratings.dat", "ratings.csv"})
    if (fs::exists(folder / name)) return folder / name;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".inter") found.push_back(entry.path());
  if (found.size() == 1) return found[0];
  return fail("data.unknown_format", std::to_string(found.size()) + " files of interactions in the folder",
              folder.string(),
              "Expected one of u.data, ratings.dat, ratings.csv, *.inter; or name the file itself");
}

Result<Recognised> recognise(const fs::path& source) {
  fs::path file = source;
  if (fs::is_directory(source)) {
    auto inside = interactions_in(source);
    if (!inside) return fail(inside.error());
    file = *inside;
  }
  const auto line = first_line(file);
  if (!line) return fail(line.error());
  const auto has = [&](const char* word) { return line->find(word) != std::string::npos; };
  if (file.extension() == ".inter") return Recognised{"recbole", file};
  if (has("userId") && has("movieId"))
    return Recognised{has("title") || line->find('"') != std::string::npos ? "dslabs" : "movielens-csv",
                      file};
  if (std::count(line->begin(), line->end(), '\t') == 3 &&
      (file.filename() == "u.data" || file.extension() == ".base"))
    return Recognised{"movielens-u.data", file};
  const std::size_t colons = line->find("::");
  if (colons != std::string::npos && line->find("::", colons + 2) != std::string::npos)
    return Recognised{"movielens-dat", file};
  if (looks_like_libsvm(*line)) return Recognised{"libsvm", file};
  return fail("data.unknown_format", "the format is not one that is recognised", file.string(),
              "Known are MovieLens (u.data, ratings.dat, ratings.csv), the dslabs export, RecBole (.inter) "
              "and libsvm; "
              "describe any other table with a schema file");
}

/// A folder that is removed unless it was given its final name.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<void> read_all(DatasetBuilder& builder, const Recognised& source, const fs::path& schema,
                      Tally& tally) {
  if (source.format == "libsvm") return read_libsvm(builder, source.interactions, tally);
  auto tables = source.format == "table"     ? described_tables(source.interactions, schema)
                : source.format == "recbole" ? recbole_tables(source.interactions)
                                             : movielens_tables(source.interactions, source.format);
  if (!tables) return fail(tables.error());
  for (const TableSpec& table : *tables)
    if (auto read = read_table(builder, table, tally); !read) return read;
  return {};
}

std::string name_of(const fs::path& source) {
  const fs::path whole = fs::absolute(source).lexically_normal();
  const fs::path last = whole.filename().empty() ? whole.parent_path() : whole;
  return fs::is_directory(source) ? last.filename().string() : last.stem().string();
}

Result<ImportReport> run(const fs::path& source, const fs::path& data_directory,
                         const ImportOptions& options) {
  if (!fs::exists(source))
    return fail("data.no_such_file", "no such file or folder", source.string(), "Check the path");
  ImportReport report;
  report.name = options.name.empty() ? name_of(source) : options.name;
  if (auto good = check_name(report.name); !good) return fail(good.error());
  auto recognised =
      options.schema.empty() ? recognise(source) : Result<Recognised>(Recognised{"table", source});
  if (!recognised) return fail(recognised.error());
  report.format = recognised->format;
  report.directory = data_directory / report.name;
  if (fs::exists(report.directory) && !fs::exists(report.directory / "manifest.json"))
    return fail("data.io", "something that is no data set has that name", report.directory.string(),
                "Choose another name");
  fs::create_directories(data_directory);
  DatasetBuilder builder(data_directory);
  Tally tally(report, options);
  if (auto read = read_all(builder, *recognised, options.schema, tally); !read) return fail(read.error());
  if (auto judged = tally.judge(); !judged) return fail(judged.error());
  if (builder.rows() == 0)
    return fail("data.malformed_rows", "no interactions", recognised->interactions.string());
  const TemporaryFolder folder(data_directory /
                               (".import-" + report.name + "-" + std::to_string(::getpid())));
  fs::remove_all(folder.path());
  fs::create_directory(folder.path());
  auto written = builder.write(folder.path(), recognised->interactions.filename().string(), report.format);
  if (written) written = replace_directory(folder.path(), report.directory);
  if (!written) return fail(written.error());
  report.rows = builder.rows();
  return report;
}

}  // namespace

Result<ImportReport> import_dataset(const std::filesystem::path& source,
                                    const std::filesystem::path& data_directory,
                                    const ImportOptions& options) try {
  return run(source, data_directory, options);
} catch (const fs::filesystem_error& error) {
  return fail("data.io", error.code().message(), error.path1().string(),
              "Check the path and its permissions");
} catch (const std::bad_alloc&) {
  return fail("data.io", "the source does not fit into memory", source.string(), "Import a part of it");
}

}  // namespace automodel::recsys
