// Whatever is asked of memory: an error in one line that names its place, or rows; never a crash.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "storage/memory/format.hpp"
#include "storage/memory/query.hpp"

using namespace automodel;

namespace {

/// One trial and one decision: enough for every kind of field.
const storage::RowReader& rows() {
  static const storage::MapRows made = [] {
    storage::MapRows filled;
    events::TrialRowT trial;
    trial.trial = "trial-1";
    trial.status = "finished";
    trial.seconds = 1.5;
    trial.time = 1'790'000'000'000'000'000;
    trial.config = std::make_unique<events::TrialConfigT>();
    trial.config->method = "deepfm";
    trial.config->features = {"count(user)", "mean(label | item)"};
    trial.config->settings.push_back(std::make_unique<events::SettingT>());
    trial.config->settings.back()->name = "lr";
    trial.config->settings.back()->value = "0.001";
    trial.metrics.push_back(std::make_unique<events::MetricT>());
    trial.metrics.back()->name = "auc";
    trial.metrics.back()->value = 0.8;
    filled.put("trials", trial.trial, events::pack(trial));
    events::DecisionRowT decision;
    decision.ref = "coordinator/main#1";
    decision.chosen = {"a, \"b\"\n"};
    filled.put("decisions", decision.ref, events::pack(decision));
    return filled;
  }();
  return made;
}

void check(const Error& error) {
  if (error.message.empty() || to_string(error).find('\n') != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = storage::parse_query(text);
  if (!query) {
    check(query.error());
    if (query.error().where.empty()) std::abort();
    return 0;
  }
  const auto found = storage::run_query(*query, rows());
  if (!found) {
    check(found.error());
    return 0;
  }
  if (query->limit > 0 && found->size() > query->limit) std::abort();
  const auto columns = query->columns.empty() ? storage::default_columns(query->table) : query->columns;
  if (storage::as_table(*found, columns).empty() || storage::as_csv(*found, columns).empty()) std::abort();
  if (storage::as_json_lines(*found, query->columns).empty() != found->empty()) std::abort();
  return 0;
}
