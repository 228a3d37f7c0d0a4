// Recurrences as loops.
#include "papers/program/writer.hpp"

namespace automodel::papers {

void ScriptWriter::write_loop(LoopId id) {
  if (!written_.insert(id).second) return;
  const auto& loop = typed_.loops[id];
  auto states = loop.states;
  const auto low = number(loop.range.low, {}), high = number(loop.range.high, {});
  const auto letter = unique(loop.letter == "#" ? "round" : loop.letter);
  {
    auto& outside = block_for(loop.inside);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const auto name = unique(states[i].name);
      state_names_[{id, i}] = name;
      const auto& axes = typed_.terms[states[i].before].axes;
      if (states[i].has_first) line(outside, name + " = " + full(value(states[i].first), axes).text);
      if (collected_.contains({id, i})) {
        if (!states[i].has_first) line(outside, name + "_all: List[Tensor] = []");
        if (states[i].has_first) line(outside, name + "_all = [" + name + "]");
      }
      done_[states[i].before] = {name, axes, true, true};
    }
  }
  if (rounds(id) == 0) return;
  Block body;
  body.loop = id;
  body.indent = block_for(loop.inside).indent + 1;
  blocks_.push_back(std::move(body));
  loop_letters_[id] = letter;
  std::vector<std::pair<std::string, std::string>> next;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto& axes = typed_.terms[states[i].before].axes;
    auto code = as_name(blocks_.back(), full(value(states[i].next), axes), states[i].name + "_next");
    next.emplace_back(state_names_[{id, i}], code.text);
  }
  for (std::size_t i = 0; i < next.size(); ++i) {
    if (states[i].has_first) line(blocks_.back(), next[i].first + " = " + next[i].second);
    if (collected_.contains({id, i})) line(blocks_.back(), next[i].first + "_all.append(" + next[i].second + ")");
  }
  const auto text = blocks_.back().text;
  blocks_.pop_back();
  auto& outside = block_for(loop.inside);
  line(outside, "for " + letter + " in range(" + std::to_string(low) + ", " + std::to_string(high + 1) + "):");
  outside.text += text;
}

/// Every round's value of a state, along a new first axis.
Code ScriptWriter::all_rounds(const Term& term) {
  write_loop(term.loop);
  const auto& name = state_names_.at({term.loop, term.component});
  return {"torch.stack(" + name + "_all" + (term.order == 1 ? "[1:]" : "") + ", 1)", term.axes, true, false};
}

}  // namespace automodel::papers
