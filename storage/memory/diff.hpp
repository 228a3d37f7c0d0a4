// What was learnt between two moments: two states of memory, compared row by row and field by field.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/memory/memory.hpp"

namespace automodel::storage {

/// A field by its path: status, config.method, metrics.auc (elements with a name of their own are found by
/// it); other lists are compared as a whole. null: it was not there.
struct FieldChange {
  std::string field;
  nlohmann::json from;
  nlohmann::json to;
};

struct RowChange {
  enum class Kind : std::uint8_t { added, changed, removed } kind = Kind::changed;
  std::string table;
  std::string key;
  std::vector<FieldChange> fields;  // of a changed row, in order of their paths
  nlohmann::json row;               // the whole added or removed row
};

/// By table in the order of a listing, then by key. `table`: only this one; empty: all. Errors:
/// memory.no_such_table, memory.corrupt_row.
Result<std::vector<RowChange>> differences(const RowReader& before, const RowReader& after,
                                           std::string_view table = {});

/// "added", "changed", "removed".
std::string_view name_of(RowChange::Kind kind);

/// {table, key, change, fields:[{field, from, to}]} or, with the whole row, {table, key, change, row}.
nlohmann::json as_json(const RowChange& change);

/// One or several lines; a changed field is "status: running → finished", of a list "+new −old".
std::string as_text(const RowChange& change);

/// What one goal learnt.
struct Learnt {
  struct Best {
    std::string trial;
    double value = 0;
  };
  std::string goal;
  std::string metric;
  bool fresh = false;  // it did not exist before
  std::string status_before, status_now;
  std::uint32_t trials_before = 0, trials_now = 0;
  std::uint32_t finished = 0, stopped = 0, failed = 0, running = 0;  // of the new trials, as they are now
  std::optional<Best> best_before, best_now;                         // on the tuning slice
  std::vector<std::string> features_kept, features_retired;          // new
  std::string champion_before, champion_now;
  std::vector<events::DeploymentRowT> deployments;  // new, oldest first
  std::vector<events::OutcomeRowT> negative;        // new outcomes that are worse, no different or failed
};

/// Goals of which something differs, in natural order of their names.
std::vector<Learnt> learnt_between(const Memory& before, const Memory& after);

std::string as_text(const Learnt& learnt);
nlohmann::json as_json(const Learnt& learnt);

}  // namespace automodel::storage
