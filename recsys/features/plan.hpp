// A feature set bound to a data set: every distinct subexpression once, in an order in which each comes after
// what it is made of, and the history that they share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "recsys/features/expression.hpp"
#include "recsys/features/feature.hpp"
#include "recsys/features/history.hpp"
#include "recsys/features/keys.hpp"

namespace automodel::recsys {

/// What one kind of history is kept of: values of a source (less what was expected of them) by key.
struct History {
  enum class Kind : std::uint8_t { totals, timeline, similarity } kind = Kind::totals;
  std::size_t key = 0;                                   // number of its KeyIndex
  std::string value;                                     // label, a number column, or empty: only counted
  std::vector<std::pair<std::size_t, double>> expected;  // nodes and signs: subtracted from the value
  std::vector<Totals> totals;                            // [keys]
  std::vector<Timeline> timelines;                       // [keys]
  std::optional<Similarity> similarity;
};

struct Node {
  Expression expression;
  std::string text;     // canonical
  bool timely = false;  // reads history: computed in the pass over time
  std::size_t history = 0;
  std::size_t prior = no_node;     // node of the prior of a smoothed mean, or of all rows of a popularity
  std::size_t everything = 0;      // popularity: the history of all rows
  std::vector<std::size_t> parts;  // bucket, cross: nodes
  std::optional<ColumnReader> category;                    // a category column inside a cross
  std::span<const float> numbers;                          // a number column inside a bucket
  Table table = Table::interactions;                       // of that column
  std::vector<float> thresholds;                           // bucket
  std::unordered_map<std::uint64_t, std::uint32_t> codes;  // cross
  FeatureColumn column;
  static constexpr std::size_t no_node = static_cast<std::size_t>(-1);
};

/// Values of all nodes at one moment.
struct Values {
  std::vector<double> numbers;
  std::vector<std::uint64_t> codes;  // of categorical nodes; of a column inside a cross, its set's identity
  std::vector<std::vector<std::uint32_t>> keys;  // [key indexes]
};

class Plan {
 public:
  static Result<Plan> make(const Dataset& data, std::span<const float> labels,
                           const std::vector<std::string>& expressions);

  /// The pass over time, then the features made of features. `train_rows` fit buckets.
  Result<void> compute(std::span<const std::uint32_t> train_rows);
  /// All nodes at a moment after all rows.
  void evaluate(const Moment& moment, Values& values) const;

  const std::vector<Node>& nodes() const { return nodes_; }
  std::vector<Node>& nodes() { return nodes_; }
  const std::vector<std::size_t>& requested() const { return requested_; }
  Values scratch() const;

 private:
  explicit Plan(const Dataset& data) : data_(data) {}
  Result<std::size_t> add(const Expression& expression);
  Result<void> add_history(Node& node);
  Result<std::size_t> add_key(const std::vector<std::string>& columns);
  Result<std::size_t> find_history(History history);
  Result<std::size_t> add_mean(const std::string& value, const std::vector<std::string>& key);
  Result<void> add_column(Node& node);
  void find_keys(const Moment& moment, Values& values) const;
  double read(const Node& node, const Moment& moment, const Values& values) const;
  std::uint64_t derive(const Node& node, const Moment& moment, const Values& values) const;
  void update(const Moment& moment, const Values& values);
  void fit_bucket(Node& node, std::span<const std::uint32_t> train_rows) const;
  Result<void> fit_cross(Node& node) const;
  void derive_rows(Node& node) const;
  std::uint64_t part_code(const Node& part, const Moment& moment) const;

  Dataset data_;
  std::map<std::string, std::span<const float>> sources_;  // by value's name
  std::vector<std::vector<std::string>> key_names_;
  std::vector<KeyIndex> keys_;
  std::vector<History> histories_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> requested_;
};

}  // namespace automodel::recsys
