// automodel memory show [TABLE] | query WORDS… | diff A [B]
#include <array>
#include <iostream>

#include "storage/memory/diff.hpp"
#include "storage/memory/format.hpp"
#include "storage/memory/past.hpp"
#include "storage/memory/query.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/report.hpp"
#include "tools/automodel/stores.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string table;
  std::vector<std::string> words;
  bool csv = false;
  std::string at;
  std::string from, to;
};

/// Rows as they are, or as they were at a moment.
struct Seen {
  std::unique_ptr<storage::EventStore> store;
  std::shared_ptr<const storage::RowReader> rows;
};

Result<Seen> look(const Program& program, const std::string& at) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  if (at.empty()) {
    auto rows = (*store)->projection_rows(storage::memory_projection()->name());
    return Seen{std::move(*store), std::move(rows)};
  }
  ProgressLine progress;
  auto moment = storage::moment_of(**store, at, progress.watch());
  if (!moment) return fail(moment.error());
  auto past = storage::memory_at(**store, moment->sequence, progress.watch());
  if (!past) return fail(past.error());
  return Seen{std::move(*store), std::move(past->rows)};
}

Result<int> print_rows(const Program& program, const Options& options, const std::string& text) {
  auto query = storage::parse_query(text);
  if (!query) return fail(query.error());
  auto seen = look(program, options.at);
  if (!seen) return fail(seen.error());
  auto rows = storage::run_query(*query, *seen->rows);
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
Result<int> overview(const Program& program, const Options& options) {
  auto seen = look(program, options.at);
  if (!seen) return fail(seen.error());
  nlohmann::json counts = nlohmann::json::object();
  std::string text;
  for (const auto& [table, rows] : storage::row_counts(*seen->rows)) {
    counts[table] = rows;
    text += pad_right(table, 14) + std::to_string(rows) + "\n";
  }
  if (program.json)
    print_json(counts);
  else
    std::cout << text << "automodel memory show TABLE shows the rows of one.\n";
  return 0;
}

Result<int> show(const Program& program, const Options& options) {
  return options.table.empty() ? overview(program, options) : print_rows(program, options, options.table);
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

std::string moment_text(const storage::Moment& moment) {
  if (moment.sequence == 0) return "the beginning";
  return "event " + grouped(moment.sequence) + " (" + storage::time_text(moment.time) + ")";
}

using Counts = std::map<std::string, std::array<std::uint64_t, 3>>;  // added, changed, removed

Counts counted(const std::vector<storage::RowChange>& changes) {
  Counts counts;
  for (const auto& change : changes) ++counts[change.table][static_cast<std::size_t>(change.kind)];
  return counts;
}

void print_diff(const storage::Moment& from, const storage::Moment& to,
                const std::vector<storage::Learnt>& learnt, const std::vector<storage::RowChange>& changes) {
  std::cout << "from " << moment_text(from) << " to " << moment_text(to) << ": "
            << grouped(to.sequence - from.sequence) << " events\n";
  for (const auto& goal : learnt) std::cout << '\n' << storage::as_text(goal);
  std::cout << (changes.empty() ? "\nno row differs\n" : "\nrows\n");
  for (const auto& [table, counts] : counted(changes))
    std::cout << "  " << pad_right(table, 14) << counts[0] << " added, " << counts[1] << " changed, "
              << counts[2] << " removed\n";
  if (!changes.empty()) std::cout << '\n';
  for (const auto& change : changes) std::cout << storage::as_text(change);
}

nlohmann::json summary_json(const storage::Moment& from, const storage::Moment& to,
                            const std::vector<storage::Learnt>& learnt,
                            const std::vector<storage::RowChange>& changes) {
  const auto end = [](const storage::Moment& moment) {
    return nlohmann::json{{"sequence", moment.sequence},
                          {"time", moment.sequence == 0 ? "" : storage::time_text(moment.time)}};
  };
  nlohmann::json summary{{"from", end(from)}, {"to", end(to)}, {"events", to.sequence - from.sequence}};
  summary["goals"] = nlohmann::json::array();
  for (const auto& goal : learnt) summary["goals"].push_back(storage::as_json(goal));
  summary["tables"] = nlohmann::json::object();
  for (const auto& [table, counts] : counted(changes))
    summary["tables"][table] = {{"added", counts[0]}, {"changed", counts[1]}, {"removed", counts[2]}};
  return {{"summary", std::move(summary)}};
}

struct Between {
  storage::Moment from, to;
  storage::PastMemory before, after;
};

Result<Between> look_twice(const storage::EventStore& store, const Options& options) {
  ProgressLine progress;
  const auto last = store.last_sequence();
  auto from = storage::moment_of(store, options.from, progress.watch());
  if (!from) return fail(from.error());
  auto to =
      storage::moment_of(store, options.to.empty() ? std::to_string(last) : options.to, progress.watch());
  if (!to) return fail(to.error());
  if (from->sequence > to->sequence)
    return fail("usage.moment", "the first moment lies after the second one",
                options.from + " is event " + std::to_string(from->sequence), "give the earlier one first");
  auto before = storage::memory_at(store, from->sequence, progress.watch());
  if (!before) return fail(before.error());
  auto after = storage::memory_at(store, to->sequence, progress.watch());
  if (!after) return fail(after.error());
  return Between{*from, *to, std::move(*before), std::move(*after)};
}

Result<int> diff(const Program& program, const Options& options) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  const auto seen = look_twice(**store, options);
  if (!seen) return fail(seen.error());
  auto changes = storage::differences(*seen->before.rows, *seen->after.rows, options.table);
  if (!changes) return fail(changes.error());
  const auto learnt = storage::learnt_between(seen->before.memory(), seen->after.memory());
  if (!program.json) {
    print_diff(seen->from, seen->to, learnt, *changes);
    return 0;
  }
  print_json(summary_json(seen->from, seen->to, learnt, *changes));
  for (const auto& change : *changes) print_json(storage::as_json(change));
  return 0;
}

constexpr const char* moments =
    "\n\nA moment is a sequence, or a time in UTC (2026-11-23T14:05, also with seconds): the events up to "
    "the last\n"
    "one, in commit order, that was recorded at or before it.";

void add_show(CLI::App& memory, Program& program, const std::shared_ptr<Options>& options) {
  CLI::App* all = add_command(memory, program, "show", "the tables, or all rows of one",
                              std::string("  automodel memory show trials\n"
                                          "  automodel memory show features --at 2026-11-23T14:05") +
                                  moments,
                              [&program, options] { return show(program, *options); });
  all->add_option("table", options->table, "goals, trials, features, models, decisions, outcomes, rewards …");
  all->add_flag("--csv", options->csv, "as CSV");
  all->add_option("--at", options->at, "as memory was at this sequence or time");
}

void add_query(CLI::App& memory, Program& program, const std::shared_ptr<Options>& options) {
  CLI::App* some = add_command(
      memory, program, "query", "rows that pass filters",
      std::string(
          "  automodel memory query features status=retired\n"
          "  automodel memory query 'trials auc>0.8 sort=-auc,seconds limit=5 columns=trial,method,auc'\n"
          "  automodel memory query --at 1200 'trials status=running'\n\n"
          "A filter is FIELD OP VALUE with = != ~ !~ < <= > >=; sort=FIELD,-FIELD (- falls), limit=N,\n"
          "columns=A,B.") +
          moments,
      [&program, options] { return query(program, *options); });
  some->add_option("words", options->words, "table, then filters")->required();
  some->add_flag("--csv", options->csv, "as CSV");
  some->add_option("--at", options->at, "as memory was at this sequence or time");
}

void add_diff(CLI::App& memory, Program& program, const std::shared_ptr<Options>& options) {
  CLI::App* between = add_command(
      memory, program, "diff", "what was learnt between two moments",
      std::string(
          "  automodel memory diff 1200 1500\n"
          "  automodel memory diff 2026-11-23T14:05 --table trials    # until now\n"
          "  automodel memory diff 0 1200 --json                      # from nothing; a summary, then rows") +
          moments,
      [&program, options] { return diff(program, *options); });
  between->add_option("from", options->from, "the earlier sequence or time; 0: the beginning")->required();
  between->add_option("to", options->to, "the later one (default: now)");
  between->add_option("--table", options->table, "rows of this table only");
}

}  // namespace

void add_memory(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* memory =
      add_command(app, program, "memory", "what is or was remembered: goals, trials, features, decisions …",
                  "  automodel memory show\n"
                  "  automodel memory show features\n"
                  "  automodel memory query 'trials status=finished method~deep sort=-auc limit=10'\n"
                  "  automodel memory query decisions by=coordinator columns=ref,question,chosen --json\n"
                  "  automodel memory show trials --at 1200\n"
                  "  automodel memory diff 1200 1500",
                  {});
  add_show(*memory, program, options);
  add_query(*memory, program, options);
  add_diff(*memory, program, options);
}

}  // namespace automodel::tools
