// Long-term memory: one projection over all streams. Tables (rows are the object types of events/schema/memory.fbs):
//   goals, datasets, features, trials, fingerprints, models, deployments, decisions, outcomes, rewards, reports
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/event_store.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// The projection itself.
std::shared_ptr<Projection> memory_projection();

/// Typed questions to memory. Cheap to copy; reads the rows it was given.
class Memory {
 public:
  explicit Memory(std::shared_ptr<const RowReader> rows) : rows_(std::move(rows)) {}

  template <class Row>
  std::optional<Row> find(std::string_view table, std::string_view key) const {
    auto bytes = rows_->get(table, key);
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
  /// Whether a configuration with this fingerprint was ever trained (whatever the seed).
  bool tried(std::string_view fingerprint) const;

  const RowReader& rows() const { return *rows_; }

 private:
  std::shared_ptr<const RowReader> rows_;
};

/// Memory as stored by `store`, read in transactions of its own.
Memory stored_memory(const EventStore& store);

struct ReplayResult {
  std::uint64_t events = 0;
  double seconds = 0;
  std::string digest;
  std::string stored_digest;
  bool match = false;
  bool chain_intact = false;
  std::string chain_fault;
};
/// Rebuilds memory from the events alone (up to `until`, 0: all), and compares it with what is stored.
Result<ReplayResult> replay(const EventStore& store, std::uint64_t until = 0);

}  // namespace automodel::storage
