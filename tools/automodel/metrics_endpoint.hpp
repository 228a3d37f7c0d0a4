// The store's metrics over HTTP, for Prometheus to fetch.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "storage/event_store.hpp"

namespace automodel::tools {

/// Answers GET /metrics while it lives, from threads of its own; each answer is the store at that moment: its
/// files, and once it is `watch`ed what the running store does.
class MetricsEndpoint {
 public:
  /// `address`: 127.0.0.1:9464 (port 0: any that is free). Errors: metrics.bad_address (no port, or not of
  /// this machine: there is no encryption and no password), metrics.cannot_bind.
  static Result<std::unique_ptr<MetricsEndpoint>> start(const std::string& address,
                                                        std::filesystem::path store);
  virtual ~MetricsEndpoint() = default;
  /// Of the same store, open in this process; it must outlive the endpoint.
  virtual void watch(const storage::EventStore& store) = 0;
  /// Where it listens: 127.0.0.1:9464.
  virtual std::string address() const = 0;
};

}  // namespace automodel::tools
