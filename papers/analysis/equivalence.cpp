#include "papers/analysis/equivalence.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <set>

namespace automodel::papers {
namespace {

using Colour = std::uint64_t;
using Colours = std::vector<Colour>;

/// splitmix64 (Steele, Lea, Flood 2014): every bit of the answer depends on every bit of both.
Colour mix(Colour a, Colour b) {
  auto x = a * 0x9e3779b97f4a7c15ULL + b + 0x7f4a7c159e3779b9ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

Colour of_text(std::string_view text) {
  Colour out = text.size();
  for (const char c : text) out = mix(out, static_cast<unsigned char>(c));
  return out;
}

Colour in_order(const Colours& colours) {
  Colour out = colours.size();
  for (const auto colour : colours) out = mix(out, colour);
  return out;
}

Colour as_set(Colours colours) {
  std::ranges::sort(colours);
  return in_order(colours);
}

std::string hexadecimal(Colour colour) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(colour));
  return text;
}

bool named_by_quantity(Op op) { return op == Op::parameter || op == Op::look_up || op == Op::noise; }

bool commutes(const Term& term) {
  return term.op == Op::contract || (term.op == Op::map && (term.name == "add" || term.name == "mul" || term.name == "maximum" || term.name == "minimum"));
}

/// A thing's colour, and what is said of it in this round by what it stands in.
struct Vertex {
  Colour colour = 0;
  Colours uses;
};

class Refinement {
 public:
  explicit Refinement(const CompiledCard& card) : card_(card), typed_(card.typed) {
    terms_.resize(typed_.terms.size());
    loops_.resize(typed_.loops.size());
    reach(typed_.output);
    if (typed_.added_loss) reach(*typed_.added_loss);
    for (const auto id : order_) add_axes(id);
    axes_.resize(axis_of_.size());
    for (std::size_t i = 0; i < axis_of_.size(); ++i) axes_[i].colour = axis_of_[i] <= kEdges ? axis_of_[i] + 1 : 0;
  }

  Colour run() {
    std::size_t distinct = 0;
    for (std::size_t round = 0; round < 2 * order_.size() + 4; ++round) {
      refine();
      const auto now = different();
      if (now == distinct) break;
      distinct = now;
    }
    Colours all;
    for (const auto id : order_) all.push_back(terms_[id].colour);
    const auto added = typed_.added_loss ? terms_[named(*typed_.added_loss).term].colour : 0;
    return in_order({as_set(std::move(all)), terms_[named(typed_.output).term].colour, added, typed_.output_is_probability, typed_.output_of_item});
  }

 private:
  /// A term as it stands in another: with the axes' names there.
  struct Use {
    TermId term = 0;
    std::vector<AxisId> axes;
  };

  /// An equation's name is no part of what it computes, nor are its axes' names.
  Use named(TermId id, std::map<AxisId, AxisId> calls = {}) const {
    const auto called = [&](AxisId axis) {
      const auto at = calls.find(axis);
      return at == calls.end() ? axis : at->second;
    };
    while (typed_.terms[id].op == Op::definition || typed_.terms[id].op == Op::rename) {
      const auto& term = typed_.terms[id];
      const auto& inner = typed_.terms[term.args[0]];
      if (term.op == Op::rename) {
        std::map<AxisId, AxisId> next;
        for (std::size_t i = 0; i < inner.axes.size(); ++i) next[inner.axes[i]] = called(term.axes[i]);
        calls = std::move(next);
      }
      id = term.args[0];
    }
    Use out{id, {}};
    for (const auto axis : typed_.terms[id].axes) out.axes.push_back(called(axis));
    return out;
  }

  /// a + (b + c) as a, b, c.
  void summands(const Use& use, std::vector<Use>& out) const {
    const auto& term = typed_.terms[use.term];
    if (term.op != Op::map || term.name != "add") return out.push_back(use);
    std::map<AxisId, AxisId> calls;
    for (std::size_t i = 0; i < term.axes.size(); ++i) calls[term.axes[i]] = use.axes[i];
    for (const auto arg : term.args) summands(named(arg, calls), out);
  }

  std::vector<Use> arguments(const Term& term) const {
    std::vector<Use> out;
    const bool sum = term.op == Op::map && term.name == "add";
    for (const auto arg : term.args) {
      if (sum) {
        summands(named(arg), out);
      } else {
        out.push_back(named(arg));
      }
    }
    return out;
  }

  /// Terms on which the answer depends, also those of loops' rounds.
  void reach(TermId start) {
    std::vector<TermId> open = {named(start).term};
    while (!open.empty()) {
      const auto id = open.back();
      open.pop_back();
      if (!seen_.insert(id).second) continue;
      order_.push_back(id);
      const auto& term = typed_.terms[id];
      for (const auto& use : arguments(term)) open.push_back(use.term);
      const bool of_loop = term.op == Op::state || term.op == Op::loop_last || term.op == Op::loop_all;
      if (!of_loop) continue;
      for (const auto& state : typed_.loops[term.loop].states) {
        open.push_back(named(state.next).term);
        if (state.has_first) open.push_back(named(state.first).term);
      }
    }
    std::ranges::sort(order_);
  }

  /// Two sums may run over one axis, or each over its own: an axis is one of a term, and its uses link it with those of others.
  std::size_t axis_at(TermId id, AxisId axis) {
    const auto [at, fresh] = axis_at_.try_emplace({id, axis}, axis_of_.size());
    if (fresh) axis_of_.push_back(axis);
    return at->second;
  }

  void add_axes(TermId id) {
    const auto& term = typed_.terms[id];
    for (const auto axis : term.axes) axis_at(id, axis);
    axis_at(id, term.over);
    for (const auto& [axis, member] : term.picks) axis_at(id, axis);
    for (const auto& joined : term.joined) {
      for (const auto axis : joined) axis_at(id, axis);
    }
    for (const auto& use : arguments(term)) {
      for (const auto axis : use.axes) axis_at(id, axis);
    }
  }

  /// With every size's colour in the place of its name. `by` learns nothing new; the sizes learn of it.
  Colour size_colour(const Dimension& dimension, Colour by) {
    auto named_by_colour = typed_.solver.resolve(dimension);
    for (const auto& name : named_by_colour.symbols()) {
      auto& size = this->size(name);
      size.uses.push_back(by);
      named_by_colour = named_by_colour.replaced(name, Dimension::symbol("c" + hexadecimal(size.colour)));
    }
    return of_text(named_by_colour.text());
  }

  Vertex& size(const std::string& name) {
    const auto [at, fresh] = sizes_.try_emplace(name);
    if (fresh) {
      const auto& input = card_.method.input_sizes;
      const auto bracket = name.find('[');
      if (const auto found = input.find(name); found != input.end()) {
        at->second.colour = 1 + static_cast<Colour>(found->second);
      } else if (name == card_.method.naming.interactions().length) {
        at->second.colour = 10;
      } else if (bracket != std::string::npos) {
        at->second.colour = of_text(name.substr(bracket));  // which entry of a list
      }
    }
    return at->second;
  }

  Colour weight_colour(const Term& term, Colour by) {
    auto& weight = weights_[{term.op, term.name}];
    weight.uses.push_back(by);
    return weight.colour;
  }

  Colours axes_colours(TermId id, const std::vector<AxisId>& ids, Colour by) {
    Colours out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto& axis = axes_[axis_at(id, ids[i])];
      axis.uses.push_back(mix(by, i));
      out.push_back(axis.colour);
    }
    return out;
  }

  void refine() {
    std::vector<Colour> next(terms_.size(), 0);
    for (const auto id : order_) next[id] = seen_from(id);
    for (const auto id : order_) {
      terms_[id].colour = mix(next[id], as_set(std::move(terms_[id].uses)));
      terms_[id].uses.clear();
    }
    const auto settle = [](Vertex& vertex, Colour more) {
      vertex.colour = in_order({vertex.colour, more, as_set(std::move(vertex.uses))});
      vertex.uses.clear();
    };
    for (auto& axis : axes_) {
      const auto& said = typed_.axes[axis_of_[static_cast<std::size_t>(&axis - axes_.data())]];
      const auto from = said.first_position ? size_colour(*said.first_position, axis.colour) : 0;
      settle(axis, mix(size_colour(said.size, axis.colour), from));
    }
    for (auto& loop : loops_) {
      if (loop.uses.empty()) continue;
      const auto& said = typed_.loops[static_cast<std::size_t>(&loop - loops_.data())];
      Colours states;
      for (const auto& state : said.states) states.push_back(state_colour(state));
      settle(loop, in_order({as_set(std::move(states)), size_colour(said.range.low, loop.colour), size_colour(said.range.high, mix(loop.colour, 1))}));
    }
    for (auto& [name, weight] : weights_) settle(weight, weight_facts(name.first, name.second, weight.colour));
    for (auto& [name, size] : sizes_) settle(size, 0);
  }

  Colour state_colour(const LoopState& state) const {
    return mix(state.has_first ? terms_[named(state.first).term].colour : 0, terms_[named(state.next).term].colour);
  }

  Colour weight_facts(Op op, const std::string& name, Colour by) {
    const auto facts = [&](const auto& weight) {
      Colours out = {of_text(weight.init)};
      for (const auto& range : weight.indices) {
        out.push_back(size_colour(range.low, mix(by, out.size())));
        out.push_back(size_colour(range.high, mix(by, out.size())));
      }
      for (const auto& dimension : weight.shape) out.push_back(size_colour(dimension, mix(by, out.size())));
      return in_order(out);
    };
    if (op == Op::parameter) return facts(typed_.parameters.at(name));
    if (op != Op::look_up) return 0;
    const auto& table = typed_.look_ups.at(name);
    return in_order({facts(table), table.categorical_only, static_cast<Colour>(table.owner)});
  }

  /// A term by what it is made of; its arguments learn of it.
  Colour seen_from(TermId id) {
    const auto& term = typed_.terms[id];
    const auto own = terms_[id].colour;
    Colours out = {own, static_cast<Colour>(term.op), term.batched, term.order, term.in_loop, static_cast<Colour>(term.place),
                   std::bit_cast<Colour>(term.op == Op::number ? term.value : 0.0)};
    if (named_by_quantity(term.op)) {
      out.push_back(weight_colour(term, own));
    } else if (term.op == Op::dropout) {
      out.push_back(size_colour(Dimension::symbol(term.name), own));
    } else {
      out.push_back(of_text(term.name));
    }
    Colours args;
    const auto ids = arguments(term);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto& [inner, called] = ids[i];
      const auto place = mix(own, commutes(term) ? 0 : i);
      terms_[inner].uses.push_back(place);
      Colours links = {terms_[inner].colour};
      for (std::size_t k = 0; k < called.size(); ++k) {
        auto &outside = axes_[axis_at(id, called[k])], &inside = axes_[axis_at(inner, typed_.terms[inner].axes[k])];
        outside.uses.push_back(in_order({place, terms_[inner].colour, inside.colour, k}));
        inside.uses.push_back(mix(place, outside.colour));
        links.push_back(outside.colour);
      }
      args.push_back(in_order(links));
    }
    out.push_back(commutes(term) ? as_set(std::move(args)) : in_order(args));
    out.push_back(size_colour(term.dimension, own));
    out.push_back(in_order(axes_colours(id, term.axes, own)));
    out.push_back(in_order(axes_colours(id, {term.over}, mix(own, 2))));
    for (const auto& [axis, member] : term.picks) out.push_back(in_order(axes_colours(id, {axis}, mix(own, 3 + member))));
    for (const auto& joined : term.joined) out.push_back(in_order(axes_colours(id, joined, mix(own, 4))));
    const bool of_loop = term.in_loop || term.op == Op::loop_index || term.op == Op::state || term.op == Op::loop_last || term.op == Op::loop_all;
    if (of_loop) {
      auto& loop = loops_[term.loop];
      loop.uses.push_back(own);
      out.push_back(loop.colour);
      if (term.op != Op::loop_index && term.op != Op::at) out.push_back(state_colour(typed_.loops[term.loop].states[term.component]));
    }
    return in_order(out);
  }

  std::size_t different() const {
    std::set<Colour> all;
    for (const auto id : order_) all.insert(terms_[id].colour);
    for (const auto* vertices : {&axes_, &loops_}) {
      for (const auto& vertex : *vertices) all.insert(vertex.colour);
    }
    for (const auto& [name, weight] : weights_) all.insert(weight.colour);
    for (const auto& [name, size] : sizes_) all.insert(size.colour);
    return all.size();
  }

  const CompiledCard& card_;
  const Typed& typed_;
  std::set<TermId> seen_;
  std::map<std::pair<TermId, AxisId>, std::size_t> axis_at_;
  std::vector<AxisId> axis_of_;  // what `axes_` are of
  std::vector<TermId> order_;
  std::vector<Vertex> terms_, axes_, loops_;
  std::map<std::pair<Op, std::string>, Vertex> weights_;
  std::map<std::string, Vertex> sizes_;
};

std::string loss_of(const Head& head) { return head.loss.empty() ? "logloss" : head.loss; }

}  // namespace

std::string program_fingerprint(const CompiledCard& card) {
  return card.problems.empty() ? hexadecimal(Refinement(card).run()) : std::string();
}

bool same_method(const CompiledCard& a, const CompiledCard& b) {
  const auto &left = a.method.card.head, &right = b.method.card.head;
  if (!a.problems.empty() || !b.problems.empty()) return false;
  return loss_of(left) == loss_of(right) && left.negatives.value_or(0) == right.negatives.value_or(0) &&
         program_fingerprint(a) == program_fingerprint(b);
}

}  // namespace automodel::papers
