#include "tools/automodel/metrics_endpoint.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <limits>

#include "storage/operations/metrics.hpp"

namespace automodel::tools {

namespace {

prometheus::ClientMetric histogram_of(const storage::Distribution& of) {
  prometheus::ClientMetric metric;
  metric.histogram.sample_sum = of.sum();
  for (std::size_t i = 0; i < of.counts().size(); ++i) {
    metric.histogram.sample_count += of.counts()[i];
    const bool bounded = i < of.bounds().size();
    metric.histogram.bucket.push_back(
        {metric.histogram.sample_count, bounded ? of.bounds()[i] : std::numeric_limits<double>::infinity()});
  }
  return metric;
}

prometheus::MetricFamily family_of(const storage::Metric& metric) {
  using Type = prometheus::MetricType;
  prometheus::MetricFamily family{metric.name,
                                  metric.help,
                                  metric.histogram    ? Type::Histogram
                                  : metric.is_counter ? Type::Counter
                                                      : Type::Gauge,
                                  {}};
  if (metric.histogram) family.metric.push_back(histogram_of(*metric.histogram));
  for (const auto& sample : metric.samples) {
    prometheus::ClientMetric one;
    if (!metric.label.empty()) one.label.push_back({metric.label, sample.label_value});
    (metric.is_counter ? one.counter.value : one.gauge.value) = sample.value;
    family.metric.push_back(std::move(one));
  }
  return family;
}

/// Reads the store whenever it is asked. Records are not walked for it: that would take seconds of a large
/// one.
class StoreMetrics final : public prometheus::Collectable {
 public:
  explicit StoreMetrics(std::filesystem::path store) : store_(std::move(store)) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto read =
        storage::statistics(store_, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), false);
    prometheus::ClientMetric up;
    up.gauge.value = read ? 1 : 0;
    std::vector<prometheus::MetricFamily> families = {
        {"automodel_store_up", "Whether the store could be read.", prometheus::MetricType::Gauge, {up}}};
    if (!read) spdlog::warn("metrics: {}", to_string(read.error()));
    if (read)
      for (const auto& metric : storage::metrics_of(*read)) families.push_back(family_of(metric));
    if (const auto* running = running_.load()) add_activity(*running, families);
    return families;
  }
  void watch(const storage::EventStore& store) { running_ = &store; }

 private:
  static void add_activity(const storage::EventStore& store,
                           std::vector<prometheus::MetricFamily>& families) {
    const auto activity = storage::activity_of(store);
    if (!activity)
      spdlog::warn("metrics: {}", to_string(activity.error()));
    else if (*activity)
      for (const auto& metric : storage::metrics_of(**activity)) families.push_back(family_of(metric));
  }

  std::atomic<const storage::EventStore*> running_{nullptr};
  std::filesystem::path store_;
};

class HttpEndpoint final : public MetricsEndpoint {
 public:
  HttpEndpoint(const std::string& host, const std::string& address, std::filesystem::path store)
      : metrics_(std::make_shared<StoreMetrics>(std::move(store))), exposer_(address, 1) {
    exposer_.RegisterCollectable(metrics_);
    address_ = host + ":" + std::to_string(exposer_.GetListeningPorts().at(0));
  }
  void watch(const storage::EventStore& store) override { metrics_->watch(store); }
  std::string address() const override { return address_; }

 private:
  std::shared_ptr<StoreMetrics> metrics_;
  prometheus::Exposer exposer_;
  std::string address_;
};

Error bad_address(const std::string& address) {
  return {"metrics.bad_address",
          "metrics are not served at '" + address + "'",
          {},
          "on this machine only, for example 127.0.0.1:9464"};
}

}  // namespace

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::start(const std::string& address,
                                                                std::filesystem::path store) {
  const auto colon = address.rfind(':');
  const std::string host = address.substr(0, std::min(colon, address.size()));
  if (colon == std::string::npos || (host != "127.0.0.1" && host != "[::1]"))
    return fail(bad_address(address));
  std::uint16_t port = 0;
  const char* end = address.data() + address.size();
  const auto [parsed, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc() || parsed != end) return fail(bad_address(address));
  try {
    return std::unique_ptr<MetricsEndpoint>(new HttpEndpoint(host, address, std::move(store)));
  } catch (const std::exception& thrown) {  // the library's way to say that it cannot listen
    return fail("metrics.cannot_bind", thrown.what(), address, "is another program listening there?");
  }
}

}  // namespace automodel::tools
