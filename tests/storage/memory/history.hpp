// Hand-made histories for tests: events get versions, sequences and times as a store would give them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/event_store.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::storage::testing {

class History {
 public:
  /// Appends and returns the event's reference. A second passes between events.
  template <class Body>
  std::string add(const std::string& stream, Body body, const std::string& causation = {},
                  const std::string& goal = "goal-1") {
    events::EventT event;
    event.body.Set(std::move(body));
    return append(stream, std::move(event), causation, goal);
  }
  std::string append(const std::string& stream, events::EventT event, const std::string& causation,
                     const std::string& goal);
  /// As if the clock had said so when this event was recorded.
  void set_time(std::uint64_t sequence, std::int64_t time) { events_.at(sequence - 1).time = time; }
  const std::vector<events::Recorded>& events() const { return events_; }

 private:
  std::vector<events::Recorded> events_;
  std::map<std::string, std::uint64_t> versions_;
};

/// A whole small goal, every kind of event in it: data, two cycles, features kept and retired, trials that
/// finish, fail and stop, a quantised model, promotions, a refusal, a roll-back, the report. `champion` is
/// trial-3 at the end.
History small_goal();

/// Memory after these events.
std::shared_ptr<MapRows> fold(const std::vector<events::Recorded>& events);

/// A history as a store that can only be read.
class HistoryStore final : public EventStore {
 public:
  explicit HistoryStore(History history);
  std::chrono::milliseconds undoable{};  // what it says is at risk
  std::chrono::milliseconds at_risk() const override { return undoable; }
  Result<Appended> append(AppendRequest request) override;
  void append_async(AppendRequest request, std::function<void(Result<Appended>)> done) override;
  Result<void> read_stream(const std::string& stream, std::uint64_t from_version,
                           const std::function<bool(const events::Recorded&)>& visit) const override;
  Result<void> read_all(std::uint64_t from,
                        const std::function<bool(const events::Recorded&)>& visit) const override;
  Result<std::optional<events::Recorded>> find(const std::string& stream,
                                               std::uint64_t version) const override;
  Result<std::vector<std::string>> streams() const override;
  std::uint64_t last_sequence() const override { return history_.events().size(); }
  Result<std::uint64_t> stream_version(const std::string& stream) const override;
  Result<void> save_snapshot(const std::string& stream, Snapshot snapshot) override;
  Result<std::optional<Snapshot>> load_snapshot(const std::string& stream) const override;
  Result<std::optional<events::Bytes>> find_reply(const std::string& stream, const std::string& sender,
                                                  std::uint64_t number) const override;
  Result<std::vector<PendingMessage>> outbox(const std::string& stream) const override;
  Result<void> acknowledge(const std::string& stream, std::uint64_t outbox_id) override;
  Result<std::uint64_t> epoch(const std::string& stream) const override;
  Result<void> raise_epoch(const std::string& stream, std::uint64_t epoch) override;
  std::shared_ptr<void> on_commit(std::function<void(std::uint64_t)> observer) override;
  Result<std::uint64_t> verify() const override;
  Result<void> attach(std::shared_ptr<Projection> projection) override;
  std::shared_ptr<const RowReader> projection_rows(const std::string& projection) const override;
  Result<void> wait_for(const std::string& projection, std::uint64_t sequence,
                        std::chrono::milliseconds timeout) const override;
  const std::filesystem::path& path() const override { return path_; }
  /// The stored rows, for tests that tamper with them.
  MapRows& rows() { return *rows_; }

 private:
  History history_;
  std::shared_ptr<MapRows> rows_;
  std::filesystem::path path_;
};

// Pieces of events.
std::unique_ptr<events::MetricT> metric(const std::string& name, double value, double low = 0,
                                        double high = 0);
std::unique_ptr<events::TrialConfigT> config(const std::string& method, const std::string& fingerprint,
                                             const std::map<std::string, std::string>& settings = {},
                                             std::vector<std::string> features = {}, std::uint64_t seed = 1);
std::unique_ptr<events::ModelRefT> model(const std::string& id, const events::TrialConfigT& config,
                                         double auc);
std::unique_ptr<events::EventRefT> event_ref(const std::string& text);
std::unique_ptr<events::GoalT> goal(const std::string& id);

}  // namespace automodel::storage::testing
