// The graph of who chose what: everything for all users, all items or all edges at once, without a batch.
#include <algorithm>

#include "papers/program/writer.hpp"

namespace automodel::papers {
namespace {

/// The ends of the edges, or the rows of a batch, as rows of tables.
std::string rows_at(Place place, AxisId of) {
  const bool users = of == kAllUsers;
  if (place == Place::edges) return users ? "self.graph_users" : "self.graph_items";
  return users ? "users" : "items";
}

std::string count_of(AxisId axis) {
  if (axis == kEdges) return "self.graph_users.size(0)";
  return axis == kAllUsers ? "self.all_users.size(0)" : "self.all_items.size(0)";
}

}  // namespace

std::string ScriptWriter::size_text(AxisId axis) const {
  if (axis == kCandidates) return "candidates";
  return axis <= kEdges ? count_of(axis) : std::to_string(size(axis));
}

/// With every axis of `target` really there, and no batch.
Code ScriptWriter::spread(Code code, const std::vector<AxisId>& target) const {
  if (code.axes == target) return code;
  const bool all = code.axes.size() == target.size();
  auto text = broadcast(code, target);
  if (!all) {
    std::string sizes;
    for (const auto axis : target) sizes += (sizes.empty() ? "" : ", ") + size_text(axis);
    text += ".expand([" + sizes + "])";
  }
  return {text, target, false, false};
}

Code ScriptWriter::degree(const Term& term) {
  const auto along = term.axes[0];
  return {"dense.new_zeros([" + count_of(along) + "]).index_add(0, " + rows_at(Place::edges, along) + ", dense.new_ones([" +
              count_of(kEdges) + "]))",
          term.axes, false, false};
}

/// The parts of `args[0]` that belong to the ends of edges, or to the users and candidates of a batch.
Code ScriptWriter::gather(const Term& term) {
  auto order = typed_.terms[term.args[0]].axes;
  const auto whole = spread(value(term.args[0]), order);
  const auto rows = rows_at(term.place, term.over);
  if (term.place != Place::candidate) {
    return {whole.text + ".index_select(0, " + rows + ")", term.axes, term.batched, false};
  }
  // Candidates that all rows share are [1, C], as look-ups of them.
  std::string sizes = "items.size(0), candidates";
  for (std::size_t i = 1; i < order.size(); ++i) sizes += ", " + size_text(order[i]);
  return {whole.text + ".index_select(0, items.flatten()).view([" + sizes + "])", term.axes, true, false};
}

Code ScriptWriter::sum_edges(const Term& term) {
  std::vector<AxisId> target = {kEdges};
  target.insert(target.end(), term.axes.begin() + 1, term.axes.end());
  Code body;
  if (const auto fixed = constant(term.args[0])) {
    body = {"dense.new_full([], " + number_text(*fixed) + ")", {}, false, false};
  } else {
    body = value(term.args[0]);
  }
  body = spread(std::move(body), target);
  std::string sizes;
  for (const auto axis : term.axes) sizes += (sizes.empty() ? "" : ", ") + size_text(axis);
  return {"dense.new_zeros([" + sizes + "]).index_add(0, " + rows_at(Place::edges, term.over) + ", " + body.text + ")", term.axes, false,
          false};
}

}  // namespace automodel::papers
