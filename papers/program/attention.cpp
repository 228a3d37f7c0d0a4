// Attention, written as the fused operator's pattern: one problem of three dimensions, heads and other indices beside the batch.
#include <cmath>

#include "papers/program/writer.hpp"

namespace automodel::papers {

Code ScriptWriter::attention(const Term& term) {
  const std::vector<AxisId> indices(term.axes.begin(), term.axes.end() - 2);
  const auto count = std::to_string(indices.size());
  const auto problems = [&](TermId id) {
    const auto& own = typed_.terms[id].axes;
    auto target = indices;
    target.insert(target.end(), own.end() - 2, own.end());
    const auto code = full(value(id), target);
    return indices.empty() ? code.text : code.text + ".flatten(0, " + count + ")";
  };
  auto target = indices;
  target.push_back(term.axes[indices.size()]);
  target.push_back(term.over);
  constexpr std::size_t kFirstMask = 3;
  const auto [conditions, loops, batched] = conditions_of(term, kFirstMask, target);
  auto text = "torch.logical_not(" + conditions + ")";
  if (!batched) text += ".unsqueeze(0)";
  if (batched && !indices.empty()) {
    text += ".expand([batch";
    for (const auto axis : indices) text += ", " + size_text(axis);
    text += ", -1, -1]).flatten(0, " + count + ")";
  }
  const auto hidden = as_name(block_for(loops), {text, {}, batched, false}, "hidden").text;
  const auto q = problems(term.args[0]), k = problems(term.args[1]), v = problems(term.args[2]);
  const auto root = number_text(std::sqrt(static_cast<double>(number(term.dimension, term.span))));
  auto out = "torch.einsum(\"zab,zbc->zac\", [torch.softmax((torch.einsum(\"zab,zcb->zac\", [" + q + ", " + k + "]) / " + root +
             ").masked_fill(" + hidden + ", -1e9), 2).masked_fill(" + hidden + ", 0.0), " + v + "])";
  if (!indices.empty()) {
    out += ".reshape([batch";
    for (const auto axis : term.axes) out += ", " + size_text(axis);
    out += "])";
  }
  return {out, term.axes, true, false};
}

}  // namespace automodel::papers
