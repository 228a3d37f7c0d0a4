// RecBole's atomic files: tab-separated, with a header of name:type, where type is token, token_seq, float or
// float_seq.
#include <algorithm>
#include <array>

#include "recsys/data/csv.hpp"
#include "recsys/data/table.hpp"

namespace automodel::recsys {

namespace {

struct HeaderField {
  std::string name;
  std::string type;
};

Result<std::vector<HeaderField>> read_header(const std::filesystem::path& file) {
  const auto line = first_line(file);
  if (!line) return fail(line.error());
  RecordReader reader(*line, "\t", false);
  RecordReader::Record record;
  std::vector<HeaderField> fields;
  reader.next(record);
  for (const std::string& text : record.fields) {
    const std::size_t colon = text.rfind(':');
    HeaderField field{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
    constexpr std::array<std::string_view, 4> types{"token", "token_seq", "float", "float_seq"};
    if (std::find(types.begin(), types.end(), field.type) == types.end())
      return fail("data.unknown_format", "'" + to_utf8(text.substr(0, 60)) + "' is not name:type",
                  file.string() + ":1", "Types are token, token_seq, float, float_seq");
    fields.push_back(std::move(field));
  }
  return fields;
}

/// The field of this name, or else the n-th token field.
std::size_t find_id(const std::vector<HeaderField>& fields, std::string_view name, std::size_t n) {
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].name == name) return f;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].type == "token" && n-- == 0) return f;
  return fields.size();
}

FieldSpec column(const HeaderField& field, Table table) {
  FieldSpec spec{Role::column, field.name, ColumnKind::category, table, true, " "};
  if (field.type == "float") {
    spec.kind = ColumnKind::number;
    spec.context = table != Table::interactions;  // a rating, a click count: known only afterwards
  } else if (field.type == "token_seq" || field.type == "float_seq") {
    // A title is a sequence of words there; here it is what people read, not an input.
    const bool title = field.name.find("title") != std::string::npos || field.name == "name";
    spec.kind = title ? ColumnKind::text : ColumnKind::categories;
  }
  return spec;
}

Result<TableSpec> interactions_table(const std::filesystem::path& file) {
  const auto header = read_header(file);
  if (!header) return fail(header.error());
  const std::size_t user = find_id(*header, "user_id", 0), item = find_id(*header, "item_id", 1);
  if (user == header->size() || item == header->size() || user == item)
    return fail("data.unknown_format", "no user_id and item_id among the fields", file.string() + ":1");
  TableSpec table{file, Table::interactions, "\t", false, true, {}, {}, {}};
  for (std::size_t f = 0; f < header->size(); ++f) {
    const HeaderField& field = (*header)[f];
    if (f == user)
      table.fields.push_back({Role::user, field.name, {}, {}, true, {}});
    else if (f == item)
      table.fields.push_back({Role::item, field.name, {}, {}, true, {}});
    else if (field.name == "timestamp" || field.name == "time")
      table.fields.push_back({Role::time, field.name, {}, {}, true, {}});
    else
      table.fields.push_back(column(field, Table::interactions));
  }
  return table;
}

Result<TableSpec> attributes_table(const std::filesystem::path& file, Table kind) {
  const auto header = read_header(file);
  if (!header) return fail(header.error());
  const bool users = kind == Table::users;
  const std::size_t id = find_id(*header, users ? "user_id" : "item_id", 0);
  if (id == header->size())
    return fail("data.unknown_format", "no id among the fields", file.string() + ":1");
  TableSpec table{file, kind, "\t", false, true, {}, {}, {}};
  for (std::size_t f = 0; f < header->size(); ++f) {
    if (f == id)
      table.fields.push_back({users ? Role::user : Role::item, (*header)[f].name, {}, {}, true, {}});
    else
      table.fields.push_back(column((*header)[f], kind));
  }
  return table;
}

}  // namespace

Result<std::vector<TableSpec>> recbole_tables(const std::filesystem::path& interactions) {
  std::vector<TableSpec> tables;
  auto table = interactions_table(interactions);
  if (!table) return fail(table.error());
  tables.push_back(std::move(*table));
  for (const auto& [extension, kind] : {std::pair{".user", Table::users}, std::pair{".item", Table::items}}) {
    auto file = interactions;
    file.replace_extension(extension);
    if (!std::filesystem::exists(file)) continue;
    auto attributes = attributes_table(file, kind);
    if (!attributes) return fail(attributes.error());
    tables.push_back(std::move(*attributes));
  }
  return tables;
}

}  // namespace automodel::recsys
