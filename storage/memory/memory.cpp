#include "storage/memory/memory.hpp"

#include <chrono>
#include <exception>

#include "storage/memory/apply.hpp"

namespace automodel::storage {

namespace {

class MemoryProjection final : public Projection {
 public:
  std::string name() const override { return "memory"; }
  std::string schema() const override { return "memory/2"; }
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
            "reports",
            "failures",
            "trials_by_goal",
            "decisions_by_subject",
            "outcomes_by_subject",
            "works_by_decision"};
  }
  void apply(RowWriter& rows, const events::Recorded& event) const override;
};

/// Reads one union member and applies it; a record whose body could not be read has none.
template <class Body>
void apply_as(RowWriter& rows, const Body* body, const events::Recorded& event) {
  if (body) memory_rows::apply(rows, *body, event);
}

void MemoryProjection::apply(RowWriter& rows, const events::Recorded& event) const {
  using events::EventBody;
  const auto& body = event.event.body;
  switch (body.type) {
#define AUTOMODEL_APPLY(kind) \
  case EventBody::kind:       \
    return apply_as(rows, body.As##kind(), event)
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
#undef AUTOMODEL_APPLY
    // ProposalsRequested says nothing that its answer does not; kinds of a newer program have no place here
    // yet.
    default:
      return;
  }
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

Result<ReplayResult> replay(const EventStore& store, std::uint64_t until) {
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
  auto started = std::chrono::steady_clock::now();
  auto read = store.read_all(1, [&](const events::Recorded& event) {
    if (event.sequence > end) return false;
    projection->apply(rebuilt, event);
    ++result.events;
    return event.sequence < end;
  });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  result.digest = events::hex(digest(*projection, rebuilt));
  auto chain = store.verify();
  result.chain_intact = chain.has_value();
  if (!chain) result.chain_fault = to_string(chain.error());
  if (!read) {
    // Where the chain is broken, an unreadable record is that fault, and the result says so.
    if (result.chain_intact) return fail(read.error());
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

}  // namespace automodel::storage
