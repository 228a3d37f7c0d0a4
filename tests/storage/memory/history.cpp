#include "history.hpp"

#include <set>

namespace automodel::storage::testing {

using namespace events;

std::string History::append(const std::string& stream, EventT event, const std::string& causation,
                            const std::string& goal_id) {
  constexpr std::int64_t start = 1'790'000'000'000'000'000, second = 1'000'000'000;
  Recorded recorded;
  recorded.sequence = events_.size() + 1;
  recorded.stream = stream;
  recorded.version = ++versions_[stream];
  recorded.time = start + static_cast<std::int64_t>(recorded.sequence) * second;
  recorded.correlation = goal_id;
  recorded.causation = causation;
  recorded.epoch = 1;
  recorded.origin_node = "local";
  recorded.origin_sequence = recorded.sequence;
  recorded.event = std::move(event);
  events_.push_back(std::move(recorded));
  return reference(stream, versions_[stream]);
}

std::shared_ptr<MapRows> fold(const std::vector<Recorded>& events) {
  auto rows = std::make_shared<MapRows>();
  auto projection = memory_projection();
  for (const auto& event : events) projection->apply(*rows, event);
  return rows;
}

std::unique_ptr<MetricT> metric(const std::string& name, double value, double low, double high) {
  auto made = std::make_unique<MetricT>();
  made->name = name;
  made->value = value;
  made->has_interval = low != 0 || high != 0;
  made->low = low;
  made->high = high;
  return made;
}

std::unique_ptr<TrialConfigT> config(const std::string& method, const std::string& fingerprint,
                                     const std::map<std::string, std::string>& settings,
                                     std::vector<std::string> features, std::uint64_t seed) {
  auto made = std::make_unique<TrialConfigT>();
  made->method = method;
  made->fingerprint = fingerprint;
  made->features = std::move(features);
  made->seed = seed;
  for (const auto& [name, value] : settings) {
    auto setting = std::make_unique<SettingT>();
    setting->name = name;
    setting->value = value;
    made->settings.push_back(std::move(setting));
  }
  return made;
}

std::unique_ptr<ModelRefT> model(const std::string& id, const TrialConfigT& of, double auc) {
  auto made = std::make_unique<ModelRefT>();
  made->id = id;
  made->config = std::make_unique<TrialConfigT>(of);
  made->checkpoint = "c0ffee";
  made->metrics.push_back(metric("auc", auc));
  made->bytes = 4'000'000;
  made->parameters = 1'000'000;
  return made;
}

std::unique_ptr<EventRefT> event_ref(const std::string& text) {
  auto parsed = parse_reference(text);
  return parsed ? std::make_unique<EventRefT>(*parsed) : nullptr;
}

std::unique_ptr<GoalT> goal(const std::string& id) {
  auto made = std::make_unique<GoalT>();
  made->id = id;
  made->metric = "auc";
  made->budget_seconds = 180;
  made->max_trials = 8;
  made->seed = 1;
  made->parallel = 1;
  made->data = std::make_unique<DataRefT>();
  made->data->name = "movielens";
  made->data->hash = "d47a";
  made->data->label = "rating>=4";
  made->bounds = std::make_unique<BoundsT>();
  made->bounds->max_latency_ms = 5;
  return made;
}

namespace {

tl::unexpected<Error> read_only() {
  return fail("storage.read_only", "a hand-made history cannot be changed");
}

}  // namespace

HistoryStore::HistoryStore(History history) : history_(std::move(history)), rows_(fold(history_.events())) {}

Result<Appended> HistoryStore::append(AppendRequest) { return read_only(); }
void HistoryStore::append_async(AppendRequest, std::function<void(Result<Appended>)> done) {
  done(read_only());
}
Result<void> HistoryStore::read_stream(const std::string& stream, std::uint64_t from,
                                       const std::function<bool(const Recorded&)>& visit) const {
  for (const auto& event : history_.events())
    if (event.stream == stream && event.version >= from && !visit(event)) break;
  return {};
}
Result<void> HistoryStore::read_all(std::uint64_t from,
                                    const std::function<bool(const Recorded&)>& visit) const {
  for (const auto& event : history_.events())
    if (event.sequence >= from && !visit(event)) break;
  return {};
}
Result<std::optional<Recorded>> HistoryStore::find(const std::string& stream, std::uint64_t version) const {
  for (const auto& event : history_.events())
    if (event.stream == stream && event.version == version) return std::optional<Recorded>(event);
  return std::optional<Recorded>();
}
Result<std::vector<std::string>> HistoryStore::streams() const {
  std::set<std::string> names;
  for (const auto& event : history_.events()) names.insert(event.stream);
  return std::vector<std::string>(names.begin(), names.end());
}
Result<std::uint64_t> HistoryStore::stream_version(const std::string& stream) const {
  std::uint64_t version = 0;
  for (const auto& event : history_.events())
    if (event.stream == stream) version = event.version;
  return version;
}
Result<void> HistoryStore::save_snapshot(const std::string&, Snapshot) { return read_only(); }
Result<std::optional<Snapshot>> HistoryStore::load_snapshot(const std::string&) const {
  return std::optional<Snapshot>();
}
Result<std::optional<Bytes>> HistoryStore::find_reply(const std::string&, const std::string&,
                                                      std::uint64_t) const {
  return std::optional<Bytes>();
}
Result<std::vector<PendingMessage>> HistoryStore::outbox(const std::string&) const {
  return std::vector<PendingMessage>();
}
Result<void> HistoryStore::acknowledge(const std::string&, std::uint64_t) { return read_only(); }
Result<std::uint64_t> HistoryStore::epoch(const std::string&) const { return std::uint64_t{1}; }
Result<void> HistoryStore::raise_epoch(const std::string&, std::uint64_t) { return read_only(); }
std::shared_ptr<void> HistoryStore::on_commit(std::function<void(std::uint64_t)>) { return nullptr; }
Result<std::uint64_t> HistoryStore::verify() const { return last_sequence(); }
Result<void> HistoryStore::attach(std::shared_ptr<Projection>) { return read_only(); }
std::shared_ptr<const RowReader> HistoryStore::projection_rows(const std::string&) const { return rows_; }
Result<void> HistoryStore::wait_for(const std::string&, std::uint64_t, std::chrono::milliseconds) const {
  return {};
}

}  // namespace automodel::storage::testing
