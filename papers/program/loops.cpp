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
      const bool batched = typed_.terms[states[i].before].batched;
      const auto whole = [&](Code code) { return batched ? full(std::move(code), axes) : spread(std::move(code), axes); };
      if (states[i].has_first) line(outside, name + " = " + whole(value(states[i].first)).text);
      if (collected_.contains({id, i})) {
        if (!states[i].has_first) line(outside, name + "_all: List[Tensor] = []");
        if (states[i].has_first) line(outside, name + "_all = [" + name + "]");
      }
      done_[states[i].before] = {name, axes, batched, true};
    }
  }
  const auto count = rounds(id);
  if (count == 0) return;
  // States that nobody asks for after the last round need no last round.
  std::set<std::size_t> all, asked;
  for (std::size_t i = 0; i < states.size(); ++i) {
    all.insert(i);
    if (asked_.contains({id, i}) || collected_.contains({id, i})) asked.insert(i);
  }
  bool apart = asked.size() < all.size();
  for (const auto& other : typed_.loops) apart = apart && !other.inside.contains(id);  // a loop inside is written once
  if (!apart || count > 1) {
    const auto text = round(id, letter, all, block_for(loop.inside).indent + 1);
    auto& outside = block_for(loop.inside);
    line(outside, "for " + letter + " in range(" + std::to_string(low) + ", " + std::to_string(apart ? high : high + 1) + "):");
    outside.text += text;
  }
  if (!apart) return;
  for (TermId term = 0; term < done_.size(); ++term) {
    const bool is_state = typed_.terms[term].op == Op::state && typed_.terms[term].loop == id;
    if (typed_.terms[term].loops.contains(id) && !is_state) done_[term] = {};
  }
  const auto shown = out_.equations.size();
  const auto text = round(id, std::to_string(high), asked, block_for(loop.inside).indent);
  if (count > 1) out_.equations.resize(shown);  // they are those of the loop
  block_for(loop.inside).text += text;
}

/// The statements of one round: `letter` is its variable or its number.
std::string ScriptWriter::round(LoopId id, const std::string& letter, const std::set<std::size_t>& wanted, int indent) {
  Block body;
  body.loop = id;
  body.indent = indent;
  blocks_.push_back(std::move(body));
  loop_letters_[id] = letter;
  const auto& states = typed_.loops[id].states;
  std::vector<std::pair<std::size_t, std::string>> next;
  for (const auto i : wanted) {
    const auto& axes = typed_.terms[states[i].before].axes;
    auto now = value(states[i].next);
    now = typed_.terms[states[i].before].batched ? full(std::move(now), axes) : spread(std::move(now), axes);
    auto code = as_name(blocks_.back(), std::move(now), states[i].name + "_next");
    next.emplace_back(i, code.text);
  }
  for (const auto& [i, name] : next) {
    const auto& state = state_names_[{id, i}];
    if (states[i].has_first) line(blocks_.back(), state + " = " + name);
    if (collected_.contains({id, i})) line(blocks_.back(), state + "_all.append(" + name + ")");
  }
  auto text = std::move(blocks_.back().text);
  blocks_.pop_back();
  return text;
}

/// Every round's value of a state, along a new first axis.
Code ScriptWriter::all_rounds(const Term& term) {
  write_loop(term.loop);
  const auto& name = state_names_.at({term.loop, term.component});
  return {"torch.stack(" + name + "_all" + (term.order == 1 ? "[1:]" : "") + (term.batched ? ", 1)" : ", 0)"), term.axes, term.batched, false};
}

}  // namespace automodel::papers
