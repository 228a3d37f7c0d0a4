// Taking up a piece of work, and its screen.
#include <algorithm>

#include "actors/autofeature/families.hpp"
#include "actors/autofeature/internal.hpp"

namespace automodel::actors::autofeature {
namespace {

std::string family_name(const std::string& action) {
  constexpr std::string_view prefix = "feature-";
  return action.starts_with(prefix) ? action.substr(prefix.size()) : action;
}

std::string why(const State& state, const events::FeatureWorkT& work, const std::string& feature) {
  const auto* dataset = find_dataset(state, *goal_of(work).data);
  if (dataset)
    for (const auto& family : families(*dataset, goal_of(work).data->label))
      for (const auto& candidate : family.candidates)
        if (same_feature(candidate.feature, feature)) return candidate.why;
  return "it was asked for";
}

void retire(Draft& draft, const std::string& feature, const std::string& reason) {
  events::FeatureRetiredT retired;
  retired.feature = feature;
  retired.reason = reason;
  retired.goal = goal_of(*current_work(draft.state())).id;
  draft.record(std::move(retired));
}

/// Which of the proposal's features are new; the first decision of a work takes it up.
void take_up(Draft& draft) {
  const auto work = *current_work(draft.state());
  const auto key = key_of(work);
  const auto& in_use = work.work->context->features;
  Question question{
      .by = "autofeature",
      .question = "Which features does " + work.work->id + " (" + work.work->proposal->action + ") judge?",
      .subject = work.work->id};
  std::vector<std::string> chosen;
  const auto& asked = work.work->proposal->features;
  for (const auto& feature : asked) {
    const auto same = [&](const auto& other) { return same_feature(other, feature); };
    const auto* known = find_feature(draft.state(), key, feature);
    std::string refused;
    if (std::any_of(in_use.begin(), in_use.end(), same))
      refused = "is in use already";
    else if (known && known->status == events::FeatureStatus::Retired)
      refused = "was retired: " + known->reason;
    else if (std::any_of(chosen.begin(), chosen.end(), same))
      refused = "is in the list already";
    const auto share = 1 / static_cast<double>(asked.size());
    question.options.push_back(option(feature, refused.empty() ? why(draft.state(), work, feature) : refused,
                                      refused.empty() ? 1 : 0, work.work->proposal->expected_gain * share,
                                      work.work->proposal->expected_cost * share));
    if (!refused.empty()) continue;
    question.choices.push_back(static_cast<std::uint32_t>(question.options.size() - 1));
    chosen.push_back(feature);
  }
  question.rationale = chosen.empty() ? "Nothing of the proposal is left to judge."
                                      : "None of them was judged on this data; a screen costs little.";
  draft.decide(question);
  for (const auto& feature : chosen) {
    events::FeatureProposedT proposed;
    proposed.feature = feature;
    proposed.family = family_name(work.work->proposal->action);
    proposed.why = why(draft.state(), work, feature);
    proposed.goal = goal_of(work).id;
    draft.record(std::move(proposed));
  }
}

void record_screen(Draft& draft, const std::string& feature, const events::FeatureScreenT& screen) {
  const auto* work = current_work(draft.state());
  events::FeatureScreenedT event;
  event.screen = std::make_unique<events::FeatureScreenT>(screen);
  event.screen->feature = feature;
  event.base = work->base;
  event.goal = goal_of(*work).id;
  draft.record(std::move(event));
  if (screen.passed) return;
  retire(draft, feature,
         "its conditional information " + number(screen.information, 5) +
             " bits does not beat chance (95 % of permutations stay below " + number(screen.null_p95, 5) +
             ")");
}

}  // namespace

void screened(Draft& draft, const std::string& job, const events::JobResultT& result) {
  const auto waiting =
      with_status(draft.state(), *current_work(draft.state()), events::FeatureStatus::Proposed);
  const bool alone = current_work(draft.state())->alone;
  const auto* screens = result.failure ? nullptr : result.body.AsScreenResult();
  if (!screens) {
    events::JobFailedT failed;
    failed.job = job;
    failed.failure = std::make_unique<events::FailureT>();
    if (result.failure)
      *failed.failure = *result.failure;
    else
      *failed.failure = bad_result(job, "screen");
    const auto message = failed.failure->message;
    draft.record(std::move(failed));
    if (alone) retire(draft, waiting.front(), "it could not be computed: " + message);
    return;  // the features of a failed screen are screened one by one
  }
  for (const auto& feature : alone ? std::vector{waiting.front()} : waiting) {
    const auto found =
        std::find_if(screens->screens.begin(), screens->screens.end(),
                     [&](const auto& screen) { return same_feature(screen->feature, feature); });
    if (found != screens->screens.end())
      record_screen(draft, feature, **found);
    else
      retire(draft, feature, "the screen said nothing about it");
  }
}

void begin(Draft& draft) { take_up(draft); }

}  // namespace automodel::actors::autofeature
