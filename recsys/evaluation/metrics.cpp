#include "recsys/evaluation/metrics.hpp"

#include <algorithm>

#include "recsys/evaluation/catalogue.hpp"
#include "recsys/evaluation/nearest.hpp"
#include "recsys/evaluation/ranking.hpp"

namespace automodel::recsys {

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = {"auc",    "gauc",     "logloss", "calibration",
                                                 "ndcg10", "recall10", "mrr"};
  return names;
}

Metrics evaluate(std::span<const float> scores, std::span<const float> labels,
                 std::span<const std::uint32_t> users) {
  const Prepared prepared(scores, labels, users);
  const std::vector<double> once(prepared.users(), 1.0);
  Metrics out;
  for (const auto& name : metric_names()) out[name] = prepared.value(name, once);
  return out;
}

bool is_of_catalogue(std::string_view metric) {
  const auto& names = catalogue_metric_names();
  return std::find(names.begin(), names.end(), metric) != names.end();
}

Result<bool> higher_is_better(std::string_view metric, Known known) {
  auto names = metric_names();
  const auto& more = catalogue_metric_names();
  if (known == Known::catalogue_too) names.insert(names.end(), more.begin(), more.end());
  if (std::find(names.begin(), names.end(), metric) != names.end())
    return metric != "logloss" && metric != "calibration";
  return fail("evaluation.unknown_metric", "there is no metric '" + std::string(metric) + "'", {},
              suggest(metric, names));
}

}  // namespace automodel::recsys
