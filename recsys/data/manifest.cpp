#include "recsys/data/manifest.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace automodel::recsys {

namespace {

constexpr std::array<std::string_view, 5> kinds{"category", "categories", "number", "time", "text"};
constexpr std::array<std::string_view, 3> tables{"interactions", "users", "items"};

template <class Enum, std::size_t n>
Enum enum_from(const std::array<std::string_view, n>& names, const std::string& name) {
  for (std::size_t i = 0; i < n; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  throw std::runtime_error("unknown word '" + name + "'");
}

ManifestColumn column_from(const nlohmann::json& json) {
  ManifestColumn column;
  column.info.name = json.at("name");
  column.info.kind = enum_from<ColumnKind>(kinds, json.at("kind"));
  column.info.table = enum_from<Table>(tables, json.at("table"));
  column.info.cardinality = json.at("cardinality");
  column.info.context = json.at("context");
  for (const auto& file : json.at("files"))
    column.files.push_back({file.at("name"), file.at("bytes"), file.at("blake2b")});
  return column;
}

}  // namespace

std::string_view kind_name(ColumnKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view table_name(Table table) { return tables[static_cast<std::size_t>(table)]; }

std::string to_json(const Manifest& manifest) {
  nlohmann::json columns = nlohmann::json::array();
  for (const auto& column : manifest.columns) {
    nlohmann::json files = nlohmann::json::array();
    for (const auto& file : column.files)
      files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"blake2b", file.blake2b}});
    columns.push_back({{"name", column.info.name},
                       {"kind", kind_name(column.info.kind)},
                       {"table", table_name(column.info.table)},
                       {"cardinality", column.info.cardinality},
                       {"context", column.info.context},
                       {"files", files}});
  }
  const nlohmann::json json{{"format", dataset_format},      {"source", manifest.source},
                            {"importer", manifest.importer}, {"rows", manifest.rows},
                            {"users", manifest.users},       {"items", manifest.items},
                            {"has_time", manifest.has_time}, {"columns", columns}};
  return json.dump(1) + "\n";
}

Result<Manifest> manifest_from_json(const std::string& text, const std::filesystem::path& where) try {
  const auto json = nlohmann::json::parse(text);
  const int format = json.at("format");
  if (format > dataset_format)
    return fail("data.newer_format",
                "a data set of format " + std::to_string(format) + "; this program reads up to format " +
                    std::to_string(dataset_format),
                where.string(), "Use a newer program, or import the source again");
  Manifest manifest;
  manifest.source = json.at("source");
  manifest.importer = json.at("importer");
  manifest.rows = json.at("rows");
  manifest.users = json.at("users");
  manifest.items = json.at("items");
  manifest.has_time = json.at("has_time");
  for (const auto& column : json.at("columns")) manifest.columns.push_back(column_from(column));
  return manifest;
} catch (const std::exception& error) {
  return fail("data.corrupt", std::string("the manifest cannot be read: ") + error.what(), where.string(),
              "Import the source again");
}

}  // namespace automodel::recsys
