// The pass over time: rows of one time are all read before any of them is added to the history.
#include <algorithm>
#include <cmath>
#include <limits>

#include "recsys/features/plan.hpp"

namespace automodel::recsys {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t max_cross = 1'000'000;

/// Mixes a value into a hash (the finaliser of MurmurHash3).
std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9E3779B97F4A7C15ull + (hash << 6) + (hash >> 2);
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCDull;
  hash ^= hash >> 33;
  hash *= 0xC4CEB9FE1A85EC53ull;
  return hash ^ (hash >> 33);
}

/// The part of a key's history that an expression looks at.
Totals part_of(const History& history, std::uint32_t key, const Expression& e, std::int64_t now) {
  if (key == KeyIndex::unseen) return {};
  if (history.kind == History::Kind::totals) return history.totals[key];
  const Timeline& timeline = history.timelines[key];
  return e.window > 0 ? timeline.since(now - e.window - 1) : timeline.newest(e.last);
}

double logarithm(std::int64_t seconds) {
  return std::log1p(static_cast<double>(std::max<std::int64_t>(seconds, 0)));
}

/// One key's value of a feature; NaN where the key has none. `prior` is of the value in all rows.
double key_value(const Expression& e, const Totals& t, double prior, double all, std::int64_t now) {
  switch (e.function) {
    case Function::count:
      return std::log1p(t.count);
    case Function::mean:
      return (t.sum + e.weight * prior) / (t.count + e.weight);
    case Function::deviation: {
      const double mean = (t.sum + e.weight * prior) / (t.count + e.weight);
      const double squares = (t.squares + e.weight * (prior * prior + 0.25)) / (t.count + e.weight);
      return std::sqrt(std::max(0.0, squares - mean * mean));
    }
    case Function::recency:
      return t.count ? logarithm(now - t.last) : missing;
    case Function::age:
      return t.count ? logarithm(now - t.first) : missing;
    case Function::popularity:
      return all > 0 ? t.count / all : 0;
    case Function::residual:
      return t.sum / (t.count + e.weight);
    default:
      return missing;
  }
}

}  // namespace

Values Plan::scratch() const {
  Values values;
  values.numbers.resize(nodes_.size(), missing);
  values.codes.resize(nodes_.size(), 0);
  values.keys.resize(keys_.size());
  return values;
}

void Plan::find_keys(const Moment& moment, Values& values) const {
  for (std::size_t k = 0; k < keys_.size(); ++k) keys_[k].find(moment, values.keys[k]);
}

/// A history feature: the average over the keys of the moment; without keys, what an unseen key would get.
double Plan::read(const Node& node, const Moment& moment, const Values& values) const {
  const Expression& e = node.expression;
  const History& history = histories_[node.history];
  if (history.kind == History::Kind::similarity) return history.similarity->expect(moment.user, moment.item);
  if (e.function == Function::mean && e.key.empty()) {
    const Totals& t = history.totals[0];
    if (e.value == "label") return (t.sum + 0.5) / (t.count + 1);
    return t.count ? t.sum / t.count : missing;
  }
  const double prior = node.prior == Node::no_node ? 0 : values.numbers[node.prior];
  double all = 0;
  if (e.function == Function::popularity) all = part_of(histories_[node.everything], 0, e, moment.time).count;
  double sum = 0;
  std::size_t counted = 0;
  for (const std::uint32_t key : values.keys[history.key]) {
    const double value = key_value(e, part_of(history, key, e, moment.time), prior, all, moment.time);
    if (std::isnan(value)) continue;
    sum += value;
    ++counted;
  }
  return counted ? sum / static_cast<double>(counted) : key_value(e, Totals{}, prior, all, moment.time);
}

void Plan::update(const Moment& moment, const Values& values) {
  for (History& history : histories_) {
    double value = 0;
    if (!history.value.empty()) {
      value = sources_.at(history.value)[moment.row];
      for (const auto& [node, sign] : history.expected)
        value -= sign * nodes_[node].column.numbers[moment.row];
      if (!std::isfinite(value)) continue;
    }
    if (history.kind == History::Kind::similarity) {
      history.similarity->add(moment.user, moment.item, value);
      continue;
    }
    for (const std::uint32_t key : values.keys[history.key]) {
      if (history.kind == History::Kind::timeline) {
        history.timelines[key].add(moment.time, value);
        continue;
      }
      Totals& t = history.totals[key];
      if (t.count++ == 0) t.first = moment.time;
      t.last = moment.time;
      t.sum += value;
      t.squares += value * value;
    }
  }
}

Result<void> Plan::compute(std::span<const std::uint32_t> train_rows) {
  for (Node& node : nodes_)
    if (node.timely) node.column.numbers.resize(data_.rows());
  Values values = scratch();
  const auto moment_of = [&](std::size_t row) {
    return Moment{data_.user()[row], data_.item()[row], data_.time()[row], row};
  };
  for (std::size_t begin = 0, end = 0; begin < data_.rows(); begin = end) {
    while (end < data_.rows() && data_.time()[end] == data_.time()[begin]) ++end;
    for (std::size_t row = begin; row < end; ++row) {
      find_keys(moment_of(row), values);
      for (std::size_t n = 0; n < nodes_.size(); ++n) {
        if (!nodes_[n].timely) continue;
        // Rounded as it is stored, here and in `evaluate`: both ways then see the same priors and buckets.
        nodes_[n].column.numbers[row] = static_cast<float>(read(nodes_[n], moment_of(row), values));
        values.numbers[n] = nodes_[n].column.numbers[row];
      }
    }
    for (std::size_t row = begin; row < end; ++row) {
      find_keys(moment_of(row), values);
      update(moment_of(row), values);
    }
  }
  for (Node& node : nodes_) {
    if (node.timely || node.expression.function == Function::column) continue;
    if (node.expression.function == Function::bucket) fit_bucket(node, train_rows);
    if (node.expression.function == Function::cross)
      if (auto fitted = fit_cross(node); !fitted) return fitted;
    derive_rows(node);
  }
  return {};
}

/// Quantiles of the training rows' values; equal ones are merged, so that every bucket is reachable.
void Plan::fit_bucket(Node& node, std::span<const std::uint32_t> train_rows) const {
  const Node& part = nodes_[node.parts[0]];
  std::vector<float> sample;
  for (const std::uint32_t row : train_rows) {
    float value = std::numeric_limits<float>::quiet_NaN();
    if (part.timely) {
      value = part.column.numbers[row];
    } else {
      const std::size_t at = table_row(part.table, {data_.user()[row], data_.item()[row], 0, row}, data_);
      value = part.numbers[at];
    }
    if (!std::isnan(value)) sample.push_back(value);
  }
  std::sort(sample.begin(), sample.end());
  node.thresholds.clear();
  for (std::uint32_t b = 1; b < node.expression.buckets && !sample.empty(); ++b)
    node.thresholds.push_back(sample[sample.size() * b / node.expression.buckets]);
  node.thresholds.erase(std::unique(node.thresholds.begin(), node.thresholds.end()), node.thresholds.end());
  node.column.cardinality = static_cast<std::uint32_t>(node.thresholds.size()) + 1;
}

/// The code of a category inside a cross: a column's whole set of values counts as one value; 0 is missing.
std::uint64_t Plan::part_code(const Node& part, const Moment& moment) const {
  std::uint32_t scratch = 0;
  const auto values = part.category->values(moment, scratch);
  if (values.size() <= 1) return values.empty() ? 0 : values[0];
  std::vector<std::uint32_t> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::uint64_t hash = sorted.size();
  for (const std::uint32_t value : sorted) hash = mix(hash, value);
  return hash;
}

/// A feature that is made of others or of the moment alone. For a cross that is not fitted yet, the
/// combination's hash.
std::uint64_t Plan::derive(const Node& node, const Moment& moment, const Values& values) const {
  switch (node.expression.function) {
    case Function::hour:
      return static_cast<std::uint64_t>(((moment.time % 86400) + 86400) % 86400 / 3600) + 1;
    case Function::weekday: {  // 1 is Monday; 1970-01-01 was a Thursday
      const std::int64_t day = (moment.time - (((moment.time % 86400) + 86400) % 86400)) / 86400;
      return static_cast<std::uint64_t>(((day + 3) % 7 + 7) % 7) + 1;
    }
    case Function::bucket: {
      const auto value = static_cast<float>(values.numbers[node.parts[0]]);
      if (std::isnan(value)) return 0;
      const auto& limits = node.thresholds;
      return static_cast<std::uint64_t>(std::upper_bound(limits.begin(), limits.end(), value) -
                                        limits.begin()) +
             1;
    }
    case Function::cross: {
      std::uint64_t hash = node.parts.size();
      for (const std::size_t part : node.parts) hash = mix(hash, values.codes[part]);
      return hash;
    }
    default:
      return 0;
  }
}

namespace {

/// What the nodes inside `node` hold at a row of the data set.
template <class PartCode>
void fill_parts(const std::vector<Node>& nodes, const Node& node, const Moment& moment, const Dataset& data,
                Values& values, const PartCode& part_code) {
  for (const std::size_t p : node.parts) {
    const Node& part = nodes[p];
    if (part.category)
      values.codes[p] = part_code(part, moment);
    else if (part.column.categorical)
      values.codes[p] = part.column.codes[moment.row];
    else if (part.timely)
      values.numbers[p] = part.column.numbers[moment.row];
    else
      values.numbers[p] = part.numbers[table_row(part.table, moment, data)];
  }
}

}  // namespace

Result<void> Plan::fit_cross(Node& node) const {
  Values values = scratch();
  for (std::size_t row = 0; row < data_.rows(); ++row) {
    const Moment moment{data_.user()[row], data_.item()[row], data_.time()[row], row};
    fill_parts(nodes_, node, moment, data_, values,
               [&](const Node& part, const Moment& m) { return part_code(part, m); });
    node.codes.try_emplace(derive(node, moment, values), static_cast<std::uint32_t>(node.codes.size()) + 1);
    if (node.codes.size() > max_cross)
      return fail("features.too_large",
                  node.text + " has over " + std::to_string(max_cross) + " combinations", data_.name(),
                  "Cross columns with fewer distinct values");
  }
  node.column.cardinality = static_cast<std::uint32_t>(node.codes.size());
  return {};
}

void Plan::derive_rows(Node& node) const {
  Values values = scratch();
  node.column.codes.resize(data_.rows());
  for (std::size_t row = 0; row < data_.rows(); ++row) {
    const Moment moment{data_.user()[row], data_.item()[row], data_.time()[row], row};
    fill_parts(nodes_, node, moment, data_, values,
               [&](const Node& part, const Moment& m) { return part_code(part, m); });
    const std::uint64_t code = derive(node, moment, values);
    node.column.codes[row] =
        node.expression.function == Function::cross ? node.codes.at(code) : static_cast<std::uint32_t>(code);
  }
}

void Plan::evaluate(const Moment& moment, Values& values) const {
  find_keys(moment, values);
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    if (node.timely) {
      // Rounded as in the columns, so that both ways fall into the same bucket.
      values.numbers[n] = static_cast<float>(read(node, moment, values));
    } else if (node.expression.function == Function::column) {
      const std::size_t row = table_row(node.table, moment, data_);
      if (node.category)
        values.codes[n] = part_code(node, moment);
      else
        values.numbers[n] = row < node.numbers.size() ? node.numbers[row] : missing;
    } else {
      values.codes[n] = derive(node, moment, values);
      if (node.expression.function != Function::cross) continue;
      const auto known = node.codes.find(values.codes[n]);
      values.codes[n] = known == node.codes.end() ? 0 : known->second;
    }
  }
}

}  // namespace automodel::recsys
