// Topics that hand a question on to storage/memory: tables, explanations, events.
#include <charconv>

#include "actors/knowledge/topics.hpp"
#include "storage/filter.hpp"
#include "storage/memory/explain.hpp"
#include "storage/memory/query.hpp"

namespace automodel::actors::knowledge {

namespace {

using nlohmann::json;

/// The shell or console took the quotes off: what holds spaces gets them back.
std::string query_text(const std::vector<std::string>& arguments) {
  std::string text;
  for (const auto& argument : arguments) {
    if (!text.empty()) text += ' ';
    const auto op = argument.find_first_of("=~<>");
    const auto value = op == std::string::npos ? op : argument.find_first_not_of("=~<>", op);
    const bool bare = value == std::string::npos || argument[value] == '"' ||
                      argument.find(' ') == std::string::npos || argument.find(' ') < value;
    text += bare ? argument : argument.substr(0, value) + '"' + argument.substr(value) + '"';
  }
  return text;
}

Result<std::uint64_t> whole(const std::string& argument, const std::string& value) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size())
    return fail("knowledge.bad_argument", "'" + argument + "' wants a whole number, not '" + value + "'");
  return number;
}

constexpr std::uint64_t most_events = 100;  // where nobody says how many

Result<storage::EventFilter> filter_of(const std::vector<std::string>& arguments) {
  storage::EventFilter filter;
  filter.limit = most_events;
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    const auto name = argument.substr(0, equals);
    if (equals == std::string::npos)
      return fail("knowledge.bad_argument", "expected NAME=VALUE, not '" + argument + "'", "events",
                  "names are: from, limit, kind, stream, goal");
    const auto value = argument.substr(equals + 1);
    if (name == "from" || name == "limit") {
      auto number = whole(name, value);
      if (!number) return fail(number.error());
      (name == "from" ? filter.from : filter.limit) = *number;
    } else if (name == "kind") {
      auto kind = events::kind_from_name(value);
      if (!kind) return fail(kind.error());
      filter.kinds = {*kind};
    } else if (name == "stream") {
      filter.streams = {value};
    } else if (name == "goal") {
      filter.correlation = value;
    } else {
      return fail("knowledge.bad_argument", "no such filter '" + name + "'", "events",
                  "names are: from, limit, kind, stream, goal");
    }
  }
  return filter;
}

}  // namespace

Told memory(const Asked& asked) {
  if (asked.arguments.empty()) return json{{"tables", storage::memory_tables()}};
  auto query = storage::parse_query(query_text(asked.arguments));
  if (!query) return fail(query.error());
  auto rows = storage::run_query(*query, asked.memory.rows());
  if (!rows) return fail(rows.error());
  auto columns = query->columns.empty() ? storage::default_columns(query->table) : query->columns;
  return json{{"table", query->table}, {"columns", std::move(columns)}, {"rows", std::move(*rows)}};
}

Told explain(const Asked& asked) {
  if (asked.arguments.size() != 1)
    return fail("knowledge.bad_argument", "explain wants one id", {}, "for example: explain champion");
  auto explanation = storage::explain(asked.store, asked.memory, asked.arguments.front());
  if (!explanation) return fail(explanation.error());
  return storage::as_json(*explanation);
}

Told history(const Asked& asked) {
  auto filter = filter_of(asked.arguments);
  if (!filter) return fail(filter.error());
  auto list = json::array();
  if (filter->limit == 0) return list;  // none, as asked for: a filter's 0 would be all
  auto read = asked.store.read(*filter, [&](const events::Recorded& event) {
    list.push_back(json::parse(events::to_json(event)));
    return true;
  });
  if (!read) return fail(read.error());
  return list;
}

}  // namespace automodel::actors::knowledge
