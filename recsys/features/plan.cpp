// Binding expressions to columns: which keys, histories and nodes a feature set needs.
#include "recsys/features/plan.hpp"

#include <algorithm>

namespace automodel::recsys {

Result<Plan> Plan::make(const Dataset& data, std::span<const float> labels,
                        const std::vector<std::string>& expressions) {
  Plan plan(data);
  if (labels.size() != data.rows())
    return fail("features.bad_labels",
                std::to_string(labels.size()) + " labels for " + std::to_string(data.rows()) + " rows",
                data.name());
  plan.sources_["label"] = labels;
  for (const std::string& text : expressions) {
    auto expression = parse_feature(text);
    if (!expression) return fail(expression.error());
    auto node = plan.add(*expression);
    if (!node) return fail(node.error());
    plan.requested_.push_back(*node);
  }
  return plan;
}

Result<std::size_t> Plan::add(const Expression& expression) {
  const std::string text = canonical(expression);
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    if (nodes_[n].text == text) return n;
  Node node;
  node.expression = expression;
  node.text = text;
  for (const Expression& part : expression.parts) {
    auto added = add(part);
    if (!added) return added;
    const bool number = !nodes_[*added].column.categorical;
    if (number != (expression.function == Function::bucket))
      return fail(
          "features.syntax",
          "'" + nodes_[*added].text + "' is " + (number ? "a number" : "a category") + " inside " + text, {},
          "bucket(…) takes a number, cross(…) takes categories; bucket makes a category of a number");
    node.parts.push_back(*added);
  }
  Result<void> bound;
  switch (expression.function) {
    case Function::column:
      bound = add_column(node);
      break;
    case Function::hour:
      node.column.cardinality = 24;
      break;
    case Function::weekday:
      node.column.cardinality = 7;
      break;
    case Function::bucket:
      node.column.cardinality = expression.buckets;
      break;
    case Function::cross:
      break;  // known once the rows are read
    default:
      bound = add_history(node);
  }
  if (!bound) return fail(bound.error());
  const Function f = expression.function;
  node.column.expression = text;
  node.column.categorical = f == Function::hour || f == Function::weekday || f == Function::bucket ||
                            f == Function::cross || (f == Function::column && node.category);
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

Result<void> Plan::add_column(Node& node) {
  const std::string& name = node.expression.key[0];
  const ColumnInfo* info = data_.column(name);
  if (!info || info->kind != ColumnKind::number) {
    auto reader = ColumnReader::bind(data_, name);
    if (!reader) return fail(reader.error());
    node.category = std::move(*reader);
    return {};
  }
  if (info->table == Table::interactions && !info->context)
    return fail("features.unknown_column", "column '" + name + "' is known only after the interaction",
                data_.name(),
                "Use it as mean(" + name + " | user) or the like, which looks at earlier rows only");
  node.numbers = *data_.numbers(name);
  node.table = info->table;
  return {};
}

Result<std::size_t> Plan::add_key(const std::vector<std::string>& columns) {
  for (std::size_t k = 0; k < key_names_.size(); ++k)
    if (key_names_[k] == columns) return k;
  auto key = KeyIndex::bind(data_, columns);
  if (!key) return fail(key.error());
  key_names_.push_back(columns);
  keys_.push_back(std::move(*key));
  return keys_.size() - 1;
}

Result<std::size_t> Plan::find_history(History history) {
  if (!history.value.empty() && !sources_.contains(history.value)) {
    const ColumnInfo* info = data_.column(history.value);
    if (!info || info->kind != ColumnKind::number || info->table != Table::interactions)
      return fail("features.unknown_column", "no number column '" + history.value + "' of interactions",
                  data_.name(), "Use label, or a number column such as a rating");
    sources_[history.value] = *data_.numbers(history.value);
  }
  for (std::size_t h = 0; h < histories_.size(); ++h) {
    const History& other = histories_[h];
    if (other.kind == history.kind && other.key == history.key && other.value == history.value &&
        other.expected == history.expected && history.kind != History::Kind::similarity)
      return h;
  }
  const std::size_t size = keys_[history.key].size();
  if (history.kind == History::Kind::totals) history.totals.resize(size);
  if (history.kind == History::Kind::timeline) history.timelines.resize(size);
  histories_.push_back(std::move(history));
  return histories_.size() - 1;
}

/// The node of mean(value | key), with the usual weight.
Result<std::size_t> Plan::add_mean(const std::string& value, const std::vector<std::string>& key) {
  Expression mean;
  mean.function = Function::mean;
  mean.value = value;
  mean.key = key;
  return add(mean);
}

/// Finds or makes the history that a node reads, and the nodes that its prior and expectation come from.
Result<void> Plan::add_history(Node& node) {
  const Expression& e = node.expression;
  node.timely = true;
  History history;
  history.value = e.value;
  auto key = add_key(e.key);
  if (!key) return fail(key.error());
  history.key = *key;
  if (e.window > 0 || e.last > 0) history.kind = History::Kind::timeline;
  const auto need = [&](const std::vector<std::string>& of, double sign) -> Result<std::size_t> {
    auto mean = add_mean(e.value, of);
    if (mean && sign != 0) history.expected.emplace_back(*mean, sign);
    return mean;
  };
  if (e.function == Function::mean || e.function == Function::deviation) {
    if (e.key.empty()) {
      node.prior = Node::no_node;  // the mean of everything is the prior of all others
    } else {
      auto prior = need({}, 0);
      if (!prior) return fail(prior.error());
      node.prior = *prior;
    }
  }
  if (e.function == Function::popularity) {
    auto all = add_key({});
    if (!all) return fail(all.error());
    History everything;
    everything.kind = history.kind;
    everything.key = *all;
    auto found = find_history(std::move(everything));
    if (!found) return fail(found.error());
    node.everything = *found;
  }
  if (e.function == Function::residual || e.function == Function::similar) {
    // What is expected of a row: the item's mean for a user's residuals, the user's for an item's, both for
    // others.
    const bool of_user = e.function == Function::residual && e.key == std::vector<std::string>{"user"};
    const bool of_item = e.function == Function::residual && e.key == std::vector<std::string>{"item"};
    std::vector<std::pair<std::vector<std::string>, double>> means;
    if (!of_user) means.push_back({{"user"}, 1});
    if (!of_item) means.push_back({{"item"}, 1});
    if (!of_user && !of_item) means.push_back({{}, -1});
    for (const auto& [of, sign] : means)
      if (auto mean = need(of, sign); !mean) return fail(mean.error());
  }
  if (e.function == Function::similar) {
    if (static_cast<double>(data_.rows()) * e.last > 2e8)
      return fail("features.too_large", "similar(…) over so many rows needs too much memory", data_.name(),
                  "Use a smaller last=");
    history.kind = History::Kind::similarity;
    history.similarity.emplace(data_.users(), e.last);
  }
  auto found = find_history(std::move(history));
  if (!found) return fail(found.error());
  node.history = *found;
  return {};
}

}  // namespace automodel::recsys
