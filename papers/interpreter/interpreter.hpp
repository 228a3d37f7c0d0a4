// The equations, worked out one row at a time by scalar loops straight from the syntax tree: the yardstick for the compiled
// program. Shares with the compiler what symbols mean (`Method`) and the sizes, but no term and no code.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "papers/interpreter/array.hpp"
#include "papers/meaning/term.hpp"
#include "papers/program/script.hpp"

namespace automodel::papers {

/// Values of all symbols that no equation defines. Keys as in `Typed`; parameters with their indices first.
struct GivenValues {
  std::map<std::string, Array> parameters;
  std::map<std::string, Array> look_ups;  // of one row: [field, further indices …, shape …]
  std::vector<double> dense;
  std::map<std::string, Array> users, items;  // the row's user's and one candidate's: [further indices …, shape …]
  std::map<std::string, Array> history;       // of the items of the history: [T, further indices …, shape …]
  std::vector<double> ages;                   // of the items of the history, in days: [T]
  std::int64_t history_length = 0;            // how many there really are: the last ones
  std::map<std::string, Array> noise;         // what was drawn for the row
  /// Of a graph: the numbers of the row's user and its candidate, everybody's values [all, further indices …, shape …], and by the
  /// number of a user or an item that of each of its neighbours.
  std::int64_t user = 0, item = 0;
  std::map<std::string, Array> all_users, all_items;
  std::vector<std::vector<std::int64_t>> items_of, users_of;
};

/// The answer for one row and one candidate: as the script computes it, before a last sigma. Dropout does nothing. Errors:
/// papers.interpreter (what it cannot work out), papers.unknown_size.
Result<double> interpret(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given);

/// What the card adds to the loss, for one row and one candidate. Only of a card that does so. Errors: the same.
Result<double> interpret_added_loss(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given);

}  // namespace automodel::papers
