// Which dimension is which: permuting and broadcasting.
#include <algorithm>

#include "papers/program/writer.hpp"

namespace automodel::papers {

int ScriptWriter::position(const Code& code, AxisId axis) const {
  const auto at = std::find(code.axes.begin(), code.axes.end(), axis);
  return static_cast<int>(at - code.axes.begin()) + (code.batched ? 1 : 0);
}

Code ScriptWriter::permuted(Code code, const std::vector<AxisId>& order) const {
  if (code.axes == order) return code;
  const bool swap = code.axes.size() == 2 && !code.batched;
  std::string dimensions = code.batched ? "0" : "";
  for (const auto axis : order) {
    dimensions += (dimensions.empty() ? "" : ", ") + std::to_string(position(code, axis));
  }
  code.text += swap ? ".t()" : ".permute([" + dimensions + "])";
  code.axes = order;
  code.atom = false;
  return code;
}

/// The text of `code` with dimensions of 1 where it lacks an axis of `target`, so that it broadcasts.
std::string ScriptWriter::broadcast(Code code, const std::vector<AxisId>& target) const {
  std::vector<AxisId> order;
  for (const auto axis : target) {
    if (std::find(code.axes.begin(), code.axes.end(), axis) != code.axes.end()) order.push_back(axis);
  }
  code = permuted(std::move(code), order);
  // Missing dimensions in front come by themselves, but for what stands behind the batch.
  bool begun = code.batched;
  int dimension = begun ? 1 : 0;
  for (const auto axis : target) {
    const bool has = std::find(order.begin(), order.end(), axis) != order.end();
    begun = begun || has;
    if (!begun) continue;
    if (!has) code.text += ".unsqueeze(" + std::to_string(dimension) + ")";
    ++dimension;
  }
  return code.text;
}

/// With every axis of `target`, and the batch, really there.
Code ScriptWriter::full(Code code, const std::vector<AxisId>& target) const {
  // Candidates that all rows share come without a batch.
  const bool shared = std::find(target.begin(), target.end(), kCandidates) != target.end();
  if (code.batched && code.axes == target && !shared) return code;
  const bool whole = code.batched && code.axes.size() == target.size() && !shared;
  auto text = broadcast(code, target);
  if (!whole) {
    text += ".expand([batch";
    for (const auto axis : target) text += ", " + size_text(axis);
    text += "])";
  }
  return {text, target, true, false};
}

}  // namespace automodel::papers
