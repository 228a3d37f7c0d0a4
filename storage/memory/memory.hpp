// Long-term memory: one projection over all streams. Rows are the object types of events/schema/memory.fbs,
// which says what each field means.
//
//   table         row             key                       table         row             key
//   goals         GoalRow         goal-1                     models        ModelRow        trial-7
//   cycles        CycleRow        goal-1/3                   deployments   DeploymentRow
//   goal-1/autoperf/main#9 proposals     ProposalRow     autotrain/c3/1             decisions     DecisionRow
//   autotrain/main#17 works         WorkRow         work-12                    outcomes      OutcomeRow
//   coordinator/main#31 datasets      DatasetRow      movielens                  rewards       RewardRow
//   autotrain/search features      FeatureRow      goal-1/count(user)         reports       GoalReportRow
//   goal-1 trials        TrialRow        trial-7                    failures      FailureRow
//   autotrain/main#40 fingerprints  FingerprintRow  the fingerprint
//
// agents: AgentRow by agent.
//
// Indexes (IndexRow; keys are "<what is asked> @ <key>"): trials_by_goal, decisions_by_subject,
// decisions_by_goal (newest first), outcomes_by_subject, outcomes_by_goal, works_by_decision, works_by_goal,
// proposals_by_cycle (asked: goal/cycle).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/event_store.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// The projection itself; its name is "memory".
std::shared_ptr<Projection> memory_projection();

/// A row's key as it is stored: text that would be too long for a key is cut and ends in a hash of the whole.
std::string memory_key(std::string_view text);

/// Whether lower values of this metric are better (logloss, calibration).
bool lower_is_better(std::string_view metric);

/// Typed questions to memory. Cheap to copy; reads the rows it was given.
class Memory {
 public:
  explicit Memory(std::shared_ptr<const RowReader> rows) : rows_(std::move(rows)) {}

  template <class Row>
  std::optional<Row> find(std::string_view table, std::string_view key) const {
    auto bytes = rows_->get(table, memory_key(key));
    if (!bytes) return std::nullopt;
    auto row = events::unpack<Row>(*bytes);
    return row ? std::optional<Row>(std::move(*row)) : std::nullopt;
  }
  template <class Row>
  std::vector<Row> all(std::string_view table, std::string_view prefix = {}) const {
    std::vector<Row> found;
    rows_->scan(table, prefix, [&](std::string_view, events::ByteView bytes) {
      if (auto row = events::unpack<Row>(bytes)) found.push_back(std::move(*row));
      return true;
    });
    return found;
  }
  /// The first `most` rows of `table` that an index names for `asked`, in its order:
  /// `memory.indexed<events::TrialRowT>("trials_by_goal", "goal-1", "trials")`.
  template <class Row>
  std::vector<Row> indexed(std::string_view index, std::string_view asked, std::string_view table,
                           std::size_t most = std::string_view::npos) const {
    std::vector<std::string> keys;
    if (most > 0)
      rows_->scan(index, memory_key(asked) + " @ ", [&](std::string_view, events::ByteView bytes) {
        if (auto entry = events::unpack<events::IndexRowT>(bytes)) keys.push_back(std::move(entry->key));
        return keys.size() < most;
      });
    std::vector<Row> found;
    for (const auto& key : keys)
      if (auto row = find<Row>(table, key)) found.push_back(std::move(*row));
    return found;
  }
  /// Whether a configuration with this fingerprint was ever trained (whatever the seed).
  bool tried(std::string_view fingerprint) const;

  const RowReader& rows() const { return *rows_; }

 private:
  std::shared_ptr<const RowReader> rows_;
};

/// Memory as stored by `store`, read in transactions of its own. Must not outlive the store.
Memory stored_memory(const EventStore& store);

/// How far two configurations lie apart, 0 (equal but for the seed) to 1. After Gower (Biometrics 1971): the
/// mean of per-part distances. Parts: the method (0 or 1, counted twice), each setting named by either
/// (numbers by their logarithms' difference where both are positive, over a factor of 100; lists of numbers
/// element by element; other text 0 or 1; named by one only: 1), and the feature sets (Jaccard distance).
double distance(const events::TrialConfigT& a, const events::TrialConfigT& b);

/// The `k` trials whose configurations lie nearest to `config`, nearest first; ties in trial order. Trials of
/// any goal and any status: a failed neighbour is an answer too.
std::vector<events::TrialRowT> nearest(const Memory& memory, const events::TrialConfigT& config,
                                       std::size_t k);

struct ReplayResult {
  std::uint64_t events = 0;
  double seconds = 0;
  std::string digest;
  std::string stored_digest;
  bool match = false;
  bool chain_intact = false;
  std::string chain_fault;
};
/// Rebuilds memory from the events alone (up to sequence `until`, 0: all), verifies the hash chain, and, for
/// the whole history, compares the rebuilt rows with the stored ones. A broken chain or other rows are
/// results (`chain_fault`, `match`), not errors. Errors: storage.io, and storage.corrupt where events cannot
/// be read at all.
Result<ReplayResult> replay(const EventStore& store, std::uint64_t until = 0);

}  // namespace automodel::storage
