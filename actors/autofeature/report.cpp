// The end of a piece of work: what is kept and why, what is retired, and the report.
#include <algorithm>

#include "actors/autofeature/internal.hpp"

namespace automodel::actors::autofeature {
namespace {

events::MetricT gain_of(const State& state, const events::FeatureWorkT& work, const std::string& feature) {
  const auto* known = find_feature(state, key_of(work), feature);
  events::MetricT gain;
  gain.name = goal_of(work).metric;
  gain.value = known ? known->gain : 0;
  return gain;
}

bool was_tested(const events::FeatureWorkT& work, const std::string& feature) {
  return std::find(work.tested.begin(), work.tested.end(), feature) != work.tested.end();
}

/// Of all that passed the screen and is not retired yet.
void decide_kept(Draft& draft, const events::FeatureWorkT& work, double gain) {
  Question question{.by = "autofeature", .question = "Which features are kept?", .subject = work.work->id};
  for (const auto& feature : work.features) {
    const auto* known = find_feature(draft.state(), key_of(work), feature);
    const bool kept = std::find(work.kept.begin(), work.kept.end(), feature) != work.kept.end();
    auto detail = "information above chance " + number(information_above_chance(work, feature), 5) + " bits";
    if (known && known->status == events::FeatureStatus::Retired) detail += "; " + known->reason;
    question.options.push_back(option(feature, detail, known ? known->gain : 0, kept ? gain : 0, 0));
    if (kept) question.choices.push_back(static_cast<std::uint32_t>(question.options.size() - 1));
  }
  question.rationale =
      work.kept.empty()
          ? "None of them is worth keeping."
          : "With them the tuning slice is predicted better, and no tested one can be left out.";
  question.evidence.push_back(own_event(draft.context(), work.decision));
  draft.decide(question);
}

void keep(Draft& draft, const events::FeatureWorkT& work) {
  for (const auto& feature : work.kept) {
    events::FeatureKeptT kept;
    kept.feature = feature;
    kept.gain = std::make_unique<events::MetricT>(gain_of(draft.state(), work, feature));
    kept.reason = was_tested(work, feature)
                      ? "the set is worse without it by " + number(kept.gain->value, 5)
                      : "with the others it brings " + signed_number(kept.gain->value, 5) +
                            "; alone it was not left out";
    if (work.group_failed || work.kept.size() == 1)
      kept.reason = "added to the best set it brings " + signed_number(kept.gain->value, 5);
    kept.goal = goal_of(work).id;
    draft.record(std::move(kept));
  }
}

/// What passed the screen but shared in a set that brought nothing, and was not tried alone.
void retire_rest(Draft& draft, const events::FeatureWorkT& work) {
  if (!work.group_failed) return;
  for (const auto& feature : with_status(draft.state(), work, events::FeatureStatus::Screened)) {
    if (std::find(work.kept.begin(), work.kept.end(), feature) != work.kept.end()) continue;
    events::FeatureRetiredT retired;
    retired.feature = feature;
    retired.gain = std::make_unique<events::MetricT>(gain_of(draft.state(), work, feature));
    retired.reason = "all passing features together brought " + signed_number(retired.gain->value, 5) +
                     ", and more informative ones came first alone";
    retired.goal = goal_of(work).id;
    draft.record(std::move(retired));
  }
}

std::vector<std::string> judged(const State& state, const events::FeatureWorkT& work,
                                events::FeatureStatus status) {
  return with_status(state, work, status);
}

std::string conclusion(const events::WorkFinishedT& finished, const events::FeatureWorkT& work,
                       const std::string& why) {
  const auto& metric = goal_of(work).metric;
  std::string text = why.empty() ? "" : why + ". ";
  if (!finished.features_kept.empty())
    text += joined(finished.features_kept) + ": " + signed_number(finished.reward) + " " + metric + " from " +
            number(work.base_metric) + " with " + counted(work.base.size(), "feature") + ". ";
  if (!finished.features_retired.empty())
    text += "Not worth keeping: " + joined(finished.features_retired) + ".";
  if (finished.features_kept.empty() && finished.features_retired.empty()) text += "Nothing was judged.";
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

void report(Draft& draft, const std::string& id, const std::string& why, bool given_up) {
  const auto work = *find_work(draft.state(), id);
  const auto& goal = goal_of(work);
  auto finished = std::make_unique<events::WorkFinishedT>();
  finished->work = id;
  finished->agent = "autofeature";
  finished->trials = work.trials;
  finished->cost = work.cost;
  if (work.failure) finished->failure = copy_of(work.failure);
  if (work.current && !work.kept.empty()) {
    finished->reward =
        metric_sign(goal.metric) * (metric_value(work.current->metrics, goal.metric) - work.base_metric);
    finished->candidates.push_back(copy_of(work.current));
  }
  if (work.started) {
    if (!given_up) retire_rest(draft, work);
    decide_kept(draft, work, finished->reward);
    keep(draft, work);
    finished->features_kept = judged(draft.state(), work, events::FeatureStatus::Kept);
    finished->features_retired = judged(draft.state(), work, events::FeatureStatus::Retired);
  }
  finished->conclusion = conclusion(*finished, work, why);
  if (work.started) {
    auto verdict = finished->failure ? events::Verdict::Failed : verdict_of(finished->reward, 0);
    if (given_up && work.kept.empty()) verdict = events::Verdict::Unknown;
    draft.record(with_inner(outcome(own_event(draft.context(), work.decision), id,
                                    counted(finished->features_kept.size(), "feature") + " kept, " +
                                        std::to_string(finished->features_retired.size()) + " retired",
                                    verdict, finished->conclusion),
                            finished->reward));
  }
  events::WorkReportedT reported;
  reported.finished = std::make_unique<events::WorkFinishedT>(*finished);
  events::ReportWorkT told;
  told.finished = std::move(finished);
  draft.record(std::move(reported));
  draft.correlate(goal.id);
  draft.send("coordinator/main", std::move(told));
}

}  // namespace automodel::actors::autofeature
