#include "tools/automodel/goal_data.hpp"

#include <algorithm>

#include "actors/jobs/slices.hpp"

namespace automodel::tools {
namespace {

Result<void> check_slice(const std::vector<float>& labels, const std::vector<std::uint32_t>& rows,
                         const char* name, const std::string& label) {
  std::size_t positive = 0;
  for (const std::uint32_t row : rows) positive += labels[row] > 0.5f ? 1 : 0;
  if (positive > 0 && positive < rows.size()) return {};
  return fail("goal.one_class",
              std::string("the ") + name + " slice has " + std::to_string(positive) + " positive rows of " +
                  std::to_string(rows.size()),
              label, "choose a label, split or ratios that leave both kinds in every slice");
}

}  // namespace

Result<GoalCommands> commands_for(const recsys::Dataset& data, events::GoalT goal) {
  events::DataRefT& ref = *goal.data;
  ref.name = data.name();
  ref.hash = data.hash();
  auto labels = recsys::labels(data, ref.label);
  if (!labels) return fail(labels.error());
  auto split = actors::slices_of(data, ref);
  if (!split) return fail(split.error());
  const std::pair<const char*, const std::vector<std::uint32_t>*> slices[] = {
      {"training", &split->train},
      {"tuning", &split->tuning},
      {"promotion", &split->promotion},
      {"test", &split->test}};
  for (const auto& [name, rows] : slices)
    if (auto both = check_slice(*labels, *rows, name, ref.label); !both) return fail(both.error());
  GoalCommands commands;
  events::RegisterDatasetT dataset;
  dataset.data = std::make_unique<events::DataRefT>(ref);
  dataset.rows = data.rows();
  dataset.users = data.users();
  dataset.items = data.items();
  dataset.source = data.source();
  events::SubmitGoalT submit;
  submit.rows = split->train.size();
  submit.goal = std::make_unique<events::GoalT>(std::move(goal));
  commands.register_dataset.body.Set(std::move(dataset));
  commands.submit_goal.body.Set(std::move(submit));
  return commands;
}

}  // namespace automodel::tools
