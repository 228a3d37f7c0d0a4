// What a round of a loop computes from its place in the history alone, such as W x_t, is computed for all rounds at once before.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {

class Hoister {
 public:
  Hoister(Typer& typer, LoopId loop) : typer_(typer), loop_(loop) {}

  TermId rewritten(TermId id) {
    if (!depends(id)) return id;
    if (const auto known = rewritten_.find(id); known != rewritten_.end()) return known->second;
    auto out = id;
    if (movable(id) && worth(id)) {
      out = picked(moved(id), id);
    } else {
      Term term = typer_.at(id);
      bool changed = false;
      for (auto& arg : term.args) {
        const auto next = rewritten(arg);
        changed = changed || next != arg;
        arg = next;
      }
      if (changed) out = typer_.add(std::move(term));
    }
    return rewritten_[id] = out;
  }

 private:
  bool depends(TermId id) const { return typer_.at(id).loops.contains(loop_); }

  bool is_leaf(const Term& term) const {
    return term.op == Op::at && term.in_loop && term.loop == loop_ && !depends(term.args[0]) && typer_.at(term.args[0]).batched;
  }

  /// Whether it depends on the round through entries of what is there before the loop, and through nothing else.
  bool movable(TermId id) {
    if (!depends(id)) return true;
    const auto& term = typer_.at(id);
    if (term.loops.size() > 1) return false;
    if (is_leaf(term)) return true;
    if (const auto known = movable_.find(id); known != movable_.end()) return known->second;
    bool out = !term.in_loop && (term.op == Op::map || term.op == Op::contract || term.op == Op::reduce || term.op == Op::softmax ||
                                 term.op == Op::join || term.op == Op::at || term.op == Op::definition || term.op == Op::rename ||
                                 term.op == Op::norm_layer || term.op == Op::dropout);
    const auto args = term.args;
    for (const auto arg : args) out = out && movable(arg);
    return movable_[id] = out;
  }

  /// Whether there is a sum of products in it: picking entries out of something costs nothing in any case.
  bool worth(TermId id) {
    if (!depends(id) || is_leaf(typer_.at(id))) return false;
    if (const auto known = worth_.find(id); known != worth_.end()) return known->second;
    const auto& term = typer_.at(id);
    bool out = false;
    for (const auto arg : term.args) {
      for (const auto axis : typer_.at(arg).axes) {
        out = out || (term.op == Op::contract && std::find(term.axes.begin(), term.axes.end(), axis) == term.axes.end());
      }
    }
    const auto args = term.args;
    for (const auto arg : args) out = out || worth(arg);
    return worth_[id] = out;
  }

  const Range& range() const { return typer_.typed_.loops[loop_].range; }

  /// For all rounds, along an axis of its own.
  TermId moved(TermId id) {
    if (!depends(id)) return id;
    if (const auto known = moved_.find(id); known != moved_.end()) return known->second;
    if (!axis_) axis_ = typer_.axis(range().size(), typer_.typed_.loops[loop_].letter, typer_.at(id).span);
    Term term = typer_.at(id);
    if (is_leaf(term)) {
      const auto whole = term.args[0];
      const auto start = typer_.typed_.solver.resolve(range().low + term.dimension);
      const auto same = start == Dimension(0) && typer_.typed_.solver.resolve(typer_.size(term.over) - range().size()) == Dimension(0);
      if (same) return moved_[id] = typer_.renamed(whole, {{term.over, *axis_}});
      Term part;
      part.op = Op::narrow;
      part.args = {whole};
      part.dimension = start;
      part.over = *axis_;
      part.picks = {{term.over, 0}};
      part.span = term.span;
      for (const auto axis : typer_.at(whole).axes) part.axes.push_back(axis == term.over ? *axis_ : axis);
      return moved_[id] = typer_.add(std::move(part));
    }
    for (auto& arg : term.args) arg = moved(arg);
    term.loops.clear();
    // Where nothing is read by position, one more axis in front disturbs nothing.
    term.axes.insert(term.axes.begin(), *axis_);
    if (term.op == Op::rename) {  // axes of a renamed term are those of what it renames, in order
      const auto& old = typer_.at(typer_.at(id).args[0]).axes;
      std::map<AxisId, AxisId> names;
      for (std::size_t i = 0; i < old.size(); ++i) names[old[i]] = typer_.at(id).axes[i];
      term.axes.clear();
      for (const auto axis : typer_.at(term.args[0]).axes) term.axes.push_back(names.contains(axis) ? names[axis] : axis);
    }
    return moved_[id] = typer_.add(std::move(term));
  }

  /// This round's entry.
  TermId picked(TermId all, TermId original) {
    Term term;
    term.op = Op::at;
    term.args = {all};
    term.over = *axis_;
    term.dimension = Dimension(0) - range().low;
    term.in_loop = true;
    term.loop = loop_;
    term.span = typer_.at(original).span;
    for (const auto axis : typer_.at(all).axes) {
      if (axis != *axis_) term.axes.push_back(axis);
    }
    return typer_.add(std::move(term));
  }

  Typer& typer_;
  LoopId loop_;
  std::optional<AxisId> axis_;
  std::map<TermId, bool> movable_, worth_;
  std::map<TermId, TermId> moved_, rewritten_;
};

void Typer::hoist() {
  for (LoopId loop = 0; loop < typed_.loops.size(); ++loop) {
    Hoister hoister(*this, loop);
    for (std::size_t i = 0; i < typed_.loops[loop].states.size(); ++i) {
      const auto next = hoister.rewritten(typed_.loops[loop].states[i].next);
      typed_.loops[loop].states[i].next = next;
    }
  }
}

}  // namespace automodel::papers
