#include "storage/memory/query.hpp"

#include <algorithm>

#include "storage/memory/memory.hpp"
#include "storage/memory/numbers.hpp"
#include "storage/memory/tables.hpp"

namespace automodel::storage {

namespace {

using memory_tables_detail::FieldKind;
using nlohmann::json;
using Operator = Filter::Operator;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return result;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : value.dump();
}

/// Settings are numbers written as text ("lr" -> "0.001"): they compare as numbers too.
std::optional<double> number_of(const json& value) {
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? parse_number(value.get_ref<const std::string&>()) : std::nullopt;
}

bool is_time(std::string_view field) { return field == "time" || field.ends_with("_time"); }

/// What a filter compares with: decided once, not for each row.
struct Wanted {
  const Filter* filter = nullptr;
  std::string low;               // value in lower case
  std::optional<double> number;  // where the value is one, or a time
};

bool equals(const json& value, const Wanted& wanted) {
  if (auto x = number_of(value); x && wanted.number) return *x == *wanted.number;
  return lower(text_of(value)) == wanted.low;
}

int compare(const json& value, const Wanted& wanted) {
  if (auto x = number_of(value); x && wanted.number)
    return *x < *wanted.number ? -1 : *x > *wanted.number ? 1 : 0;
  return natural_compare(lower(text_of(value)), wanted.low);
}

template <class Test>
bool any(const json& value, Test test) {
  if (!value.is_array()) return test(value);
  return std::any_of(value.begin(), value.end(), test);
}

bool passes(const json& row, const Wanted& wanted) {
  const json value = field_of(row, wanted.filter->field);
  const auto contains = [&](const json& v) {
    return lower(text_of(v)).find(wanted.low) != std::string::npos;
  };
  const auto equal = [&](const json& v) { return equals(v, wanted); };
  switch (wanted.filter->op) {
    case Operator::equal:
      return value.is_null() ? wanted.low.empty() : any(value, equal);
    case Operator::unequal:
      return value.is_null() ? !wanted.low.empty() : !any(value, equal);
    case Operator::contains:
      return !value.is_null() && any(value, contains);
    case Operator::lacks:
      return value.is_null() || !any(value, contains);
    default:
      break;
  }
  if (value.is_null() || value.is_structured()) return false;
  const int order = compare(value, wanted);
  switch (wanted.filter->op) {
    case Operator::less:
      return order < 0;
    case Operator::at_most:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

tl::unexpected<Error> at_place(const Query& query, std::size_t at, std::string_view code, std::string what,
                               std::string hint) {
  return fail(code, std::move(what), place_in(query.text, at), std::move(hint));
}

/// Names that only rows can know (metrics, settings) count as known once a row has them.
bool is_known(const flatbuffers::TypeTable& type, const std::string& field,
              const std::vector<std::pair<std::string, json>>& rows) {
  static const std::vector<std::string> metrics{
      "auc", "gauc",          "logloss",          "calibration",       "ndcg10", "recall10",
      "mrr", "catalogue_mrr", "catalogue_ndcg10", "catalogue_recall10"};
  if (memory_tables_detail::kind_of_field(type, field) != FieldKind::unknown) return true;
  if (std::find(metrics.begin(), metrics.end(), field) != metrics.end()) return true;
  return std::any_of(rows.begin(), rows.end(),
                     [&](const auto& row) { return !field_of(row.second, field).is_null(); });
}

Result<void> check_field(const Query& query, const std::string& field, std::size_t at,
                         const memory_tables_detail::TableInfo& table,
                         const std::vector<std::pair<std::string, json>>& rows) {
  if (is_known(*table.type(), field, rows)) return {};
  const auto names = memory_tables_detail::field_names(*table.type());
  std::string hint;
  if (auto meant = nearest_name(field, names); !meant.empty()) hint = "did you mean '" + meant + "'? ";
  hint += "fields are: ";
  for (std::size_t i = 0; i < names.size(); ++i) hint += (i ? ", " : "") + names[i];
  return at_place(query, at, "memory.no_such_field", "no field '" + field + "' in " + query.table, hint);
}

Result<Wanted> wanted_of(const Query& query, const Filter& filter,
                         const memory_tables_detail::TableInfo& table) {
  Wanted wanted{&filter, lower(filter.value), parse_number(filter.value)};
  if (!wanted.number && is_time(filter.field))
    if (auto time = parse_time(filter.value)) wanted.number = static_cast<double>(*time);
  const bool textual = filter.op == Operator::contains || filter.op == Operator::lacks;
  const auto kind = memory_tables_detail::kind_of_field(*table.type(), filter.field);
  if (kind == FieldKind::number && !wanted.number && !textual)
    return at_place(query, filter.at, "memory.not_a_number",
                    "'" + filter.field + "' is a number, '" + filter.value + "' is none",
                    is_time(filter.field) ? "write a time as 2026-11-23 or 2026-11-23T14:05"
                                          : "for example " + filter.field + ">0");
  return wanted;
}

/// A value to sort by, looked up and read once. Numbers come before texts, and nothing last: mixed columns
/// have an order, too.
struct SortValue {
  enum class Kind : std::uint8_t { number, text, nothing } kind = Kind::nothing;
  double number = 0;
  std::string text;
};

SortValue sort_value(const json& value) {
  if (value.is_null()) return {};
  if (const auto x = number_of(value)) return {SortValue::Kind::number, *x, {}};
  return {SortValue::Kind::text, 0, text_of(value)};
}

/// Below zero: `a` comes first. Rows without a value come last, whichever the direction.
int compare(const SortValue& a, const SortValue& b, bool descending) {
  using Kind = SortValue::Kind;
  if (a.kind != b.kind && (a.kind == Kind::nothing || b.kind == Kind::nothing))
    return a.kind == Kind::nothing ? 1 : -1;
  int order = 0;
  if (a.kind != b.kind)
    order = a.kind == Kind::number ? -1 : 1;
  else if (a.kind == Kind::number)
    order = a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
  else if (a.kind == Kind::text)
    order = natural_compare(a.text, b.text);
  return descending ? -order : order;
}

void sort_rows(std::vector<std::pair<std::string, json>>& rows, const Query& query) {
  const auto keys = query.sort.empty() ? std::vector<SortKey>{{"time", false, 0}} : query.sort;
  std::vector<std::vector<SortValue>> by(rows.size());
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    order[i] = i;
    for (const auto& key : keys) by[i].push_back(sort_value(field_of(rows[i].second, key.field)));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    for (std::size_t k = 0; k < keys.size(); ++k)
      if (const int c = compare(by[i][k], by[j][k], keys[k].descending); c != 0) return c < 0;
    return natural_compare(rows[i].first, rows[j].first) < 0;
  });
  std::vector<std::pair<std::string, json>> sorted;
  for (auto i : order) sorted.push_back(std::move(rows[i]));
  rows = std::move(sorted);
}

Result<std::vector<std::pair<std::string, json>>> read_table(const memory_tables_detail::TableInfo& table,
                                                             const RowReader& rows) {
  std::vector<std::pair<std::string, json>> found;
  std::optional<Error> fault;
  rows.scan(table.name, {}, [&](std::string_view key, events::ByteView bytes) {
    auto row = memory_tables_detail::decode_row(table, key, bytes);
    if (row)
      found.emplace_back(std::string(key), std::move(*row));
    else
      fault = row.error();
    return !fault;
  });
  if (fault) return fail(*fault);
  return found;
}

/// A field's value as it is compared and shown.
json plain(const json& value) {
  // Metric and Setting stand for their values; a value of 0 is left out of the JSON.
  if (value.is_object() && value.contains("name")) return value.contains("value") ? value["value"] : json(0);
  return value;
}

json walk(const json& value, std::string_view path);

json named_element(const json& list, std::string_view path) {
  for (const auto& element : list)
    if (element.is_object() && element.contains("name") && element["name"] == path) return plain(element);
  return nullptr;
}

json walk(const json& value, std::string_view path) {
  if (value.is_array()) return named_element(value, path);
  if (!value.is_object()) return nullptr;
  if (auto own = value.find(path); own != value.end()) return plain(*own);
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return nullptr;
  auto inner = value.find(path.substr(0, dot));
  return inner == value.end() ? json() : walk(*inner, path.substr(dot + 1));
}

/// Breadth first: what lies nearest to the row's top is what was meant.
json search(const json& row, std::string_view name) {
  std::vector<const json*> level{&row};
  for (int depth = 0; depth < 4 && !level.empty(); ++depth) {
    std::vector<const json*> next;
    for (const json* object : level) {
      if (auto own = walk(*object, name); !own.is_null()) return own;
      for (const auto& field : *object) {
        if (field.is_array()) {
          if (auto element = named_element(field, name); !element.is_null()) return element;
        } else if (field.is_object()) {
          next.push_back(&field);
        }
      }
    }
    level = std::move(next);
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> memory_tables() {
  std::vector<std::string> names;
  for (const auto& table : memory_tables_detail::all_tables()) names.emplace_back(table.name);
  return names;
}

std::vector<std::string> default_columns(std::string_view table) {
  const auto* info = memory_tables_detail::find_table(table);
  std::vector<std::string> columns;
  if (!info) return columns;
  columns.emplace_back();
  for (char c : std::string_view(info->columns)) {
    if (c == ',')
      columns.emplace_back();
    else
      columns.back() += c;
  }
  return columns;
}

json field_of(const json& row, std::string_view name) { return search(row, name); }

Result<std::vector<json>> run_query(const Query& query, const RowReader& rows) {
  const auto* table = memory_tables_detail::find_table(query.table);
  if (!table) return fail("memory.no_such_table", "no table '" + query.table + "' in memory");
  auto found = read_table(*table, rows);
  if (!found) return fail(found.error());
  std::vector<Wanted> filters;
  for (const auto& filter : query.filters) {
    if (auto known = check_field(query, filter.field, filter.at, *table, *found); !known)
      return fail(known.error());
    auto wanted = wanted_of(query, filter, *table);
    if (!wanted) return fail(wanted.error());
    filters.push_back(std::move(*wanted));
  }
  for (const auto& key : query.sort)
    if (auto known = check_field(query, key.field, key.at, *table, *found); !known)
      return fail(known.error());
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    auto known = check_field(query, query.columns[i], query.columns_at[i], *table, *found);
    if (!known) return fail(known.error());
  }
  std::erase_if(*found, [&](const auto& row) {
    return !std::all_of(filters.begin(), filters.end(),
                        [&](const Wanted& w) { return passes(row.second, w); });
  });
  sort_rows(*found, query);
  if (query.limit && found->size() > query.limit) found->resize(query.limit);
  std::vector<json> result;
  for (auto& row : *found) result.push_back(std::move(row.second));
  return result;
}

Result<std::optional<json>> row_as_json(const RowReader& rows, std::string_view table, std::string_view key) {
  const auto* info = memory_tables_detail::find_table(table);
  if (!info) return fail("memory.no_such_table", "no table '" + std::string(table) + "' in memory");
  auto bytes = rows.get(table, memory_key(key));
  if (!bytes) return std::optional<json>();
  auto row = memory_tables_detail::decode_row(*info, key, *bytes);
  if (!row) return fail(row.error());
  return std::optional<json>(std::move(*row));
}

}  // namespace automodel::storage
