#include <algorithm>
#include <array>
#include <charconv>

#include "storage/memory/query.hpp"

namespace automodel::storage {

namespace {

using Operator = Filter::Operator;

struct Word {
  std::string text;       // quotes taken off the value
  std::size_t at = 0;     // in the query
  std::size_t op_at = 0;  // where in `text` its operator begins, npos without one
  std::size_t op_size = 0;
  Operator op = Operator::equal;
  bool quoted = false;
};

struct Symbol {
  std::string_view text;
  Operator op;
};
// Longer ones first: ">=" is not ">" with a value of "=…".
constexpr std::array<Symbol, 8> symbols{{{"!=", Operator::unequal},
                                         {"!~", Operator::lacks},
                                         {">=", Operator::at_least},
                                         {"<=", Operator::at_most},
                                         {"=", Operator::equal},
                                         {"~", Operator::contains},
                                         {">", Operator::greater},
                                         {"<", Operator::less}}};

tl::unexpected<Error> syntax(std::string_view query, std::size_t at, const std::string& what,
                             std::string hint = "write FIELD OP VALUE, for example status=kept or auc>0.8",
                             std::string_view code = "memory.syntax") {
  return fail(code, what, place_in(query, at), std::move(hint));
}

/// Cuts at spaces outside quotes, and finds each word's operator on the way: quotes stand in values only.
Result<std::vector<Word>> words_of(std::string_view query) {
  std::vector<Word> words;
  std::size_t i = 0;
  while (i < query.size()) {
    if (query[i] == ' ' || query[i] == '\t') {
      ++i;
      continue;
    }
    Word word{{}, i, std::string::npos};
    while (i < query.size() && query[i] != ' ' && query[i] != '\t') {
      const bool in_value = word.op_at != std::string::npos;
      if (in_value && query[i] == '"' && word.text.size() == word.op_at + word.op_size) {
        const auto end = query.find('"', i + 1);
        if (end == std::string_view::npos)
          return syntax(query, i, "a quote that does not end", "close it with \"");
        word.text += query.substr(i + 1, end - i - 1);
        word.quoted = true;
        i = end + 1;
        if (i < query.size() && query[i] != ' ')
          return syntax(query, i, "expected a space after the quoted value");
        break;
      }
      if (!in_value) {
        const auto* symbol = std::find_if(symbols.begin(), symbols.end(), [&](const Symbol& s) {
          return query.substr(i).starts_with(s.text);
        });
        if (symbol != symbols.end()) {
          word.op_at = word.text.size();
          word.op_size = symbol->text.size();
          word.op = symbol->op;
          word.text += symbol->text;
          i += symbol->text.size();
          continue;
        }
      }
      word.text += query[i++];
    }
    words.push_back(std::move(word));
  }
  return words;
}

struct Name {
  std::string text;
  std::size_t at = 0;  // in the query
};

/// Names between commas; `at` is where the text begins in the query. Commas inside brackets belong to a
/// feature's expression, not to the list.
std::vector<Name> list_of(const std::string& text, std::size_t at) {
  std::vector<Name> names{{"", at}};
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == ',' && depth == 0)
      names.push_back({"", at + i + 1});
    else
      names.back().text += text[i];
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<void> add_sort(Query& query, const std::string& value, std::size_t at) {
  if (!query.sort.empty()) return syntax(query.text, at, "sort is given twice", "sort=-auc,seconds");
  for (const auto& name : list_of(value, at)) {
    SortKey key{name.text, name.text.starts_with('-'), name.at};
    if (key.descending) key.field.erase(0, 1), ++key.at;
    if (key.field.empty())
      return syntax(query.text, key.at, "expected a field to sort by", "for example sort=-auc,seconds");
    query.sort.push_back(std::move(key));
  }
  return {};
}

Result<void> add_limit(Query& query, const std::string& value, std::size_t at) {
  if (query.limit != 0) return syntax(query.text, at, "limit is given twice", "for example limit=10");
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, query.limit);
  if (error != std::errc() || stop != end || query.limit == 0)
    return syntax(query.text, at, "a limit is a whole number above 0, not '" + value + "'",
                  "for example limit=10");
  return {};
}

Result<void> add_columns(Query& query, const std::string& value, std::size_t at) {
  if (!query.columns.empty())
    return syntax(query.text, at, "columns are given twice", "for example columns=trial,auc");
  for (auto& name : list_of(value, at)) {
    if (name.text.empty())
      return syntax(query.text, name.at, "expected the name of a column", "for example columns=trial,auc");
    query.columns.push_back(std::move(name.text));
    query.columns_at.push_back(name.at);
  }
  return {};
}

/// `auc>>0.8`: such a value is nearly always a slip, and would silently find nothing.
bool begins_with_operator(const Filter& filter) {
  return std::any_of(symbols.begin(), symbols.end(),
                     [&](const Symbol& symbol) { return filter.value.starts_with(symbol.text); });
}

Result<void> add(Query& query, const Word& word) {
  if (word.op_at == std::string::npos)
    return syntax(query.text, word.at + word.text.size(), "expected an operator after '" + word.text + "'",
                  "operators are = != ~ !~ < <= > >=");
  Filter filter{word.text.substr(0, word.op_at), word.op, word.text.substr(word.op_at + word.op_size),
                word.at};
  const auto value_at = word.at + word.op_at + word.op_size;
  const auto op = word.text.substr(word.op_at, word.op_size);
  if (filter.field.empty()) return syntax(query.text, word.at, "expected a field before the operator");
  if (!word.quoted && begins_with_operator(filter))
    return syntax(query.text, value_at, "two operators one after the other behind '" + filter.field + "'",
                  "operators are = != ~ !~ < <= > >=; a value that begins with one is quoted: " +
                      filter.field + op + "\"" + filter.value + "\"");
  const bool empty_says_nothing = filter.op != Operator::equal && filter.op != Operator::unequal;
  if (filter.value.empty() && !word.quoted && empty_says_nothing)
    return syntax(query.text, value_at, "expected a value after '" + filter.field + op + "'");
  const bool option = filter.op == Operator::equal &&
                      (filter.field == "sort" || filter.field == "limit" || filter.field == "columns");
  if (!option) {
    query.filters.push_back(std::move(filter));
    return {};
  }
  if (filter.value.empty())
    return syntax(query.text, value_at, "expected a value for '" + filter.field + "'");
  const auto at = value_at + (word.quoted ? 1 : 0);
  if (filter.field == "sort") return add_sort(query, filter.value, at);
  if (filter.field == "limit") return add_limit(query, filter.value, at);
  return add_columns(query, filter.value, at);
}

}  // namespace

std::string place_in(std::string_view query, std::size_t at) {
  if (at >= query.size()) return "column " + std::to_string(query.size() + 1) + ", at its end";
  auto rest = query.substr(at);
  constexpr std::size_t longest = 40;
  const bool cut = rest.size() > longest;
  std::size_t end = cut ? longest : rest.size();
  while (cut && end > 0 && (static_cast<unsigned char>(rest[end]) & 0xC0) == 0x80) --end;
  return "column " + std::to_string(at + 1) + ", at '" + std::string(rest.substr(0, end)) + (cut ? "…" : "") +
         "'";
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  query.text = std::string(text);
  // Messages quote it in one line.
  std::replace_if(
      query.text.begin(), query.text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  auto words = words_of(query.text);
  if (!words) return fail(words.error());
  const auto tables = memory_tables();
  const std::string known = "tables are: " + joined(tables);
  if (words->empty()) return syntax(query.text, 0, "expected a table of memory", known);
  const Word& table = words->front();
  if (table.op_at != std::string::npos)
    return syntax(query.text, table.at, "expected a table before filters", known);
  if (std::find(tables.begin(), tables.end(), table.text) == tables.end()) {
    const auto meant = nearest_name(table.text, tables);
    return syntax(query.text, table.at, "no table '" + table.text + "' in memory",
                  meant.empty() ? known : "did you mean '" + meant + "'? " + known, "memory.no_such_table");
  }
  query.table = table.text;
  for (std::size_t i = 1; i < words->size(); ++i)
    if (auto added = add(query, (*words)[i]); !added) return fail(added.error());
  return query;
}

}  // namespace automodel::storage
