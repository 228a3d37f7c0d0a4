// Brings the attached projections up to date, on the writer thread. Private to storage/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/lmdb/environment.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

class Projector {
 public:
  explicit Projector(std::shared_ptr<Environment> environment) : environment_(std::move(environment)) {}

  /// In a write transaction: makes the stored checkpoint this projection's; rows of another schema are
  /// removed.
  static Result<std::uint64_t> prepare(WriteTransaction& transaction, const Projection& projection);
  /// From now on it is kept up to date. `checkpoint` is what `prepare` gave, after its commit.
  Result<void> attach(std::shared_ptr<Projection> projection, std::uint64_t checkpoint);

  /// One batch for each projection that is behind; whether there is more to do. Rows and checkpoint move in
  /// one transaction. A projection that fails stays where it was, and `wait_for` says why.
  bool catch_up();

  /// Blocks until the projection has applied `sequence`. Errors: storage.no_such_projection, storage.timeout,
  /// storage.projection_failed, or why its rows could not be written.
  Result<void> wait_for(const std::string& name, std::uint64_t sequence,
                        std::optional<std::chrono::milliseconds> timeout) const;

 private:
  struct Attached {
    std::shared_ptr<Projection> projection;
    std::uint64_t checkpoint = 0;
    Result<void> status;  // why the last batch did not hold
    bool broken = false;  // `apply` itself failed: it would again
  };
  struct Batch {
    std::uint64_t checkpoint = 0;
    bool more = false;
  };
  Result<Batch> apply_batch(const Projection& projection);
  Result<Batch> apply_in(WriteTransaction& transaction, const Projection& projection);

  std::shared_ptr<Environment> environment_;
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  std::map<std::string, Attached> attached_;
};

/// The stored checkpoint of a projection, 0 where there is none.
Result<std::uint64_t> stored_checkpoint(const Transaction& transaction, const std::string& projection);

}  // namespace automodel::storage
