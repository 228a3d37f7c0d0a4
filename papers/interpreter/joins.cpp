// What is laid out: one after the other, as rows, or side by side.
#include <algorithm>
#include <set>

#include "papers/interpreter/evaluator.hpp"
#include "papers/meaning/trees.hpp"

namespace automodel::papers {

Array Evaluator::joined(const std::vector<Array>& parts) {
  Array out{{0}, {}, false, {}};
  for (const auto& part : parts) {
    const auto there = part.present();
    out.data.insert(out.data.end(), there.data.begin(), there.data.end());
  }
  out.shape[0] = static_cast<std::int64_t>(out.data.size());
  return out;
}

/// Two matrices or more with their columns one after the other; anything else laid out flat.
Array Evaluator::side_by_side(const std::vector<Array>& parts) {
  const bool matrices = std::ranges::all_of(parts, [](const Array& part) { return part.rank() == 2; });
  if (!matrices || parts.empty()) return joined(parts);
  std::int64_t columns = 0;
  for (const auto& part : parts) columns += part.shape[1];
  auto out = Array::zeros({parts[0].shape[0], columns});
  std::size_t next = 0;
  for (std::int64_t row = 0; row < out.shape[0]; ++row) {
    for (const auto& part : parts) {
      out.absent[0] = std::max(out.absent[0], part.absent[0]);
      for (std::int64_t column = 0; column < part.shape[1]; ++column) {
        out.data[next++] = column < part.absent[1] ? 0 : part.at(row, column);
      }
    }
  }
  return out;
}

/// What a family or an enumeration lays out: its rows, columns side by side, or flat. The first `absent` are padding.
Array Evaluator::laid_out(const std::vector<Array>& parts, int rank, std::int64_t absent) {
  if (parts.empty()) return joined(parts);
  if (rank != 1 && parts[0].rank() == 2) return side_by_side(parts);
  std::vector<Array> there = parts;
  if (rank == 2 && parts[0].rank() == 1) {
    auto out = joined(there);
    out.shape = {static_cast<std::int64_t>(parts.size()), parts[0].shape[0]};
    out.absent = {absent, parts[0].absent[0]};
    return out;
  }
  for (std::int64_t i = 0; i < absent; ++i) there[static_cast<std::size_t>(i)] = there[static_cast<std::size_t>(i)].each([](double) { return 0; });
  return joined(there);
}

/// `[x_t]_{t=1}^{T}`: flat, or where a matrix is wanted its rows; `[a_{ij}]_{i,j}` then its entries.
Array Evaluator::family(const Node& node, const Scope& scope, int rank) {
  const auto letters = bound_letters(node.sub);
  std::vector<Array> parts;
  std::vector<std::set<std::int64_t>> all(letters.size()), absent(letters.size());
  for (const auto& round : rounds(node.sub, node.sup, node.parts[0], scope)) {
    const auto now = value(node.parts[0], round);
    parts.push_back(round.absent && now.rank() < 2 ? now.each([](double) { return 0; }) : now);
    for (std::size_t l = 0; l < letters.size(); ++l) {
      const auto found = round.letters.find(letters[l]);
      if (found == round.letters.end()) continue;  // a size: `1 \le i < j \le n`
      all[l].insert(found->second.value);
      if (found->second.history && found->second.value < first_) absent[l].insert(found->second.value);
    }
  }
  const auto count = [](const std::set<std::int64_t>& values) { return static_cast<std::int64_t>(values.size()); };
  const bool entries = letters.size() == 2 && rank == 2 && !parts.empty() && parts[0].rank() == 0;
  if (!entries) return laid_out(parts, rank, letters.size() == 1 ? count(absent[0]) : 0);
  auto out = joined(parts);
  if (count(all[0]) * count(all[1]) != out.shape[0]) return out;  // pairs
  out.shape = {count(all[0]), count(all[1])};
  out.absent = {count(absent[0]), count(absent[1])};
  return out;
}

Array Evaluator::list(const Node& node, const Scope& scope, int rank) {
  const auto dots = std::find_if(node.parts.begin(), node.parts.end(), [](const Node& n) { return n.kind == Kind::ellipsis; });
  std::vector<Array> parts;
  if (dots == node.parts.end()) {
    for (const auto& part : node.parts) parts.push_back(value(part, scope));
    return rank == 1 || parts.size() < 2 ? joined(parts) : side_by_side(parts);
  }
  const auto general = generalise(node.parts.front(), node.parts.back(), "#");
  if (!general) stop("no enumeration", node.span);
  const auto last = to_dimension(general->high, method_.naming);
  const bool history = last && over_history(*last);
  std::int64_t absent = 0;
  for (auto i = index(general->low, scope); i <= index(general->high, scope); ++i) {
    auto inside = scope;
    inside.letters["#"] = {i, index(general->low, scope), index(general->high, scope), {}, history};
    parts.push_back(value(general->tree, inside));
    if (history && i < first_) ++absent;
  }
  return laid_out(parts, rank, absent);
}

}  // namespace automodel::papers
