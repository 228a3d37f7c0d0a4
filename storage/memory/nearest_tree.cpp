#include "storage/memory/nearest_tree.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace automodel::storage::nearest_detail {

namespace {

constexpr std::size_t leaf_points = 32;
constexpr std::size_t most_waiting = 256;  // points of a group that are scanned one by one

/// Where a value lies along its axis: positive numbers by their logarithms (within ±745), others behind them.
constexpr double behind_numbers = 1e6;

class Builder {
 public:
  Builder(const Group& group, const std::vector<Dictionary>& dictionaries, const FeatureSets& features,
          std::vector<std::uint32_t> rows)
      : group_(group), dictionaries_(dictionaries), features_(features), rows_(std::move(rows)) {}

  Tree build() {
    build_node(0, static_cast<std::uint32_t>(rows_.size()));
    tree_.cells.reserve(rows_.size() * group_.width());
    for (const auto row : rows_)
      tree_.cells.insert(tree_.cells.end(), group_.row(row), group_.row(row) + group_.width());
    tree_.rows = std::move(rows_);
    return std::move(tree_);
  }

 private:
  const Dictionary& dictionary(std::size_t setting) const { return dictionaries_[group_.settings[setting]]; }

  double position(std::uint32_t row, std::size_t axis) const {
    const auto cell = group_.row(row)[axis];
    if (axis == group_.settings.size()) return cell;
    const auto& known = dictionary(axis);
    return known.other[cell] == Dictionary::is_positive ? known.place[cell]
                                                        : behind_numbers + known.other[cell];
  }

  std::uint32_t build_node(std::uint32_t begin, std::uint32_t end) {
    const auto number = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back({begin, end, 0, 0});
    const std::size_t axis = bound(begin, end);
    if (end - begin <= leaf_points || axis == no_axis) return number;
    const auto middle = split(begin, end, axis);
    const auto left = build_node(begin, middle);
    const auto right = build_node(middle, end);
    tree_.nodes[number].left = left;
    tree_.nodes[number].right = right;
    return number;
  }

  static constexpr std::size_t no_axis = static_cast<std::size_t>(-1);

  /// Adds the bounds of a node; the axis along which its points differ most, or `no_axis`.
  std::size_t bound(std::uint32_t begin, std::uint32_t end) {
    std::size_t widest = no_axis;
    double most = 0;
    const auto consider = [&](std::size_t axis, double spread) {
      if (spread > most) most = spread, widest = axis;
    };
    consider(group_.settings.size(), bound_features(begin, end));
    for (std::size_t setting = 0; setting < group_.settings.size(); ++setting)
      consider(setting, bound_values(begin, end, setting));
    return widest;
  }

  double bound_features(std::uint32_t begin, std::uint32_t end) {
    FeatureBounds bounds;
    const auto axis = group_.settings.size();
    const auto first = group_.row(rows_[begin])[axis];
    bool same = true;
    for (auto i = begin; i < end; ++i) {
      const auto set = group_.row(rows_[i])[axis];
      same = same && set == first;
      const auto size = static_cast<std::uint32_t>(features_.sets[set].size());
      bounds.any |= features_.masks[set];
      bounds.fewest = std::min(bounds.fewest, size);
      bounds.most = std::max(bounds.most, size);
    }
    tree_.features.push_back(bounds);
    return same ? 0 : 1;
  }

  double bound_values(std::uint32_t begin, std::uint32_t end, std::size_t setting) {
    ValueBounds bounds;
    const auto& known = dictionary(setting);
    const auto first = known.other[group_.row(rows_[begin])[setting]];
    bool same = true;  // of the other values
    for (auto i = begin; i < end; ++i) {
      const auto cell = group_.row(rows_[i])[setting];
      same = same && known.other[cell] == first;
      if (known.other[cell] != Dictionary::is_positive) {
        bounds.others |= std::uint64_t{1} << (known.other[cell] % 64);
        continue;
      }
      const bool fresh = bounds.low > bounds.high;
      bounds.low = fresh ? known.place[cell] : std::min(bounds.low, known.place[cell]);
      bounds.high = fresh ? known.place[cell] : std::max(bounds.high, known.place[cell]);
    }
    tree_.values.push_back(bounds);
    if (bounds.others != 0) return same ? 0 : 1;
    return (bounds.high - bounds.low) / std::log(100.0);
  }

  /// Points below and above a place near the middle, equal ones together; both sides have some.
  std::uint32_t split(std::uint32_t begin, std::uint32_t end, std::size_t axis) {
    std::vector<std::pair<double, std::uint32_t>> keyed;
    keyed.reserve(end - begin);
    for (auto i = begin; i < end; ++i) keyed.emplace_back(position(rows_[i], axis), rows_[i]);
    const auto middle = keyed.begin() + static_cast<std::ptrdiff_t>(keyed.size() / 2);
    std::nth_element(keyed.begin(), middle, keyed.end());
    const double pivot = middle->first;
    const auto below =
        std::partition(keyed.begin(), keyed.end(), [&](const auto& one) { return one.first < pivot; });
    const auto above =
        std::partition(below, keyed.end(), [&](const auto& one) { return one.first <= pivot; });
    const auto off = [&](auto place) { return std::abs((place - keyed.begin()) - (keyed.end() - place)); };
    const bool at_below = above == keyed.end() || (below != keyed.begin() && off(below) <= off(above));
    const auto cut = at_below ? below : above;
    for (std::size_t i = 0; i < keyed.size(); ++i) rows_[begin + i] = keyed[i].second;
    return begin + static_cast<std::uint32_t>(cut - keyed.begin());
  }

  const Group& group_;
  const std::vector<Dictionary>& dictionaries_;
  const FeatureSets& features_;
  std::vector<std::uint32_t> rows_;
  Tree tree_;
};

}  // namespace

std::uint32_t Dictionary::id_of(std::string_view text) {
  if (const auto known = ids.find(text); known != ids.end()) return known->second;
  const auto id = static_cast<std::uint32_t>(values.size());
  ids.emplace(text, id);
  values.push_back(configuration::value_of(text));
  const auto positive = values.back().positive();
  number.push_back(positive.value_or(0));
  place.push_back(positive ? std::log(*positive) : 0);
  other.push_back(positive ? is_positive : static_cast<std::uint32_t>(others.size()));
  if (!positive) others.push_back(id);
  return id;
}

std::uint32_t FeatureSets::id_of(const std::vector<std::string>& features) {
  std::vector<std::uint32_t> set;
  for (const auto& feature : features)
    set.push_back(names.emplace(feature, static_cast<std::uint32_t>(names.size())).first->second);
  std::sort(set.begin(), set.end());
  const auto [known, fresh] = ids.emplace(set, static_cast<std::uint32_t>(sets.size()));
  if (!fresh) return known->second;
  std::uint64_t mask = 0;
  for (const auto feature : set) mask |= std::uint64_t{1} << (feature % 64);
  masks.push_back(mask);
  sets.push_back(std::move(set));
  return known->second;
}

Group::Group(std::string of_method, std::vector<std::uint32_t> of_settings)
    : method(std::move(of_method)), settings(std::move(of_settings)), known_(16, Hash{this}, Equal{this}) {}

std::size_t Group::Hash::operator()(std::uint32_t row) const {
  std::uint64_t hash = 0x9e3779b97f4a7c15ull;
  for (std::size_t i = 0; i < group->width(); ++i) {
    hash = (hash ^ group->row(row)[i]) * 0xff51afd7ed558ccdull;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

bool Group::Equal::operator()(std::uint32_t a, std::uint32_t b) const {
  return std::equal(group->row(a), group->row(a) + group->width(), group->row(b));
}

std::uint32_t Group::point_of(const std::vector<std::uint32_t>& wanted) {
  // Added first, so that it can be compared with the others; taken back where it is known.
  const auto fresh = static_cast<std::uint32_t>(trials.size());
  cells.insert(cells.end(), wanted.begin(), wanted.end());
  const auto [known, added] = known_.insert(fresh);
  if (added)
    trials.emplace_back();
  else
    cells.resize(cells.size() - width());
  return *known;
}

void organise(Group& group, const std::vector<Dictionary>& dictionaries, const FeatureSets& features) {
  const std::size_t waiting = group.size() - group.organised;
  if (waiting <= most_waiting) return;
  std::vector<std::uint32_t> rows(waiting);
  std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(group.organised));
  while (!group.trees.empty() && group.trees.back().rows.size() <= rows.size()) {
    rows.insert(rows.end(), group.trees.back().rows.begin(), group.trees.back().rows.end());
    group.trees.pop_back();
  }
  group.trees.push_back(Builder(group, dictionaries, features, std::move(rows)).build());
  group.organised = group.size();
}

}  // namespace automodel::storage::nearest_detail
