// What AutoFeature offers.
#include <algorithm>

#include "actors/autofeature/families.hpp"
#include "actors/autofeature/internal.hpp"

namespace automodel::actors::autofeature {
namespace {

/// Candidates of the family that were never judged on this data and are not in use.
std::vector<std::string> fresh(const State& state, const events::CycleContextT& cycle, const Family& family) {
  const auto key = data_key(*cycle.goal->data);
  std::vector<std::string> found;
  for (const auto& candidate : family.candidates) {
    const bool used = std::any_of(cycle.features.begin(), cycle.features.end(), [&](const auto& feature) {
      return same_feature(feature, candidate.feature);
    });
    const auto* known = find_feature(state, key, candidate.feature);
    // A feature kept for an earlier goal is new to this one; a retired one is retired for good.
    const bool judged = known && known->status == events::FeatureStatus::Retired;
    const bool in_work = std::any_of(state.works.begin(), state.works.end(), [&](const auto& work) {
      const auto& features = work->work->proposal->features;
      return key_of(*work) == key &&
             std::find(features.begin(), features.end(), candidate.feature) != features.end();
    });
    if (!used && !judged && !in_work) found.push_back(candidate.feature);
  }
  return found;
}

events::ProposalT propose(const events::CycleContextT& cycle, const Family& family,
                          std::vector<std::string> features, std::uint64_t rows, bool has_base) {
  events::ProposalT made;
  made.agent = "autofeature";
  made.action = "feature-" + family.name;
  made.subject = family.why + ": " + joined(features);
  made.expected_gain = family.expected_gain;
  const auto trials = (has_base ? 1 : 2) + std::min(features.size(), most_tested_alone);
  made.expected_cost = static_cast<double>(rows) * static_cast<double>(trials * trial_epochs);
  made.features = std::move(features);
  made.epochs = trial_epochs;
  made.id = cycle.goal->id + "/autofeature/c" + std::to_string(cycle.cycle) + "/";
  return made;
}

}  // namespace

void answer(Draft& draft, const events::CycleContextT& given) {
  const events::CycleContextT cycle = given;  // outlives the events that close the request
  const auto& state = draft.state();
  const auto* dataset = find_dataset(state, *cycle.goal->data);
  events::ProposalsOfferedT offered;
  offered.goal = cycle.goal->id;
  offered.cycle = cycle.cycle;
  if (asks_for_ranking(*cycle.goal)) {
    offered.none_because = "methods that rank learn from who took what: they read no features";
  } else if (dataset && dataset->status == events::ProfileStatus::Done) {
    for (const auto& family : families(*dataset, cycle.goal->data->label)) {
      auto features = fresh(state, cycle, family);
      if (features.empty()) continue;
      auto made = propose(cycle, family, std::move(features), cycle.rows > 0 ? cycle.rows : dataset->rows,
                          !state.trials.empty());
      made.id += std::to_string(offered.proposals.size() + 1);
      offered.proposals.push_back(std::make_unique<events::ProposalT>(std::move(made)));
    }
    if (offered.proposals.empty())
      offered.none_because = "every candidate feature that the profile suggests was judged on this data";
  } else {
    offered.none_because = "the data set could not be profiled";
    if (dataset && dataset->failure) offered.none_because += ": " + dataset->failure->message;
  }
  events::OfferProposalsT told;
  told.goal = offered.goal;
  told.cycle = offered.cycle;
  told.agent = "autofeature";
  told.proposals = copies_of(offered.proposals);
  told.none_because = offered.none_because;
  draft.correlate(offered.goal);
  draft.record(std::move(offered));
  draft.send("coordinator/main", std::move(told));
}

}  // namespace automodel::actors::autofeature
