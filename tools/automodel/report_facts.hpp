// What a report says, taken out of memory once for both its forms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::tools {

struct ReportLine {
  std::string name;    // as the report calls it
  std::string method;  // deepfm
  events::ReportRowT row;
};

struct Gain {
  std::string metric;
  std::string over;  // the best default method
  double value = 0;  // positive is better
  double low = 0;
  double high = 0;
};

struct ReportFacts {
  events::GoalRowT goal;
  std::optional<ReportLine> champion;
  std::vector<ReportLine> baselines;
  std::optional<Gain> gain;  // absent where there is no champion, or nothing to compare with
  std::vector<events::FeatureRowT> kept;
  std::vector<events::FeatureRowT> retired;
  std::vector<std::string> methods;           // tried
  std::vector<events::OutcomeRowT> outcomes;  // of this goal, by reference
  std::vector<events::OutcomeRowT> negative;  // worse, no difference, failed
  std::vector<events::ModelRowT> lineage;     // promoted models, oldest first
  std::vector<events::RewardRowT> rewards;    // over all goals of the store
};

/// Errors: memory.no_such_goal, memory.no_report.
Result<ReportFacts> report_facts(const storage::Memory& memory, const std::string& goal);

/// Null where the row has no such metric.
const events::MetricT* metric_of(const events::ReportRowT& row, const std::string& name);

}  // namespace automodel::tools
