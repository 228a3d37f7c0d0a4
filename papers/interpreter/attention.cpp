// Attention, one query after the other.
#include <algorithm>
#include <cmath>

#include "papers/interpreter/evaluator.hpp"

namespace automodel::papers {

/// `j \le t` of letters that nothing binds.
bool Evaluator::is_matrix_condition(const std::vector<Node>& sub, const Scope& scope) const {
  if (sub.size() != 1 || sub[0].kind != Kind::relation || sub[0].text == "in") return false;
  bool unbound = true, letters = false;
  for_each_node(sub[0], [&](const Node& node) {
    const auto letter = Naming::letter(node);
    unbound = unbound && !scope.letters.contains(letter);
    letters = letters || (method_.naming.is_index(letter) && letter != Naming::letter(sub[0].parts[0]));
  });
  return unbound && letters && method_.naming.is_index(Naming::letter(sub[0].parts[0]));
}

/// The left letter of the relation is the column, the other the row, both from 1.
Evaluator::Scope Evaluator::at_row(const Node& relation, std::int64_t row, std::int64_t column, Scope scope) const {
  scope.letters[Naming::letter(relation.parts[0])].value = column + 1;
  for_each_node(relation.parts[1], [&](const Node& node) {
    const auto letter = Naming::letter(node);
    if (method_.naming.is_index(letter) && !scope.letters.contains(letter)) scope.letters[letter].value = row + 1;
  });
  return scope;
}

Array Evaluator::attention(const Node& node, const Scope& scope) {
  return attended(node, value(node.parts[0], scope, 2), value(node.parts[1], scope, 2), value(node.parts[2], scope, 2), scope);
}

Array Evaluator::attended(const Node& node, const Array& q, const Array& k, const Array& v, const Scope& scope) {
  auto out = Array::zeros({q.shape[0], v.shape[1]});
  out.absent = {q.absent[0], v.absent[1]};
  const auto queries = q.present(), keys = k.present();
  const auto root = std::sqrt(static_cast<double>(q.shape[1]));
  const auto absent = std::max(k.absent[0], v.absent[0]);
  for (std::int64_t i = 0; i < q.shape[0]; ++i) {
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t j = 0; j < k.shape[0]; ++j) {
      double score = 0;
      for (std::int64_t c = 0; c < q.shape[1]; ++c) score += queries.at(i, c) * keys.at(j, c);
      const bool seen = j >= absent && std::ranges::all_of(node.sub, [&](const Node& condition) {
        return condition.kind != Kind::relation || value(condition, at_row(condition, i, j, scope)).number() != 0;
      });
      weights.push_back(seen ? std::exp(score / root) : 0);
      sum += weights.back();
    }
    for (std::int64_t j = 0; j < k.shape[0] && sum > 0; ++j) {
      for (std::int64_t c = 0; c < v.shape[1]; ++c) {
        out.data[static_cast<std::size_t>(i * v.shape[1] + c)] += weights[static_cast<std::size_t>(j)] / sum * v.at(j, c);
      }
    }
  }
  return out;
}

Array Evaluator::multi_head(const Node& node, const Scope& scope) {
  const auto place = occurrence(node, method_.naming);
  Indices indices;
  for (const auto& letter : place.letters) indices.push_back(scope.letters.at(letter).value);
  std::vector<Array> inputs;
  for (const auto& part : node.parts) inputs.push_back(value(part, scope, 2));
  while (inputs.size() < 3) inputs.push_back(inputs[0]);
  std::vector<Array> heads;
  for (std::int64_t h = 1; h <= size(Dimension::symbol("heads")); ++h) {
    Indices of_head = {h};
    of_head.insert(of_head.end(), indices.begin(), indices.end());
    const auto projected = [&](std::size_t i, const std::string& label) {
      return multiply(inputs[i], weight(place.key + ".W_" + label, of_head));
    };
    heads.push_back(attended(node, projected(0, "Q"), projected(1, "K"), projected(2, "V"), scope));
  }
  return multiply(side_by_side(heads), weight(place.key + ".W_O", indices));
}

}  // namespace automodel::papers
