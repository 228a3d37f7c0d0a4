// Replicas through the store's group writer.
#include <future>

#include "storage/lmdb_event_store.hpp"
#include "storage/replicas/replica_write.hpp"

namespace automodel::storage {

class LmdbEventStore::ReplicaJob final : public WriteJob {
 public:
  ReplicaJob(LmdbEventStore& store, std::uint64_t after, const std::vector<MovedRecord>& records)
      : store_(store), after_(after), records_(records) {}
  std::future<Result<void>> written() { return written_.get_future(); }

  Result<void> apply(WriteTransaction& transaction) override {
    if (auto taken = storage::write_replica(transaction, after_, records_, store_.heads_); !taken)
      return taken;
    const auto state = store_.heads_.state(transaction);
    if (!state) return fail(state.error());
    last_sequence_ = (*state)->sequence;
    return {};
  }

  void done(const Result<void>& committed) override {
    if (committed && last_sequence_ > store_.last_sequence_.load())
      store_.last_sequence_.store(last_sequence_);
    written_.set_value(committed);
  }

 private:
  LmdbEventStore& store_;
  std::uint64_t after_;
  const std::vector<MovedRecord>& records_;
  std::uint64_t last_sequence_ = 0;
  std::promise<Result<void>> written_;
};

Result<void> LmdbEventStore::write_replica(std::uint64_t after, const std::vector<MovedRecord>& records) {
  if (auto may = writable(); !may) return may;
  auto job = std::make_unique<ReplicaJob>(*this, after, records);
  auto written = job->written();
  writer_->write_here(std::move(job));
  return written.get();
}

Result<void> LmdbEventStore::become_replica(const std::string& identity) {
  return write([this, identity](WriteTransaction& transaction) {
    return storage::write_origin(transaction, identity, heads_);
  });
}

}  // namespace automodel::storage
