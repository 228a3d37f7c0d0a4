// Columns and trees of the index of configurations. Private to storage/memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/memory/configuration.hpp"

namespace automodel::storage::nearest_detail {

using configuration::Value;

/// Names as numbers. Looked up without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using TextIds = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

/// All values that one setting ever had.
struct Dictionary {
  static constexpr std::uint32_t is_positive = 0xFFFFFFFF;

  std::uint32_t id_of(std::string_view text);

  TextIds ids;
  std::vector<Value> values;
  std::vector<double> number;         // of positive numbers
  std::vector<double> place;          // its logarithm
  std::vector<std::uint32_t> other;   // rank among the values that are no positive number, or is_positive
  std::vector<std::uint32_t> others;  // those values
};

/// All sets of features that ever were, as sorted numbers of names.
struct FeatureSets {
  std::uint32_t id_of(const std::vector<std::string>& features);

  TextIds names;
  std::vector<std::vector<std::uint32_t>> sets;
  std::vector<std::uint64_t> masks;  // a bit for each element, modulo 64
  std::map<std::vector<std::uint32_t>, std::uint32_t> ids;
};

/// Bounds of one setting over a node's points.
struct ValueBounds {
  double low = 1, high = 0;  // places of positive numbers; none where low > high
  std::uint64_t others = 0;  // ranks of other values, modulo 64
};
struct FeatureBounds {
  std::uint64_t any = 0;  // features of any of its sets, modulo 64
  std::uint32_t fewest = 0xFFFFFFFF, most = 0;
};

struct Node {
  std::uint32_t begin = 0, end = 0;   // its points
  std::uint32_t left = 0, right = 0;  // 0: a leaf
};

struct Tree {
  std::vector<std::uint32_t> cells;  // of its points, one after the other: copied for the cache's sake
  std::vector<std::uint32_t> rows;   // which points of the group they are
  std::vector<Node> nodes;           // the first is the root
  std::vector<ValueBounds> values;   // of each node, one for each setting
  std::vector<FeatureBounds> features;
};

/// Points with the same method and the same names of settings. Must not move: `known` refers to it.
struct Group {
  Group(std::string of_method, std::vector<std::uint32_t> of_settings);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  std::size_t width() const { return settings.size() + 1; }
  const std::uint32_t* row(std::size_t i) const { return cells.data() + i * width(); }
  std::size_t size() const { return trials.size(); }
  /// The point with these cells; made where there is none.
  std::uint32_t point_of(const std::vector<std::uint32_t>& wanted);

  std::string method;
  std::vector<std::uint32_t> settings;  // numbers of their names, in order of the names
  std::vector<std::uint32_t> cells;     // of each point: values in that order, then the set of features
  std::vector<std::vector<std::uint32_t>> trials;  // of each point, in order of keys
  std::vector<Tree> trees;
  std::size_t organised = 0;  // points before this one are in trees

 private:
  struct Hash {
    const Group* group;
    std::size_t operator()(std::uint32_t row) const;
  };
  struct Equal {
    const Group* group;
    bool operator()(std::uint32_t a, std::uint32_t b) const;
  };
  std::unordered_set<std::uint32_t, Hash, Equal> known_;
};

/// Puts points that are in no tree into one, once there are more than a few.
void organise(Group& group, const std::vector<Dictionary>& dictionaries, const FeatureSets& features);

}  // namespace automodel::storage::nearest_detail
