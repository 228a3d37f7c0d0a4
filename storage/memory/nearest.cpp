#include <algorithm>
#include <iterator>

#include "storage/memory/configuration.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::storage {

namespace {

using namespace configuration;

/// A configuration taken apart: one against many is compared without reading it again.
struct Taken {
  explicit Taken(const events::TrialConfigT& config)
      : method(config.method), settings(settings_of(config)), features(features_of(config)) {}
  std::string method;
  std::map<std::string, Value> settings;
  std::vector<std::string> features;
};

double distance(const Taken& a, const Taken& b) {
  double sum = a.method == b.method ? 0 : method_weight;
  std::size_t names = 0;
  auto x = a.settings.begin();
  auto y = b.settings.begin();
  for (; x != a.settings.end() || y != b.settings.end(); ++names) {
    const int order = x == a.settings.end() ? 1 : y == b.settings.end() ? -1 : x->first.compare(y->first);
    sum += order == 0 ? value_distance(x->second, y->second) : 1.0;
    if (order <= 0) ++x;
    if (order >= 0) ++y;
  }
  std::vector<std::string> common;
  std::set_intersection(a.features.begin(), a.features.end(), b.features.begin(), b.features.end(),
                        std::back_inserter(common));
  sum += jaccard_distance(a.features.size(), b.features.size(), common.size());
  return sum / parts_of(names);
}

}  // namespace

double distance(const events::TrialConfigT& a, const events::TrialConfigT& b) {
  return distance(Taken(a), Taken(b));
}

std::vector<events::TrialRowT> nearest(const Memory& memory, const events::TrialConfigT& config,
                                       std::size_t k) {
  const Taken wanted(config);
  std::vector<std::pair<double, events::TrialRowT>> found;  // nearest first
  memory.rows().scan("trials", {}, [&](std::string_view, events::ByteView bytes) {
    auto trial = events::unpack<events::TrialRowT>(bytes);
    if (!trial || !trial->config) return true;
    const double far = distance(wanted, Taken(*trial->config));
    if (found.size() >= k && (k == 0 || far >= found.back().first)) return true;
    const auto place = std::upper_bound(found.begin(), found.end(), far,
                                        [](double a, const auto& b) { return a < b.first; });
    found.emplace(place, far, std::move(*trial));
    if (found.size() > k) found.pop_back();
    return true;
  });
  std::vector<events::TrialRowT> rows;
  for (auto& entry : found) rows.push_back(std::move(entry.second));
  return rows;
}

}  // namespace automodel::storage
