// Products that are summed over axes: pair by pair, the cheapest first.
#include <algorithm>

#include "papers/program/writer.hpp"

namespace automodel::papers {
namespace {

constexpr double kRows = 2048;  // of a batch, for comparing costs

bool has(const std::vector<AxisId>& axes, AxisId axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }

/// The axes of both, so that neither need be permuted where their orders agree.
std::vector<AxisId> merged(const std::vector<AxisId>& a, const std::vector<AxisId>& b) {
  std::vector<AxisId> out;
  std::size_t next = 0;
  for (const auto axis : a) {
    const auto in_b = std::find(b.begin() + static_cast<std::ptrdiff_t>(next), b.end(), axis);
    if (in_b != b.end()) {
      for (; b[next] != axis; ++next) {
        if (!has(a, b[next])) out.push_back(b[next]);
      }
      ++next;
    }
    out.push_back(axis);
  }
  for (; next < b.size(); ++next) {
    if (!has(a, b[next])) out.push_back(b[next]);
  }
  return out;
}

}  // namespace

double ScriptWriter::cost(const Code& a, const Code& b) const {
  double out = a.batched || b.batched ? kRows : 1;
  for (const auto axis : a.axes) out *= static_cast<double>(size(axis));
  for (const auto axis : b.axes) {
    if (!has(a.axes, axis)) out *= static_cast<double>(size(axis));
  }
  return out;
}

Code ScriptWriter::sum(Code code, const std::vector<AxisId>& over) const {
  if (over.empty()) return code;
  std::vector<int> positions;
  for (const auto axis : over) positions.push_back(position(code, axis));
  std::sort(positions.begin(), positions.end());
  std::string dimensions;
  for (const auto p : positions) dimensions += (dimensions.empty() ? "" : ", ") + std::to_string(p);
  code.text += ".sum([" + dimensions + "])";
  std::erase_if(code.axes, [&](AxisId axis) { return has(over, axis); });
  code.atom = false;
  return code;
}

Code ScriptWriter::pair(const Code& left, const Code& right, const std::set<AxisId>& keep) {
  // What only one side has, and nobody asks for, is summed first.
  const auto reduced = [&](Code code, const Code& other) {
    std::vector<AxisId> alone;
    for (const auto axis : code.axes) {
      if (!keep.contains(axis) && !has(other.axes, axis)) alone.push_back(axis);
    }
    return sum(std::move(code), alone);
  };
  Code a = reduced(left, right), b = reduced(right, left);
  if (!a.batched && b.batched) std::swap(a, b);
  std::vector<AxisId> common, kept, a_only, b_only;
  for (const auto axis : a.axes) {
    if (!has(b.axes, axis)) {
      a_only.push_back(axis);
    } else {
      (keep.contains(axis) ? kept : common).push_back(axis);
    }
  }
  for (const auto axis : b.axes) {
    if (!has(a.axes, axis)) b_only.push_back(axis);
  }
  const bool batched = a.batched || b.batched;
  std::vector<AxisId> all = kept;
  all.insert(all.end(), a_only.begin(), a_only.end());
  all.insert(all.end(), b_only.begin(), b_only.end());
  if (common.empty()) {
    all = merged(a.axes, b.axes);
    return {"(" + broadcast(a, all) + " * " + broadcast(b, all) + ")", all, batched, false};
  }
  if (common.size() == 1 && kept.empty() && !b.batched && b_only.size() <= 1) {
    // A matrix that all rows share: one matrix product.
    auto order = a_only;
    order.push_back(common[0]);
    const auto x = permuted(a, order);
    auto weight = std::vector<AxisId>{common[0]};
    weight.insert(weight.end(), b_only.begin(), b_only.end());
    auto axes = a_only;
    axes.insert(axes.end(), b_only.begin(), b_only.end());
    return {"torch.matmul(" + x.text + ", " + permuted(b, weight).text + ")", axes, batched, false};
  }
  if (a_only.empty() && b_only.empty()) {
    const auto with = merged(a.axes, b.axes);
    Code product{"(" + broadcast(a, with) + " * " + broadcast(b, with) + ")", with, batched, false};
    return sum(std::move(product), common);
  }
  std::map<AxisId, char> letters;
  const auto labels = [&](const std::vector<AxisId>& axes, bool with_batch) {
    std::string text = with_batch ? "z" : "";
    for (const auto axis : axes) {
      const auto next = static_cast<char>('a' + letters.size());
      text += letters.emplace(axis, next).first->second;
    }
    return text;
  };
  const auto of_a = labels(a.axes, a.batched), of_b = labels(b.axes, b.batched), of_all = labels(all, batched);
  return {"torch.einsum(\"" + of_a + "," + of_b + "->" + of_all + "\", [" + a.text + ", " + b.text + "])", all, batched, false};
}

Code ScriptWriter::contract(const Term& term) {
  double factor = 1;
  std::vector<Code> open;
  for (const auto arg : term.args) {
    if (const auto fixed = constant(arg)) {
      factor *= *fixed;
    } else {
      open.push_back(value(arg));
    }
  }
  const std::set<AxisId> wanted(term.axes.begin(), term.axes.end());
  while (open.size() > 1) {
    std::size_t best_a = 0, best_b = 1;
    double best = -1;
    for (std::size_t i = 0; i < open.size(); ++i) {
      for (std::size_t j = i + 1; j < open.size(); ++j) {
        const auto price = cost(open[i], open[j]);
        if (best < 0 || price < best) {
          best = price;
          best_a = i;
          best_b = j;
        }
      }
    }
    auto keep = wanted;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (i != best_a && i != best_b) keep.insert(open[i].axes.begin(), open[i].axes.end());
    }
    auto product = pair(open[best_a], open[best_b], keep);
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(best_b));
    open[best_a] = std::move(product);
  }
  if (open.empty()) return {number_text(factor), {}, false, true};
  std::vector<AxisId> rest;
  for (const auto axis : open[0].axes) {
    if (!wanted.contains(axis)) rest.push_back(axis);
  }
  auto out = sum(std::move(open[0]), rest);
  if (factor != 1) {
    out.text = "(" + number_text(factor) + " * " + out.text + ")";
    out.atom = false;
  }
  return out;
}

}  // namespace automodel::papers
