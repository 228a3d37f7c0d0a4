// automodel memory show [TABLE] | query WORDS…
#include <iostream>

#include "storage/memory/format.hpp"
#include "storage/memory/query.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/report.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string table;
  std::vector<std::string> words;
  bool csv = false;
};

Result<int> print_rows(const Program& program, const Options& options, const std::string& text) {
  auto query = storage::parse_query(text);
  if (!query) return fail(query.error());
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  const auto memory = storage::stored_memory(**store);
  auto rows = storage::run_query(*query, memory.rows());
  if (!rows) return fail(rows.error());
  if (program.json) {
    std::cout << storage::as_json_lines(*rows, query->columns);
    return 0;
  }
  const auto columns = query->columns.empty() ? storage::default_columns(query->table) : query->columns;
  std::cout << (options.csv ? storage::as_csv(*rows, columns) : storage::as_table(*rows, columns));
  return 0;
}

/// Without a table: how many rows each has.
Result<int> overview(const Program& program) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  const auto memory = storage::stored_memory(**store);
  nlohmann::json counts = nlohmann::json::object();
  for (const std::string& table : storage::memory_tables()) {
    std::uint64_t rows = 0;
    memory.rows().scan(table, "", [&](std::string_view, events::ByteView) { return ++rows > 0; });
    counts[table] = rows;
    if (!program.json)
      std::cout << table << std::string(table.size() < 14 ? 14 - table.size() : 1, ' ') << rows << '\n';
  }
  if (program.json)
    print_json(counts);
  else
    std::cout << "automodel memory show TABLE shows the rows of one.\n";
  return 0;
}

Result<int> show(const Program& program, const Options& options) {
  return options.table.empty() ? overview(program) : print_rows(program, options, options.table);
}

/// A word that the shell delivered with spaces in it was quoted there: it is quoted again for the query.
std::string quoted(const std::string& word) {
  if (word.find(' ') == std::string::npos || word.find('"') != std::string::npos) return word;
  const std::size_t value = word.find_first_of("=~<>");
  if (value == std::string::npos) return word;
  const std::size_t begin = word.find_first_not_of("=~<>!", value);
  return begin == std::string::npos ? word : word.substr(0, begin) + "\"" + word.substr(begin) + "\"";
}

Result<int> query(const Program& program, const Options& options) {
  std::string text;
  // One argument is a whole query; several are its words.
  if (options.words.size() == 1)
    text = options.words[0];
  else
    for (const std::string& word : options.words) text += (text.empty() ? "" : " ") + quoted(word);
  return print_rows(program, options, text);
}

}  // namespace

void add_memory(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* memory =
      add_command(app, program, "memory", "what is remembered: goals, trials, features, models, decisions …",
                  "  automodel memory show\n"
                  "  automodel memory show features\n"
                  "  automodel memory query 'trials status=finished method~deep sort=-auc limit=10'\n"
                  "  automodel memory query decisions by=coordinator columns=ref,question,chosen --json",
                  {});
  CLI::App* all =
      add_command(*memory, program, "show", "the tables, or all rows of one",
                  "  automodel memory show trials", [&program, options] { return show(program, *options); });
  all->add_option("table", options->table, "goals, trials, features, models, decisions, outcomes, rewards …");
  all->add_flag("--csv", options->csv, "as CSV");
  CLI::App* some = add_command(
      *memory, program, "query", "rows that pass filters",
      "  automodel memory query features status=retired\n"
      "  automodel memory query 'trials auc>0.8 sort=-auc limit=5 columns=trial,method,auc'\n\n"
      "A filter is FIELD OP VALUE with = != ~ !~ < <= > >=; sort=FIELD or sort=-FIELD, limit=N, columns=A,B.",
      [&program, options] { return query(program, *options); });
  some->add_option("words", options->words, "table, then filters")->required();
  some->add_flag("--csv", options->csv, "as CSV");
}

}  // namespace automodel::tools
