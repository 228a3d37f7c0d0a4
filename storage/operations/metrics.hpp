// Statistics as metrics with names, for Prometheus.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/activity.hpp"
#include "storage/operations/statistics.hpp"

namespace automodel::storage {

/// One metric and its samples. Names, kinds and labels are Prometheus's.
struct Metric {
  struct Sample {
    std::string label_value;  // empty where the metric has no label
    double value = 0;
  };
  std::string name;
  std::string help;
  bool is_counter = false;  // otherwise a gauge
  std::string label;
  std::vector<Sample> samples;
  std::optional<Distribution> histogram;  // then there are no samples
};

std::vector<Metric> metrics_of(const StoreStatistics& statistics);
/// Of a store that runs: counters since it was opened.
std::vector<Metric> metrics_of(const StoreActivity& activity);

/// In Prometheus's text exposition format, version 0.0.4.
std::string prometheus_text(const std::vector<Metric>& metrics);

}  // namespace automodel::storage
