// Moves through the store's group writer.
#include "storage/lmdb_event_store.hpp"
#include "storage/moves/move.hpp"

namespace automodel::storage {

/// A write of a move on its way. One that is refused before it is written still answers from the writer
/// thread, after those before it.
class LmdbEventStore::MoveJob final : public WriteJob {
 public:
  MoveJob(LmdbEventStore& store, Result<PreparedMove> move, std::function<void(Result<MoveWritten>)> done)
      : store_(store), move_(std::move(move)), done_(std::move(done)) {}

  Result<void> apply(WriteTransaction& transaction) override {
    if (!move_) {
      outcome_ = fail(move_.error());
      return {};
    }
    auto outcome = storage::write_move(transaction, *move_, store_.node_, store_.heads_);
    if (!outcome) return fail(outcome.error());
    const auto state = store_.heads_.state(transaction);
    if (!state) return fail(state.error());
    last_sequence_ = (*state)->sequence;
    outcome_ = std::move(*outcome);
    const auto& agent = move_->write.agent;
    if (outcome_ && move_->write.kind == MoveWrite::Kind::started) {
      const auto head = store_.heads_.head(transaction, agent);
      if (!head) return fail(head.error());
      store_.recent_replies_.begin(agent, (*head)->version);
    }
    return {};
  }

  void done(const Result<void>& committed) override {
    if (!committed) return done_(fail(committed.error()));
    if (last_sequence_ > store_.last_sequence_.load()) store_.last_sequence_.store(last_sequence_);
    if (outcome_ &&
        (move_->write.kind == MoveWrite::Kind::committed || move_->write.kind == MoveWrite::Kind::abandoned))
      store_.recent_replies_.end(move_->write.agent);
    done_(std::move(outcome_));
  }

 private:
  LmdbEventStore& store_;
  Result<PreparedMove> move_;
  MoveOutcome outcome_;
  std::uint64_t last_sequence_ = 0;
  std::function<void(Result<MoveWritten>)> done_;
};

void LmdbEventStore::write_move(const std::string& node, MoveWrite write,
                                std::function<void(Result<MoveWritten>)> done) {
  if (auto may = writable(); !may) return done(fail(may.error()));
  writer_->enqueue(std::make_unique<MoveJob>(*this, prepare_move(node, std::move(write)), std::move(done)));
}

Result<ReadPart> LmdbEventStore::read_move(const std::string& stream, std::uint64_t after, std::size_t bytes,
                                           bool last) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  // Asked for after the transaction began, so that nothing of it is missing.
  return storage::read_move(*transaction, stream, after, bytes, last, recent_replies_.since(stream, after));
}

Result<std::uint64_t> LmdbEventStore::whole_until(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  return storage::whole_until(*transaction, stream);
}

Result<std::vector<RecoveredAgent>> LmdbEventStore::recover_agents(const std::string& node) {
  auto agents = std::make_shared<std::vector<RecoveredAgent>>();
  const auto written = write([this, node, agents](WriteTransaction& transaction) -> Result<void> {
    auto found = storage::recover_agents(transaction, node, node_, heads_);
    if (!found) return fail(found.error());
    *agents = std::move(*found);
    return {};
  });
  if (!written) return fail(written.error());
  return std::move(*agents);
}

Result<std::vector<RecoveredParts>> LmdbEventStore::recover_parts() const {
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  return storage::recover_parts(*transaction);
}

}  // namespace automodel::storage
