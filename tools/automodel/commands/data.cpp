// automodel data import|list|show; generate is in data_generate.cpp
#include <iostream>

#include "tools/automodel/commands/data.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

struct Options {
  std::string source;
  std::string name;
  std::string schema;
  double max_malformed = 0.01;
};

const char* kind_text(recsys::ColumnKind kind) {
  switch (kind) {
    case recsys::ColumnKind::category:
      return "category";
    case recsys::ColumnKind::categories:
      return "categories";
    case recsys::ColumnKind::number:
      return "number";
    case recsys::ColumnKind::time:
      return "time";
    case recsys::ColumnKind::text:
      return "text";
  }
  return "unknown";
}

const char* table_name(recsys::Table table) {
  if (table == recsys::Table::users) return "users";
  return table == recsys::Table::items ? "items" : "interactions";
}

json summary(const recsys::Dataset& data) {
  return {{"name", data.name()},
          {"hash", data.hash()},
          {"source", data.source()},
          {"rows", data.rows()},
          {"users", data.users()},
          {"items", data.items()},
          {"columns", data.columns().size()}};
}

Result<int> import(const Program& program, const Options& options) {
  if (!(options.max_malformed >= 0 && options.max_malformed <= 1))
    return fail("usage.max_malformed", "--max-malformed is a share from 0 to 1");
  recsys::ImportOptions how;
  how.name = options.name;
  how.schema = options.schema;
  how.max_malformed = options.max_malformed;
  std::optional<ProgressLine> line(std::in_place);
  const auto watch = line->watch();
  how.progress = [&](std::uint64_t rows) { return watch({"reading", rows, 0, "rows"}); };
  auto report = recsys::import_dataset(options.source, program.settings.data_dir, how);
  line.reset();
  if (!report) return fail(report.error());
  auto data = recsys::Dataset::open(report->directory);
  if (!data) return fail(data.error());
  if (program.json) {
    json result = summary(*data);
    result["format"] = report->format;
    result["directory"] = report->directory.string();
    result["malformed"] = report->malformed;
    result["first_malformed"] = json::array();
    for (const auto& row : report->first_malformed)
      result["first_malformed"].push_back({{"file", row.file}, {"line", row.line}, {"reason", row.reason}});
    print_json(result);
    return 0;
  }
  std::cout << "imported " << report->name << " (" << report->format << "): " << grouped(data->rows())
            << " rows, " << grouped(data->users()) << " users, " << grouped(data->items()) << " items, in "
            << report->directory.string() << '\n';
  if (const std::string malformed = malformed_text(*report); !malformed.empty())
    std::cout << malformed << '\n';
  return 0;
}

Result<int> list(const Program& program) {
  std::vector<std::vector<std::string>> rows = {{"name", "rows", "users", "items", "source"}};
  for (const std::string& name : dataset_names(program.settings.data_dir)) {
    auto data = recsys::Dataset::open(std::filesystem::path(program.settings.data_dir) / name);
    // A folder that is no data set is said, and does not hide the others.
    if (!data) {
      std::cerr << "automodel: " << to_string(data.error()) << '\n';
    } else if (program.json) {
      print_json(summary(*data));
    } else {
      rows.push_back(
          {name, grouped(data->rows()), grouped(data->users()), grouped(data->items()), data->source()});
    }
  }
  if (program.json) return 0;
  if (rows.size() == 1)
    std::cout << "no data sets in " << program.settings.data_dir
              << "; automodel data import FILE --name NAME makes one\n";
  else
    std::cout << table_text(rows);
  return 0;
}

Result<int> show(const Program& program, const Options& options) {
  auto data = open_dataset(program.settings.data_dir, options.name);
  if (!data) return fail(data.error());
  json result = summary(*data);
  result["columns"] = json::array();
  std::vector<std::vector<std::string>> rows = {{"column", "kind", "of", "distinct values"}};
  for (const auto& column : data->columns()) {
    result["columns"].push_back({{"name", column.name},
                                 {"kind", kind_text(column.kind)},
                                 {"table", table_name(column.table)},
                                 {"cardinality", column.cardinality}});
    rows.push_back({column.name, kind_text(column.kind), table_name(column.table),
                    column.cardinality > 0 ? grouped(column.cardinality) : ""});
  }
  const bool times = data->has_time() && data->rows() > 0;
  if (times) {
    result["first_time"] = data->time().front();
    result["last_time"] = data->time().back();
  }
  if (program.json) {
    print_json(result);
    return 0;
  }
  std::cout << data->name() << ": " << grouped(data->rows()) << " rows, " << grouped(data->users())
            << " users, " << grouped(data->items()) << " items\nfrom " << data->source() << "\n";
  if (times)
    std::cout << time_text(data->time().front() * 1'000'000'000) << " to "
              << time_text(data->time().back() * 1'000'000'000) << " UTC\n";
  std::cout << "content " << data->hash() << "\n\n" << table_text(rows);
  return 0;
}

}  // namespace

void add_data(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* data = add_command(app, program, "data", "import data sets, list them, show one",
                               "  automodel data import ratings.csv --name movielens\n"
                               "  automodel data import ml-100k/ --name ml-100k\n"
                               "  automodel data import clicks.tsv --schema clicks.toml\n"
                               "  automodel data list\n"
                               "  automodel data show movielens",
                               {});
  CLI::App* add = add_command(*data, program, "import", "make a data set of a file or folder",
                              "  automodel data import ratings.csv --name movielens",
                              [&program, options] { return import(program, *options); });
  add->add_option("source", options->source, "file or folder; the format is recognised")->required();
  add->add_option("--name", options->name, "of the data set (default: from the source's name)");
  add->add_option("--schema", options->schema, "TOML description of a CSV/TSV file of another shape");
  add->add_option("--max-malformed", options->max_malformed, "share of malformed rows that is borne")
      ->capture_default_str();
  add_command(*data, program, "list", "all data sets", "  automodel data list --json",
              [&program] { return list(program); });
  CLI::App* one =
      add_command(*data, program, "show", "one data set and its columns", "  automodel data show movielens",
                  [&program, options] { return show(program, *options); });
  one->add_option("name", options->name, "of the data set")->required();
  add_data_generate(*data, program);
}

}  // namespace automodel::tools
