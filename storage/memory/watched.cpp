#include "storage/memory/watched.hpp"

#include <exception>

namespace automodel::storage {

namespace {

struct Interrupted final : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// Counts events, and throws where whoever watches wants no more of them: a fold has no other way to end.
class Watcher {
 public:
  Watcher(const Watch& watch, std::uint64_t all) : watch_(watch), all_(all) {}
  void saw_one() {
    if (++seen_ % watched_events != 0) return;
    outcome_ = go_on(watch_, {"rebuilding memory", seen_, all_, "events"});
    if (!outcome_) throw Interrupted();
  }
  const Result<void>& outcome() const { return outcome_; }

 private:
  const Watch& watch_;
  std::uint64_t all_;
  std::uint64_t seen_ = 0;
  Result<void> outcome_;
};

class WatchedFold final : public Fold {
 public:
  WatchedFold(std::unique_ptr<Fold> fold, Watcher& watcher) : fold_(std::move(fold)), watcher_(watcher) {}
  void apply(const EventView& event) override {
    watcher_.saw_one();
    fold_->apply(event);
  }
  void finish() override { fold_->finish(); }

 private:
  std::unique_ptr<Fold> fold_;
  Watcher& watcher_;
};

class WatchedProjection final : public Projection {
 public:
  WatchedProjection(const Projection& projection, Watcher& watcher)
      : projection_(projection), watcher_(watcher) {}
  std::string name() const override { return projection_.name(); }
  std::string schema() const override { return projection_.schema(); }
  std::vector<std::string> tables() const override { return projection_.tables(); }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    watcher_.saw_one();
    projection_.apply(rows, event);
  }
  std::unique_ptr<Fold> fold(RowWriter& rows) const override {
    return std::make_unique<WatchedFold>(projection_.fold(rows), watcher_);
  }

 private:
  const Projection& projection_;
  Watcher& watcher_;
};

}  // namespace

Result<FoldFigures> rebuild(const EventStore& store, const Projection& projection, RowWriter& rows,
                            std::uint64_t until, const Watch& watch) {
  if (!watch) return store.rebuild(projection, rows, until);
  Watcher watcher(watch, until == 0 ? store.last_sequence() : until);
  try {
    auto rebuilt = store.rebuild(WatchedProjection(projection, watcher), rows, until);
    if (!watcher.outcome()) return fail(watcher.outcome().error());
    return rebuilt;
  } catch (const Interrupted&) {  // a store without an environment lets it pass
    return fail(watcher.outcome().error());
  }
}

}  // namespace automodel::storage
