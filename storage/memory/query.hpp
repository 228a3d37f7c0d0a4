// Questions to any table of memory, in words that fit a command line:
//
//   trials status=finished auc>0.8 method~deep sort=-auc,seconds limit=10
//   features status=retired goal=goal-1
//   decisions by=coordinator time>=2026-11-23 columns=ref,question,chosen
//
// The table comes first. A filter is FIELD OP VALUE without spaces; a value that holds some, or that begins
// with an operator, is quoted (reason="no gain"):
//   =  !=        equal, without regard to case; of a list: any element
//   ~  !~        contains
//   <  <=  >  >= numbers, times (2026-11-23, 2026-11-23T14:05), otherwise text in natural order (trial-2 <
//   trial-10)
// A field is a row's own (status), a path (config.method), or the name of anything inside the row, metrics
// and settings among them (auc, method, lr). `sort`, `limit` and `columns` are words of their own, each at
// most once; `sort=-auc,trial` falls by auc, and rises by trial where that is equal.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

struct Filter {
  enum class Operator : std::uint8_t { equal, unequal, contains, lacks, less, at_most, greater, at_least };
  std::string field;
  Operator op = Operator::equal;
  std::string value;
  std::size_t at = 0;  // where in the text it begins, for errors
};

struct SortKey {
  std::string field;
  bool descending = false;
  std::size_t at = 0;  // where in the text it begins
};

struct Query {
  std::string text;  // as asked
  std::string table;
  std::vector<Filter> filters;
  std::vector<SortKey> sort;  // the first counts most, ties by key; empty: by time
  std::size_t limit = 0;      // 0: all
  std::vector<std::string> columns;
  std::vector<std::size_t> columns_at;  // where in the text each begins
};

/// Tables that can be asked, in the order of a listing.
std::vector<std::string> memory_tables();

/// The columns of `table` that a person wants to see first; empty for an unknown table.
std::vector<std::string> default_columns(std::string_view table);

/// Errors, in one line, `where` is the place ("column 12, at '>0.8'"): memory.syntax, memory.no_such_table.
Result<Query> parse_query(std::string_view text);

/// The rows that pass every filter, sorted and cut. Each has all scalar fields of its type, defaults too, and
/// the nested ones that it holds. Errors, with the place as above: memory.no_such_field, memory.not_a_number,
/// memory.corrupt_row.
Result<std::vector<nlohmann::json>> run_query(const Query& query, const RowReader& rows);

/// One row by its key; nothing where there is none. Errors: memory.no_such_table, memory.corrupt_row.
Result<std::optional<nlohmann::json>> row_as_json(const RowReader& rows, std::string_view table,
                                                  std::string_view key);

/// A place in a query, for errors: "column 12, at '>0.8'"; "at its end" behind the last character.
std::string place_in(std::string_view query, std::size_t at);

/// What `name` means in a row, as filters and columns see it: a number, text, bool or list; null where it
/// means nothing.
nlohmann::json field_of(const nlohmann::json& row, std::string_view name);

/// Compares text with its numbers taken as numbers: trial-2 before trial-10. Below zero: `a` comes first.
int natural_compare(std::string_view a, std::string_view b);

/// UTC ns as 2026-11-23T14:05:09Z and back; days alone and missing seconds are understood.
std::string time_text(std::int64_t nanoseconds);
std::optional<std::int64_t> parse_time(std::string_view text);

/// The name among `known` that a mistyped `name` most likely meant (at most a third of its letters wrong);
/// empty where none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace automodel::storage
