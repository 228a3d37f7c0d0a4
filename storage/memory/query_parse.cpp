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
  return fail(code, what + "\n  " + std::string(query) + "\n  " + std::string(at, ' ') + "^",
              "column " + std::to_string(at + 1), std::move(hint));
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

std::vector<std::string> list_of(const std::string& text) {
  // Commas inside brackets belong to a feature's expression, not to the list.
  std::vector<std::string> names{""};
  int depth = 0;
  for (char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0)
      names.emplace_back();
    else
      names.back() += c;
  }
  std::erase(names, "");
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<void> add(Query& query, const Word& word) {
  if (word.op_at == std::string::npos)
    return syntax(query.text, word.at + word.text.size(), "expected an operator after '" + word.text + "'",
                  "operators are = != ~ !~ < <= > >=");
  Filter filter{word.text.substr(0, word.op_at), word.op, word.text.substr(word.op_at + word.op_size),
                word.at};
  const auto value_at = word.at + word.op_at + word.op_size;
  if (filter.field.empty()) return syntax(query.text, word.at, "expected a field before the operator");
  const bool option = filter.op == Operator::equal &&
                      (filter.field == "sort" || filter.field == "limit" || filter.field == "columns");
  if (!option) {
    query.filters.push_back(std::move(filter));
    return {};
  }
  if (filter.value.empty())
    return syntax(query.text, value_at, "expected a value for '" + filter.field + "'");
  if (filter.field == "sort") {
    query.descending = filter.value.front() == '-';
    query.sort = filter.value.substr(query.descending ? 1 : 0);
    query.sort_at = value_at + (query.descending ? 1 : 0);
    if (query.sort.empty()) return syntax(query.text, query.sort_at, "expected a field to sort by");
  } else if (filter.field == "limit") {
    const char* end = filter.value.data() + filter.value.size();
    auto [stop, error] = std::from_chars(filter.value.data(), end, query.limit);
    if (error != std::errc() || stop != end || query.limit == 0)
      return syntax(query.text, value_at, "a limit is a whole number above 0, not '" + filter.value + "'",
                    "for example limit=10");
  } else {
    query.columns = list_of(filter.value);
    if (query.columns.empty())
      return syntax(query.text, value_at, "expected names of columns", "columns=trial,auc");
  }
  return {};
}

}  // namespace

Result<Query> parse_query(std::string_view text) {
  Query query;
  query.text = std::string(text);
  // A line of its own in messages: the caret must stand below its place.
  std::replace_if(
      query.text.begin(), query.text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
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
