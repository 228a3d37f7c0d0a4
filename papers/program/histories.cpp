// Users, candidate items and histories of items.
#include <algorithm>

#include "papers/program/writer.hpp"

namespace automodel::papers {

std::int64_t ScriptWriter::history_length() const {
  return number(method_.history()->high, method_.naming.interactions().history_at);
}

Code ScriptWriter::look_up(const Term& term) {
  const auto& name = parameter_names_.at(term.name);
  std::string of = "singles, bags, dense";
  if (term.place == Place::user) of = "users";
  if (term.place == Place::candidate) of = "items";
  if (term.place == Place::history) of = "history";
  if (term.place == Place::all_users) of = "self.all_users";
  if (term.place == Place::all_items) of = "self.all_items";
  return as_name(blocks_.front(), {"self." + name + "(" + of + ")", term.axes, term.batched, false}, name);
}

/// Whether there is something at positions of the history; behind its end always.
Code ScriptWriter::real(const Term& term) {
  auto& front = blocks_.front();
  const auto first = number(term.dimension, term.span), count = size(term.axes[0]), length = history_length();
  const auto here = std::max<std::int64_t>(0, std::min(count, length - first + 1)), behind = count - here;
  if (!has_real_) line(front, "real = history > 0");
  has_real_ = true;
  std::string text = "real";
  if (here < length) text += ".narrow(1, " + std::to_string(first - 1) + ", " + std::to_string(here) + ")";
  if (behind > 0) {
    text = "torch.cat([" + text + ", torch.ones([batch, " + std::to_string(behind) + "]) > 0], 1)";
  }
  return {text, term.axes, true, text == "real"};
}

Code ScriptWriter::narrow(const Term& term) {
  auto code = value(term.args[0]);
  const auto along = term.picks[0].first;
  const auto place = position(code, along);
  const auto start = number(term.dimension + Dimension(1'000'000), term.span) - 1'000'000;
  const auto before = std::max<std::int64_t>(0, -start), after = std::max<std::int64_t>(0, start + size(term.over) - size(along));
  if (before > 0 || after > 0) {
    // The pads of the last dimension stand first.
    std::string pads;
    for (auto dimension = static_cast<int>(code.dimensions()) - 1; dimension > place; --dimension) pads += "0, 0, ";
    code.text = "torch.constant_pad_nd(" + code.text + ", [" + pads + std::to_string(before) + ", " + std::to_string(after) + "])";
  }
  code.text += ".narrow(" + std::to_string(place) + ", " + std::to_string(start + before) + ", " + std::to_string(size(term.over)) + ")";
  std::replace(code.axes.begin(), code.axes.end(), along, term.over);
  code.atom = false;
  return code;
}

/// That the conditions of a term, its arguments from the `first` on, all hold.
ScriptWriter::Conditions ScriptWriter::conditions_of(const Term& term, std::size_t first, const std::vector<AxisId>& target) {
  Conditions out;
  for (std::size_t i = first; i < term.args.size(); ++i) {
    const auto mask = value(term.args[i]);
    out.loops.insert(typed_.terms[term.args[i]].loops.begin(), typed_.terms[term.args[i]].loops.end());
    out.batched = out.batched || mask.batched;
    out.text += (out.text.empty() ? "" : " & ") + broadcast(mask, target);
  }
  return out;
}

/// A name for where the masks of a softmax or a maximum, its arguments behind the first, do not all hold.
Code ScriptWriter::hidden(const Term& term, const std::vector<AxisId>& target) {
  const auto [all, loops, batched] = conditions_of(term, 1, target);
  return as_name(block_for(loops), {"torch.logical_not(" + all + ")", {}, batched, false}, "hidden");
}

}  // namespace automodel::papers
