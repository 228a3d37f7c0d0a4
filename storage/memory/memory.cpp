#include "storage/memory/memory.hpp"

#include <exception>

#include "storage/memory/apply.hpp"
#include "storage/memory/past.hpp"
#include "storage/memory/watched.hpp"

namespace automodel::storage {

namespace {

class MemoryProjection final : public Projection {
 public:
  std::string name() const override { return "memory"; }
  std::string schema() const override { return "memory/4"; }
  std::vector<std::string> tables() const override {
    return {"goals",
            "cycles",
            "proposals",
            "works",
            "datasets",
            "features",
            "trials",
            "fingerprints",
            "models",
            "deployments",
            "decisions",
            "outcomes",
            "rewards",
            "methods",
            "reports",
            "failures",
            "agents",
            "trials_by_goal",
            "decisions_by_subject",
            "decisions_by_goal",
            "outcomes_by_subject",
            "outcomes_by_goal",
            "works_by_decision",
            "works_by_goal",
            "proposals_by_cycle"};
  }
  void apply(RowWriter& rows, const events::Recorded& event) const override;
  std::unique_ptr<Fold> fold(RowWriter& rows) const override;
};

void apply_event(memory_rows::MemoryRows& rows, const EventView& event) {
  using events::EventBody;
  switch (event.event->body_type()) {
#define AUTOMODEL_APPLY(kind) \
  case EventBody::kind:       \
    return memory_rows::apply(rows, *event.event->body_as_##kind(), event)
    AUTOMODEL_APPLY(DecisionMade);
    AUTOMODEL_APPLY(OutcomeObserved);
    AUTOMODEL_APPLY(GoalAccepted);
    AUTOMODEL_APPLY(CycleStarted);
    AUTOMODEL_APPLY(ProposalsReceived);
    AUTOMODEL_APPLY(ProposalApproved);
    AUTOMODEL_APPLY(ProposalVetoed);
    AUTOMODEL_APPLY(WorkAssigned);
    AUTOMODEL_APPLY(WorkFinished);
    AUTOMODEL_APPLY(GoalPaused);
    AUTOMODEL_APPLY(GoalResumed);
    AUTOMODEL_APPLY(GoalFinished);
    AUTOMODEL_APPLY(ReportProduced);
    AUTOMODEL_APPLY(DatasetRegistered);
    AUTOMODEL_APPLY(FeatureProposed);
    AUTOMODEL_APPLY(FeatureScreened);
    AUTOMODEL_APPLY(FeatureKept);
    AUTOMODEL_APPLY(FeatureRetired);
    AUTOMODEL_APPLY(TrialStarted);
    AUTOMODEL_APPLY(EpochFinished);
    AUTOMODEL_APPLY(TrialFinished);
    AUTOMODEL_APPLY(TrialFailed);
    AUTOMODEL_APPLY(TrialStopped);
    AUTOMODEL_APPLY(CandidateMeasured);
    AUTOMODEL_APPLY(CandidateCompared);
    AUTOMODEL_APPLY(ModelQuantized);
    AUTOMODEL_APPLY(ModelPromoted);
    AUTOMODEL_APPLY(ModelRefused);
    AUTOMODEL_APPLY(ModelRolledBack);
    AUTOMODEL_APPLY(ModelServed);
    AUTOMODEL_APPLY(WorkAccepted);
    AUTOMODEL_APPLY(ProposalsOffered);
    AUTOMODEL_APPLY(WorkReported);
    AUTOMODEL_APPLY(JobFailed);
    AUTOMODEL_APPLY(ReportRequested);
    AUTOMODEL_APPLY(GoalClosing);
    AUTOMODEL_APPLY(MethodAdded);
#undef AUTOMODEL_APPLY
    // ProposalsRequested says nothing that its answer does not; kinds of a newer program have no place here
    // yet.
    default:
      return;
  }
}

class MemoryFold final : public Fold {
 public:
  explicit MemoryFold(RowWriter& rows) : rows_(rows) {}
  void apply(const EventView& event) override {
    apply_event(rows_, event);
    rows_.rest();
  }
  void finish() override { rows_.finish(); }

 private:
  memory_rows::MemoryRows rows_;
};

std::unique_ptr<Fold> MemoryProjection::fold(RowWriter& rows) const {
  return std::make_unique<MemoryFold>(rows);
}

void MemoryProjection::apply(RowWriter& rows, const events::Recorded& recorded) const {
  const auto bytes = events::pack(recorded.event);
  const auto* event = flatbuffers::GetRoot<events::Event>(bytes.data());
  if (!event->body()) return;  // an event at hand may have no body
  MemoryFold one(rows);
  one.apply(
      {recorded.sequence, recorded.stream, recorded.version, recorded.time, recorded.correlation, event, {}});
  one.finish();
}

}  // namespace

std::shared_ptr<Projection> memory_projection() { return std::make_shared<MemoryProjection>(); }

std::string memory_key(std::string_view text) {
  // LMDB keys hold 511 bytes, and an index key joins two of these.
  constexpr std::size_t longest = 200;
  constexpr std::size_t head = 160;
  if (text.size() <= longest) return std::string(text);
  auto bytes = events::ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  auto hash = events::blake2b(bytes);
  return std::string(text.substr(0, head)) + "~" + events::hex(events::ByteView(hash.data(), 16));
}

bool lower_is_better(std::string_view metric) { return metric == "logloss" || metric == "calibration"; }

bool Memory::tried(std::string_view fingerprint) const {
  return rows_->get("fingerprints", memory_key(fingerprint)).has_value();
}

Memory stored_memory(const EventStore& store) {
  return Memory(store.projection_rows(memory_projection()->name()));
}

namespace {

Result<ReplayResult> replay(const EventStore& store, std::uint64_t until, const Watch& watch) {
  auto projection = memory_projection();
  ReplayResult result;
  MapRows rebuilt;
  const auto last = store.last_sequence();
  const auto end = until == 0 ? last : std::min(until, last);
  if (until == 0) {
    // The stored rows may be a moment behind the newest commit.
    if (auto caught_up = store.wait_for(projection->name(), last, std::chrono::seconds(10)); !caught_up)
      return fail(caught_up.error());
  }
  const auto folded = rebuild(store, *projection, rebuilt, end, watch);
  if (!folded && folded.error().code == "storage.interrupted") return fail(folded.error());
  if (folded) result.events = folded->events, result.seconds = folded->seconds;
  result.digest = events::hex(digest(*projection, rebuilt));
  if (auto on = go_on(watch, {"verifying the chain", 0, 0, {}}); !on) return fail(on.error());
  auto chain = store.verify();
  result.chain_intact = chain.has_value();
  if (!chain) result.chain_fault = to_string(chain.error());
  if (!folded) {
    // Where the chain is broken, an unreadable record is that fault, and the result says so.
    if (result.chain_intact) return fail(folded.error());
    return result;
  }
  if (until == 0) {
    try {  // a reader has no other way to say that rows cannot be read
      result.stored_digest = events::hex(digest(*projection, *store.projection_rows(projection->name())));
    } catch (const std::exception& error) {
      return fail("storage.io", "the stored rows cannot be read: " + std::string(error.what()),
                  store.path().string());
    }
    result.match = result.digest == result.stored_digest;
  }
  return result;
}

}  // namespace

Result<ReplayResult> replay(const EventStore& store, std::uint64_t until) { return replay(store, until, {}); }
Result<ReplayResult> replay(const EventStore& store, const Watch& watch) { return replay(store, 0, watch); }

}  // namespace automodel::storage
