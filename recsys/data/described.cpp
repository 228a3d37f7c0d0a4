// Tables of any shape, described by a TOML file:
//
// clang-format off
//   separator = "\t"           # default: a comma; a tab for .tsv
//   header = true              # names in the first record; otherwise columns are taken in the order written here
//   quoted = true              # RFC 4180 quotes
//   missing = ["NA", "\\N"]
//   [columns]
//   uid    = { role = "user" }
//   sku    = { role = "item" }
//   ts     = { role = "time" }
//   clicks = { kind = "number" }                                  # feedback: not an input of models
//   price  = { kind = "number", context = true }                  # known before the interaction
//   brand  = { kind = "category", table = "items" }
//   tags   = { kind = "categories", table = "items", separator = "|" }
//   [items]                    # optional files of attributes beside, also [users]
//   file = "items.csv"
//   columns = { sku = { role = "item" }, name = { kind = "text" } }
// clang-format on
#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <sstream>

#include "recsys/data/csv.hpp"
#include "recsys/data/table.hpp"

namespace automodel::recsys {

namespace {

tl::unexpected<Error> bad(const std::string& message, const toml::node& node,
                          const std::filesystem::path& schema, std::string hint = {}) {
  std::ostringstream where;
  where << schema.string() << ":" << node.source().begin.line;
  return fail("data.bad_schema", message, where.str(), std::move(hint));
}

Result<void> known_keys(const toml::table& table, std::initializer_list<std::string_view> keys,
                        const std::filesystem::path& schema) {
  std::string all;
  for (const auto key : keys) all += (all.empty() ? "" : ", ") + std::string(key);
  for (const auto& [key, value] : table)
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
      return bad("unknown key '" + std::string(key.str()) + "'", value, schema, "Keys here are: " + all);
  return {};
}

Result<FieldSpec> described_field(const std::string& name, const toml::node& node, Table table,
                                  const std::filesystem::path& schema) {
  const toml::table* options = node.as_table();
  if (!options) return bad("column '" + name + "' is not { role = … } or { kind = … }", node, schema);
  if (auto known = known_keys(*options, {"role", "kind", "table", "context", "separator"}, schema); !known)
    return fail(known.error());
  FieldSpec field{Role::column, name, ColumnKind::category, table, true, "|"};
  constexpr std::array<std::string_view, 4> roles{"ignore", "user", "item", "time"};
  constexpr std::array<std::string_view, 5> kinds{"category", "categories", "number", "time", "text"};
  constexpr std::array<std::string_view, 3> tables{"interactions", "users", "items"};
  if (const auto role = (*options)["role"].value<std::string>()) {
    const auto at = std::find(roles.begin(), roles.end(), *role);
    if (at == roles.end())
      return bad("unknown role '" + *role + "'", node, schema, "Roles are user, item, time, ignore");
    field.role = static_cast<Role>(at - roles.begin());
    return field;
  }
  if (const auto kind = (*options)["kind"].value<std::string>()) {
    const auto at = std::find(kinds.begin(), kinds.end(), *kind);
    if (at == kinds.end() || *kind == "time")
      return bad("unknown kind '" + *kind + "'", node, schema,
                 "Kinds are category, categories, number, text");
    field.kind = static_cast<ColumnKind>(at - kinds.begin());
  }
  if (const auto of = (*options)["table"].value<std::string>()) {
    const auto at = std::find(tables.begin(), tables.end(), *of);
    if (at == tables.end() ||
        (table != Table::interactions && *of != tables[static_cast<std::size_t>(table)]))
      return bad("table '" + *of + "' cannot be here", node, schema, "Tables are interactions, users, items");
    field.table = static_cast<Table>(at - tables.begin());
  }
  field.context =
      (*options)["context"].value_or(field.table != Table::interactions || field.kind != ColumnKind::number);
  field.separator = (*options)["separator"].value_or(std::string("|"));
  return field;
}

/// Puts the described fields in the order of the file's header; what is not described is ignored.
Result<std::vector<FieldSpec>> in_file_order(const TableSpec& table, const std::vector<FieldSpec>& described,
                                             const toml::table& columns,
                                             const std::filesystem::path& schema) {
  const auto line = first_line(table.file);
  if (!line) return fail(line.error());
  RecordReader reader(*line, table.separator, table.quoted);
  RecordReader::Record header;
  reader.next(header);
  std::vector<FieldSpec> fields(header.fields.size());
  std::string names;
  for (const std::string& name : header.fields) names += (names.empty() ? "" : ", ") + to_utf8(trim(name));
  for (const FieldSpec& field : described) {
    const auto at = std::find_if(header.fields.begin(), header.fields.end(),
                                 [&](const std::string& name) { return trim(name) == field.name; });
    if (at == header.fields.end())
      return bad("the file has no column '" + field.name + "'", *columns.get(field.name), schema,
                 "It has: " + names);
    fields[static_cast<std::size_t>(at - header.fields.begin())] = field;
  }
  return fields;
}

/// The description's columns in the order in which they are written (toml++ keeps them sorted by name).
std::vector<std::pair<std::string, const toml::node*>> as_written(const toml::table& columns) {
  std::vector<std::pair<std::string, const toml::node*>> out;
  for (const auto& [key, node] : columns) out.emplace_back(std::string(key.str()), &node);
  const auto place = [](const auto& entry) {
    const auto begin = entry.second->source().begin;
    return std::pair(begin.line, begin.column);
  };
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return out;
}

Result<TableSpec> described_table(const std::filesystem::path& file, Table kind, const toml::table& options,
                                  const std::filesystem::path& schema) {
  TableSpec table{file, kind, file.extension() == ".tsv" ? "\t" : ",", true, true, {"NA"}, {}, {}};
  table.separator = options["separator"].value_or(table.separator);
  table.header = options["header"].value_or(true);
  table.quoted = options["quoted"].value_or(true);
  if (table.separator.empty()) return bad("the separator is empty", options, schema);
  if (const toml::array* missing = options["missing"].as_array()) {
    table.missing.clear();
    for (const auto& value : *missing) table.missing.push_back(value.value_or(std::string()));
  }
  const toml::table* columns = options["columns"].as_table();
  if (!columns) return bad("no [columns]", options, schema, "Say at least which columns are user and item");
  std::vector<FieldSpec> fields;
  std::size_t users = 0, items = 0, times = 0;
  for (const auto& [name, node] : as_written(*columns)) {
    auto field = described_field(name, *node, kind, schema);
    if (!field) return fail(field.error());
    users += field->role == Role::user;
    items += field->role == Role::item;
    times += field->role == Role::time;
    fields.push_back(std::move(*field));
  }
  if (users != (kind != Table::items) || items != (kind != Table::users) ||
      times > (kind == Table::interactions ? 1 : 0))
    return bad("one column must have each of the roles that the table needs, no more", *columns, schema,
               "Interactions need user and item and may have time; users need user; items need item");
  if (!table.header) {
    table.fields = std::move(fields);
    return table;
  }
  auto ordered = in_file_order(table, fields, *columns, schema);
  if (!ordered) return fail(ordered.error());
  table.fields = std::move(*ordered);
  return table;
}

}  // namespace

Result<std::vector<TableSpec>> described_tables(const std::filesystem::path& source,
                                                const std::filesystem::path& schema) try {
  const toml::table root = toml::parse_file(schema.string());
  if (auto known =
          known_keys(root, {"separator", "header", "quoted", "missing", "columns", "users", "items"}, schema);
      !known)
    return fail(known.error());
  std::vector<TableSpec> tables;
  auto interactions = described_table(source, Table::interactions, root, schema);
  if (!interactions) return fail(interactions.error());
  tables.push_back(std::move(*interactions));
  for (const auto& [name, kind] : {std::pair{"users", Table::users}, std::pair{"items", Table::items}}) {
    const toml::table* options = root[name].as_table();
    if (!options) continue;
    if (auto known =
            known_keys(*options, {"file", "separator", "header", "quoted", "missing", "columns"}, schema);
        !known)
      return fail(known.error());
    const auto file = (*options)["file"].value<std::string>();
    if (!file) return bad(std::string("[") + name + "] names no file", *options, schema);
    auto table = described_table(source.parent_path() / *file, kind, *options, schema);
    if (!table) return fail(table.error());
    tables.push_back(std::move(*table));
  }
  return tables;
} catch (const toml::parse_error& error) {
  std::ostringstream where;
  where << schema.string() << ":" << error.source().begin.line;
  return fail("data.bad_schema", std::string(error.description()), where.str(), "Correct the TOML");
}

}  // namespace automodel::recsys
