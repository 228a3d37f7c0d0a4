#include "storage/memory/diff.hpp"

#include <algorithm>
#include <map>

#include "storage/memory/format.hpp"
#include "storage/memory/tables.hpp"

namespace automodel::storage {

namespace {

using memory_tables_detail::TableInfo;
using nlohmann::json;
using Rows = std::vector<std::pair<std::string, events::Bytes>>;
using Fields = std::map<std::string, json>;

bool all_named(const json& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const json& element) {
    return element.is_object() && element.contains("name") && element["name"].is_string();
  });
}

/// Leaves by their paths.
void flatten(const json& value, const std::string& path, Fields& fields) {
  const auto below = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) flatten(inner, below(name), fields);
    return;
  }
  if (!value.is_array() || !all_named(value)) {
    fields[path] = value;
    return;
  }
  for (const auto& element : value) {
    const auto name = below(element["name"].get<std::string>());
    // A value of 0 is left out of the JSON.
    flatten(element.contains("value") ? element["value"] : json(0), name, fields);
    for (const auto& [part, inner] : element.items())
      if (part != "name" && part != "value") flatten(inner, name + "." + part, fields);
  }
}

std::vector<FieldChange> changes(const json& before, const json& after) {
  Fields from, to;
  flatten(before, {}, from);
  flatten(after, {}, to);
  std::vector<FieldChange> found;
  for (auto& [path, value] : from) {
    const auto now = to.find(path);
    if (now == to.end())
      found.push_back({path, value, nullptr});
    else if (now->second != value)
      found.push_back({path, value, now->second});
  }
  for (auto& [path, value] : to)
    if (!from.contains(path)) found.push_back({path, nullptr, value});
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.field < b.field; });
  return found;
}

Rows read(const RowReader& rows, const char* table) {
  Rows found;
  rows.scan(table, {}, [&](std::string_view key, events::ByteView row) {
    found.emplace_back(std::string(key), events::Bytes(row.begin(), row.end()));
    return true;
  });
  return found;
}

/// Both are in key order.
Result<void> compare(const TableInfo& table, const Rows& before, const Rows& after,
                     std::vector<RowChange>& found) {
  using Kind = RowChange::Kind;
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    const int order = a == before.end() ? 1 : b == after.end() ? -1 : a->first.compare(b->first);
    if (order == 0 && a->second == b->second) {
      ++a, ++b;
      continue;
    }
    RowChange change;
    change.kind = order < 0 ? Kind::removed : order > 0 ? Kind::added : Kind::changed;
    change.table = table.name;
    change.key = order <= 0 ? a->first : b->first;
    Result<json> old = json(), now = json();
    if (order <= 0) old = decode_row(table, a->first, a->second), ++a;
    if (order >= 0) now = decode_row(table, b->first, b->second), ++b;
    if (!old) return fail(old.error());
    if (!now) return fail(now.error());
    if (order == 0)
      change.fields = changes(*old, *now);
    else
      change.row = order < 0 ? std::move(*old) : std::move(*now);
    // Rows whose bytes differ and whose fields do not say the same.
    if (order != 0 || !change.fields.empty()) found.push_back(std::move(change));
  }
  return {};
}

/// Enough of a value for one line.
std::string shown(const json& value, const std::string& field) {
  if (value.is_null()) return "nothing";
  if (value.is_array() && !value.empty() && value.front().is_object()) return std::to_string(value.size());
  const auto dot = field.rfind('.');
  auto text = cell_text(value, dot == std::string::npos ? field : field.substr(dot + 1));
  if (text.empty()) return "nothing";
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t longest = 160;
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

bool plain_list(const json& value) {
  return value.is_array() &&
         std::none_of(value.begin(), value.end(), [](const json& one) { return one.is_structured(); });
}

std::string list_change(const json& from, const json& to) {
  std::string text;
  for (const auto& one : to)
    if (std::find(from.begin(), from.end(), one) == from.end())
      text += (text.empty() ? "+" : " +") + cell_text(one);
  for (const auto& one : from)
    if (std::find(to.begin(), to.end(), one) == to.end())
      text += (text.empty() ? "−" : " −") + cell_text(one);
  return text.empty() ? "in another order" : text;
}

}  // namespace

Result<std::vector<RowChange>> differences(const RowReader& before, const RowReader& after,
                                           std::string_view table) {
  if (!table.empty() && !memory_tables_detail::find_table(table))
    return fail("memory.no_such_table", "no table '" + std::string(table) + "' in memory", "--table",
                "`automodel memory show` lists them");
  std::vector<RowChange> found;
  for (const auto& info : memory_tables_detail::all_tables()) {
    if (!table.empty() && table != info.name) continue;
    if (auto compared = compare(info, read(before, info.name), read(after, info.name), found); !compared)
      return fail(compared.error());
  }
  return found;
}

std::string_view name_of(RowChange::Kind kind) {
  return kind == RowChange::Kind::added ? "added" : kind == RowChange::Kind::removed ? "removed" : "changed";
}

json as_json(const RowChange& change) {
  json made{{"table", change.table}, {"key", change.key}, {"change", name_of(change.kind)}};
  if (change.kind != RowChange::Kind::changed) {
    made["row"] = change.row;
    return made;
  }
  made["fields"] = json::array();
  for (const auto& field : change.fields)
    made["fields"].push_back({{"field", field.field}, {"from", field.from}, {"to", field.to}});
  return made;
}

std::string as_text(const RowChange& change) {
  const char mark = change.kind == RowChange::Kind::added     ? '+'
                    : change.kind == RowChange::Kind::removed ? '-'
                                                              : '~';
  std::string text = std::string(1, mark) + " " + change.table + " " + change.key + "\n";
  for (const auto& [field, from, to] : change.fields) {
    const bool lists = plain_list(from) && plain_list(to);
    text += "    " + field + ": " +
            (lists ? list_change(from, to) : shown(from, field) + " → " + shown(to, field)) + "\n";
  }
  return text;
}

}  // namespace automodel::storage
