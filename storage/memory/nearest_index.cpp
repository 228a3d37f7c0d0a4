#include "storage/memory/nearest_index.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <queue>

#include "storage/memory/nearest_tree.hpp"

namespace automodel::storage {

using namespace nearest_detail;
using configuration::value_distance;

struct NearestIndex::Data {
  struct Trial {
    std::string key;
    Group* group = nullptr;  // null: it has no configuration any more
    std::uint32_t point = 0;
  };
  using GroupKey = std::pair<std::string, std::vector<std::uint32_t>>;

  TextIds settings;  // names as numbers
  std::vector<Dictionary> dictionaries;
  FeatureSets features;
  std::map<GroupKey, std::unique_ptr<Group>> groups;
  TextIds numbers;  // of trials, by key
  std::vector<Trial> trials;
  std::size_t configured = 0;

  std::uint32_t setting_of(std::string_view name);
  std::pair<Group*, std::uint32_t> point_of(const events::TrialConfigT& config);
  void leave(std::uint32_t trial);
  void enter(std::uint32_t trial, Group& group, std::uint32_t point);
};

std::uint32_t NearestIndex::Data::setting_of(std::string_view name) {
  if (const auto known = settings.find(name); known != settings.end()) return known->second;
  dictionaries.emplace_back();
  return settings.emplace(name, static_cast<std::uint32_t>(settings.size())).first->second;
}

std::pair<Group*, std::uint32_t> NearestIndex::Data::point_of(const events::TrialConfigT& config) {
  // In order of names, each once, the last one of a name: as configuration::settings_of has them.
  std::vector<const events::SettingT*> ordered;
  for (const auto& setting : config.settings)
    if (setting) ordered.push_back(setting.get());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto* a, const auto* b) { return a->name < b->name; });
  std::vector<std::uint32_t> names, cells;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    if (i + 1 < ordered.size() && ordered[i + 1]->name == ordered[i]->name) continue;
    names.push_back(setting_of(ordered[i]->name));
    cells.push_back(dictionaries[names.back()].id_of(ordered[i]->value));
  }
  cells.push_back(features.id_of(configuration::features_of(config)));
  auto& group = groups[{config.method, names}];
  if (!group) group = std::make_unique<Group>(config.method, names);
  return {group.get(), group->point_of(cells)};
}

void NearestIndex::Data::leave(std::uint32_t trial) {
  auto& known = trials[trial];
  if (!known.group) return;
  std::erase(known.group->trials[known.point], trial);
  known.group = nullptr;
  --configured;
}

void NearestIndex::Data::enter(std::uint32_t trial, Group& group, std::uint32_t point) {
  auto& same = group.trials[point];
  const auto place = std::upper_bound(same.begin(), same.end(), trial, [&](std::uint32_t a, std::uint32_t b) {
    return trials[a].key < trials[b].key;
  });
  same.insert(place, trial);
  trials[trial].group = &group;
  trials[trial].point = point;
  ++configured;
}

namespace {

/// Bounds are computed in another order than distances: rounding must not put them above.
constexpr double slack = 1e-9;
constexpr std::size_t most_others = 4096;  // of one setting, whose distances are worth a table

/// One setting of the question, against all values that it ever had.
struct AskedSetting {
  AskedSetting(const Dictionary& of, const Value& value) : dictionary(of), wanted(value) {
    if (const auto positive = value.positive()) number = *positive, place = std::log(*positive);
    // From anything else to a positive number: 1, or what a list differs by in length alone.
    const auto parts = static_cast<double>(value.parts.size());
    to_numbers = number > 0 ? 0 : parts > 1 ? (parts - 1) / parts : 1;
    if (of.others.size() > most_others) return;
    least.fill(1);
    for (std::size_t rank = 0; rank < of.others.size(); ++rank) {
      others.push_back(value_distance(value, of.values[of.others[rank]]));
      least[rank % 64] = std::min(least[rank % 64], others.back());
    }
  }

  double distance(std::uint32_t cell) const {
    const auto rank = dictionary.other[cell];
    if (rank == Dictionary::is_positive)
      return number > 0 ? configuration::number_distance(number, dictionary.number[cell])
                        : value_distance(wanted, dictionary.values[cell]);
    return others.empty() ? value_distance(wanted, dictionary.values[cell]) : others[rank];
  }

  double bound(const ValueBounds& bounds) const {
    double far = 1;
    if (bounds.low <= bounds.high) {
      const double gap = std::max({bounds.low - place, place - bounds.high, 0.0}) / std::log(100.0);
      far = number > 0 ? std::min(1.0, gap) : to_numbers;
    }
    for (auto rest = bounds.others; rest != 0; rest &= rest - 1)
      far = std::min(far, least[static_cast<std::size_t>(__builtin_ctzll(rest))]);
    return far;
  }

  const Dictionary& dictionary;
  const Value& wanted;
  double number = 0;  // above 0 where the value is a positive number
  double place = 0;
  double to_numbers = 0;
  std::vector<double> others;      // by rank; empty where there are too many
  std::array<double, 64> least{};  // by rank modulo 64
};

struct AskedFeatures {
  AskedFeatures(const FeatureSets& all, const std::vector<std::string>& wanted)
      : features(all), size(wanted.size()) {
    for (const auto& name : wanted)
      if (const auto known = all.names.find(name); known != all.names.end()) set.push_back(known->second);
    std::sort(set.begin(), set.end());
  }

  double distance(std::uint32_t cell) const {
    const auto& other = features.sets[cell];
    std::size_t common = 0;
    auto a = set.begin();
    auto b = other.begin();
    while (a != set.end() && b != other.end()) {
      common += *a == *b ? 1 : 0;
      const bool left = *a <= *b, right = *b <= *a;
      if (left) ++a;
      if (right) ++b;
    }
    return configuration::jaccard_distance(size, other.size(), common);
  }

  double bound(const FeatureBounds& bounds) const {
    std::size_t common = 0;
    for (const auto feature : set) common += (bounds.any >> (feature % 64)) & 1;
    common = std::min<std::size_t>(common, bounds.most);
    const auto all = std::max<std::size_t>(size, bounds.fewest);
    return all == 0 ? 0 : 1 - std::min(1.0, static_cast<double>(common) / static_cast<double>(all));
  }

  const FeatureSets& features;
  std::size_t size;  // unknown ones count, too
  std::vector<std::uint32_t> set;
};

/// The question as one group sees it.
struct AskedGroup {
  const Group* group = nullptr;
  double method = 0;
  // In order of all names of either: the group's column, or -1 where only one of them has the setting.
  std::vector<int> steps;
  std::vector<const AskedSetting*> columns;  // of the group; null: not asked for
  double parts = 1;
  double apart = 0;  // what no point of the group can be without

  double bound(const Tree& tree, std::uint32_t node, const AskedFeatures& features) const {
    double sum = apart + features.bound(tree.features[node]);
    const auto* bounds = tree.values.data() + std::size_t{node} * columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i]) sum += columns[i]->bound(bounds[i]);
    return sum / parts - slack;
  }

  /// In the order of the plain scan. Above `limit` any value above it will do.
  double distance(const std::uint32_t* cells, const AskedFeatures& features, double limit) const {
    double sum = method;
    for (const int step : steps) {
      sum += step < 0 ? 1.0 : columns[static_cast<std::size_t>(step)]->distance(cells[step]);
      if (sum / parts > limit) return sum / parts;
    }
    sum += features.distance(cells[columns.size()]);
    return sum / parts;
  }
};

/// Merges the names of the question with those of a group.
AskedGroup asked_of(const Group& group, const std::string& method,
                    const std::map<std::string, AskedSetting>& asked,
                    const std::vector<const std::string*>& names) {
  AskedGroup made;
  made.group = &group;
  made.method = made.apart = group.method == method ? 0 : configuration::method_weight;
  made.columns.assign(group.settings.size(), nullptr);
  auto x = asked.begin();
  for (std::size_t column = 0; column < group.settings.size() || x != asked.end();) {
    const auto* name = column < group.settings.size() ? names[group.settings[column]] : nullptr;
    const int order = !name ? -1 : x == asked.end() ? 1 : x->first.compare(*name);
    made.steps.push_back(order == 0 ? static_cast<int>(column) : -1);
    if (order == 0) made.columns[column] = &x->second;
    if (order != 0) made.apart += 1;
    if (order <= 0) ++x;
    if (order >= 0) ++column;
  }
  made.parts = configuration::parts_of(made.steps.size());
  return made;
}

/// A node to visit; without a tree: the group's points that are in none.
struct Visit {
  double bound = 0;
  const AskedGroup* group = nullptr;
  const Tree* tree = nullptr;
  std::uint32_t node = 0;
  friend bool operator<(const Visit& a, const Visit& b) { return a.bound > b.bound; }  // the nearest on top
};

struct Near {
  double distance = 0;
  const std::string* key = nullptr;
  friend bool operator<(const Near& a, const Near& b) {
    return a.distance != b.distance ? a.distance < b.distance : *a.key < *b.key;
  }
};

/// The `k` nearest so far, the farthest on top.
class Nearest {
 public:
  explicit Nearest(std::size_t k) : k_(k) {}
  double limit() const {
    return found_.size() < k_ ? std::numeric_limits<double>::infinity() : found_.top().distance;
  }
  /// False where it is too far, or its key comes too late.
  bool offer(Near near) {
    if (found_.size() >= k_) {
      if (!(near < found_.top())) return false;
      found_.pop();
    }
    found_.push(near);
    return true;
  }
  std::vector<NearestIndex::Found> take() {
    std::vector<NearestIndex::Found> list(found_.size());
    for (auto i = list.size(); i-- > 0; found_.pop()) list[i] = {*found_.top().key, found_.top().distance};
    return list;
  }

 private:
  std::size_t k_;
  std::priority_queue<Near> found_;
};

}  // namespace

NearestIndex::NearestIndex() : data_(std::make_unique<Data>()) {}
NearestIndex::~NearestIndex() = default;
NearestIndex::NearestIndex(NearestIndex&&) noexcept = default;
NearestIndex& NearestIndex::operator=(NearestIndex&&) noexcept = default;

void NearestIndex::put(std::string_view key, const events::TrialConfigT& config) {
  const auto [group, point] = data_->point_of(config);
  auto known = data_->numbers.find(key);
  if (known == data_->numbers.end()) {
    known = data_->numbers.emplace(key, static_cast<std::uint32_t>(data_->trials.size())).first;
    data_->trials.push_back({std::string(key), nullptr, 0});
  }
  const auto& trial = data_->trials[known->second];
  if (trial.group == group && trial.point == point) return;
  data_->leave(known->second);
  data_->enter(known->second, *group, point);
}

void NearestIndex::erase(std::string_view key) {
  if (const auto known = data_->numbers.find(key); known != data_->numbers.end()) data_->leave(known->second);
}

std::size_t NearestIndex::trials() const { return data_->configured; }

std::size_t NearestIndex::points() const {
  std::size_t count = 0;
  for (const auto& [key, group] : data_->groups)
    count += static_cast<std::size_t>(std::count_if(group->trials.begin(), group->trials.end(),
                                                    [](const auto& trials) { return !trials.empty(); }));
  return count;
}

std::vector<NearestIndex::Found> NearestIndex::nearest(const events::TrialConfigT& config, std::size_t k) {
  if (k == 0) return {};
  const auto wanted = configuration::settings_of(config);
  const Dictionary unknown;  // of a setting that no trial has
  std::map<std::string, AskedSetting> asked;
  for (const auto& [name, value] : wanted) {
    const auto known = data_->settings.find(name);
    asked.try_emplace(name, known == data_->settings.end() ? unknown : data_->dictionaries[known->second],
                      value);
  }
  const AskedFeatures features(data_->features, configuration::features_of(config));
  std::vector<const std::string*> names(data_->settings.size());
  for (const auto& [name, number] : data_->settings) names[number] = &name;

  std::vector<AskedGroup> groups;
  groups.reserve(data_->groups.size());
  std::priority_queue<Visit> visits;
  for (auto& [key, group] : data_->groups) {
    organise(*group, data_->dictionaries, data_->features);
    groups.push_back(asked_of(*group, config.method, asked, names));
    const auto& one = groups.back();
    for (const auto& tree : group->trees) visits.push({one.bound(tree, 0, features), &one, &tree, 0});
    if (group->organised < group->size()) visits.push({one.apart / one.parts - slack, &one, nullptr, 0});
  }

  Nearest found(k);
  const auto consider = [&](const AskedGroup& group, const std::uint32_t* cells, std::uint32_t point) {
    const double far = group.distance(cells, features, found.limit());
    if (far > found.limit()) return;
    for (const auto trial : group.group->trials[point])
      if (!found.offer({far, &data_->trials[trial].key})) break;
  };
  for (; !visits.empty() && visits.top().bound <= found.limit();) {
    const Visit visit = visits.top();
    visits.pop();
    const Group& group = *visit.group->group;
    if (!visit.tree) {
      for (auto point = group.organised; point < group.size(); ++point)
        consider(*visit.group, group.row(point), static_cast<std::uint32_t>(point));
      continue;
    }
    const Node& node = visit.tree->nodes[visit.node];
    if (node.left != 0) {
      for (const auto child : {node.left, node.right})
        visits.push({visit.group->bound(*visit.tree, child, features), visit.group, visit.tree, child});
      continue;
    }
    for (auto i = node.begin; i < node.end; ++i)
      consider(*visit.group, visit.tree->cells.data() + i * group.width(), visit.tree->rows[i]);
  }
  return found.take();
}

}  // namespace automodel::storage
