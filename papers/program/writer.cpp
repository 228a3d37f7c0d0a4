#include "papers/program/writer.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace automodel::papers {
namespace {

/// Words that a variable of a script cannot be called.
const std::set<std::string> kReserved = {"self",  "singles", "bags",  "dense", "noise",  "batch",  "torch", "for",   "in",
                                         "if",    "else",    "while", "def",   "return", "lambda", "and",   "or",    "not",
                                         "is",    "None",    "True",  "False", "pass",   "break",  "del",   "range", "List",
                                         "float", "int",     "len",   "print", "continue", "assert", "with", "as",   "Tensor",
                                         "users", "items",   "history", "ages", "candidates", "real"};

}  // namespace

std::string number_text(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  // The shortest form that reads back the same.
  for (int digits = 1; digits < 17; ++digits) {
    char shorter[40];
    std::snprintf(shorter, sizeof shorter, "%.*g", digits, value);
    if (std::strtod(shorter, nullptr) == value) {
      std::copy(shorter, shorter + sizeof shorter, buffer);
      break;
    }
  }
  std::string text = buffer;
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return value < 0 ? "(" + text + ")" : text;
}

ScriptWriter::ScriptWriter(const Method& method, const Typed& typed, const SizeValues& values, const ScriptLimits& limits)
    : method_(method), typed_(typed), values_(values), limits_(limits), names_(kReserved) {
  for (const auto& [name, size] : values_) {
    if (const auto whole = whole_number(size)) whole_values_[name] = *whole;
  }
  sizes_.assign(typed_.axes.size(), -1);
  uses_.assign(typed_.terms.size(), 0);
  done_.resize(typed_.terms.size());
}

void ScriptWriter::fail_at(std::string code, std::string message, Span span, std::string hint) const {
  throw GenerateFailure{{std::move(code), std::move(message), where(span), std::move(hint)}};
}

std::string ScriptWriter::where(Span span) const {
  const auto& source = method_.card.source;
  if (span.end == 0) return source.name();
  return source.name(span.begin) + ":" + std::to_string(source.line(span.begin)) + ": " + latex(span);
}

std::string ScriptWriter::latex(Span span) const {
  std::string out;
  for (const char c : method_.card.source.text_of(span)) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

std::int64_t ScriptWriter::number(const Dimension& dimension, Span span) const {
  const auto resolved = typed_.solver.resolve(dimension);
  if (const auto value = resolved.value(whole_values_)) return *value;
  std::string unknown;
  for (const auto& name : resolved.symbols()) {
    if (!values_.contains(name)) unknown += (unknown.empty() ? "" : ", ") + (name[0] == '?' ? name.substr(name.find_first_not_of("?0123456789")) : name);
  }
  if (!unknown.empty()) {
    fail_at("papers.unknown_size", "nothing determines the size of " + unknown, span,
            "declare the shape ($" + unknown + " \\in \\mathbb{R}^{…}$), or give the size: --define '" + unknown + " = 16'");
  }
  fail_at("papers.bad_size", "the size " + resolved.text() + " is no whole number with these settings", span,
          "change a setting so that it is one");
}

void ScriptWriter::need_axes(const Term& term) {
  const auto need = [&](AxisId axis) {
    if (axis <= kEdges) sizes_[axis] = 100;  // for comparing costs
    if (sizes_[axis] >= 0) return;
    sizes_[axis] = number(typed_.axes[axis].size, term.span);
    if (sizes_[axis] > limits_.axes) {
      fail_at("papers.too_large", "an axis of " + std::to_string(sizes_[axis]) + " entries", term.span, "choose smaller settings");
    }
  };
  for (const auto axis : term.axes) need(axis);
  for (const auto& flat : term.joined) {
    for (const auto axis : flat) need(axis);
  }
  for (const auto& [axis, member] : term.picks) need(axis);
}

void ScriptWriter::visit(TermId id, std::vector<bool>& seen) {
  ++uses_[id];
  if (seen[id]) return;
  seen[id] = true;
  const auto& term = typed_.terms[id];
  need_axes(term);
  for (const auto arg : term.args) visit(arg, seen);
  if (term.op == Op::parameter || term.op == Op::look_up) declare(term);
  if (term.op == Op::dense) out_.sources.fields = true;
  if (term.op == Op::real || term.op == Op::ages) out_.sources.history = history_length();
  if (term.op == Op::look_up) {
    out_.sources.fields = out_.sources.fields || term.place == Place::field;
    out_.sources.users = out_.sources.users || term.place == Place::user;
    out_.sources.items = out_.sources.items || term.place == Place::candidate;
    if (term.place == Place::history) out_.sources.history = history_length();
  }
  const bool whole = term.place == Place::all_users || term.place == Place::all_items;
  if (whole || term.op == Op::degree || term.op == Op::gather || term.op == Op::sum_edges) {
    out_.sources.graph = out_.sources.users = out_.sources.items = true;
  }
  if (term.op == Op::loop_last) asked_.insert({term.loop, term.component});
  if (term.op == Op::loop_all) collected_.insert({term.loop, term.component});
  if (term.op != Op::loop_last && term.op != Op::loop_all) return;
  for (const auto& state : typed_.loops[term.loop].states) {
    if (state.has_first) visit(state.first, seen);
    if (rounds(term.loop) > 0) visit(state.next, seen);
    need_axes(typed_.terms[state.before]);
  }
}

std::int64_t ScriptWriter::rounds(LoopId id) const {
  const auto& range = typed_.loops[id].range;
  return number(range.high + Dimension(1), {}) - number(range.low, {});
}

/// A parameter or a look-up that the answer depends on.
void ScriptWriter::declare(const Term& term) {
  if (!declared_.insert(term.name).second) return;
  const auto shape_of = [&](const std::vector<Dimension>& sizes, Span span) {
    std::vector<std::int64_t> out;
    double all = 1;
    for (const auto& dimension : sizes) {
      out.push_back(number(dimension, span));
      all *= static_cast<double>(out.back());
    }
    if (all > static_cast<double>(limits_.parameters)) {
      fail_at("papers.too_large", "one weight of " + number_text(all) + " numbers", span, "choose smaller settings");
    }
    return out;
  };
  if (term.op == Op::parameter) {
    const auto& entry = typed_.parameters.at(term.name);
    const auto shape = shape_of(entry.sizes(), entry.span);
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;  // the data has no dense features
    out_.parameters.push_back({unique("p_" + entry.name).substr(2), entry.latex, term.name, shape, entry.init});
    parameter_names_[term.name] = out_.parameters.back().name;
    return;
  }
  const auto& entry = typed_.look_ups.at(term.name);
  std::vector<Dimension> sizes;
  for (const auto& range : entry.indices) sizes.push_back(range.size());
  sizes.insert(sizes.end(), entry.shape.begin(), entry.shape.end());
  out_.look_ups.push_back({unique("p_" + entry.name).substr(2), entry.latex, term.name, shape_of(sizes, entry.span), entry.init, entry.categorical_only,
                            entry.owner});
  parameter_names_[term.name] = out_.look_ups.back().name;
}

/// Plain numbers are worked out here.
std::optional<double> ScriptWriter::constant(TermId id) const {
  const auto& term = typed_.terms[id];
  switch (term.op) {
    case Op::number: return term.value;
    case Op::size: {
      const auto resolved = typed_.solver.resolve(term.dimension);
      const auto symbols = resolved.symbols();
      if (symbols.size() == 1 && resolved == Dimension::symbol(*symbols.begin())) {
        const auto at = values_.find(*symbols.begin());
        if (at != values_.end()) return at->second;
      }
      return static_cast<double>(number(resolved, term.span));
    }
    case Op::rename: return constant(term.args[0]);
    case Op::map: return constant_of_map(term);
    case Op::contract: {
      double out = 1;
      for (const auto arg : term.args) {
        const auto factor = constant(arg);
        if (!factor) return {};
        out *= *factor;
      }
      return out;
    }
    default: return {};
  }
}

std::optional<double> ScriptWriter::constant_of_map(const Term& term) const {
  std::vector<double> args;
  for (const auto arg : term.args) {
    const auto value = constant(arg);
    if (!value) return {};
    args.push_back(*value);
  }
  if (term.name == "add") return args[0] + args[1];
  if (term.name == "sub") return args[0] - args[1];
  if (term.name == "div") return args[0] / args[1];
  if (term.name == "neg") return -args[0];
  if (term.name == "sqrt") return std::sqrt(args[0]);
  if (term.name == "square") return args[0] * args[0];
  if (term.name == "log") return std::log(args[0]);
  if (term.name == "exp") return std::exp(args[0]);
  if (term.name == "pow") return std::pow(args[0], args[1]);
  if (term.name == "lt") return args[0] < args[1];
  if (term.name == "le") return args[0] <= args[1];
  if (term.name == "gt") return args[0] > args[1];
  if (term.name == "ge") return args[0] >= args[1];
  if (term.name == "eq") return args[0] == args[1];
  if (term.name == "ne") return args[0] != args[1];
  if (term.name == "where") return args[0] != 0 ? args[1] : args[2];
  return {};
}

ScriptWriter::Block& ScriptWriter::block_for(const std::set<LoopId>& loops) {
  for (std::size_t i = blocks_.size(); i-- > 1;) {
    if (loops.contains(*blocks_[i].loop)) return blocks_[i];
  }
  return blocks_.front();
}

void ScriptWriter::line(Block& block, const std::string& text) const {
  block.text += std::string(static_cast<std::size_t>(block.indent) * 4, ' ') + text + "\n";
}

std::string ScriptWriter::unique(const std::string& wanted) {
  std::string name;
  for (const char c : wanted) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name = "v" + name;
  if (names_.insert(name).second) return name;
  for (int i = 2;; ++i) {
    const auto next = name + "_" + std::to_string(i);
    if (names_.insert(next).second) return next;
  }
}

Code ScriptWriter::as_name(Block& block, Code code, const std::string& hint) {
  if (code.atom) return code;
  const auto name = unique(hint);
  line(block, name + " = " + code.text);
  code.text = name;
  code.atom = true;
  return code;
}

Code ScriptWriter::value(TermId id) {
  if (!done_[id].text.empty()) return done_[id];
  const auto& term = typed_.terms[id];
  auto code = make(id);
  // What differs in fewer loops than are open is computed before them.
  auto& block = block_for(term.loops);
  if (!code.atom && (uses_[id] > 1 || &block != &blocks_.back())) code = as_name(block, std::move(code), "t");
  done_[id] = code;
  return code;
}

/// The variable or the number of the loop's round.
const std::string& ScriptWriter::counter_of(LoopId loop, Span span) const {
  const auto counter = loop_letters_.find(loop);
  if (counter == loop_letters_.end()) {
    fail_at("papers.unsupported", "the number of a round is asked for where there is no round yet", span,
            "two recurrences that count with each other's letters cannot be written as loops");
  }
  return counter->second;
}

Code ScriptWriter::make(TermId id) {
  const auto& term = typed_.terms[id];
  if (const auto fixed = constant(id)) return {number_text(*fixed), {}, false, true};
  switch (term.op) {
    case Op::counter: {
      const auto low = number(term.dimension, term.span);
      return {"torch.arange(" + std::to_string(low) + ", " + std::to_string(low + size(term.axes[0])) + ")", term.axes, false, false};
    }
    case Op::loop_index: {
      const auto shift = number(term.dimension + Dimension(1'000'000), term.span) - 1'000'000;
      return {"(" + counter_of(term.loop, term.span) + " + " + std::to_string(shift) + ")", {}, false, false};
    }
    case Op::look_up: return look_up(term);
    case Op::real: return real(term);
    case Op::narrow: return narrow(term);
    case Op::dense: return {"dense", term.axes, true, true};
    case Op::ages: return {"ages", term.axes, true, true};
    case Op::parameter: {
      const auto name = parameter_names_.find(term.name);
      if (name != parameter_names_.end()) return {"self." + name->second, term.axes, false, true};
      std::string shape;
      for (const auto axis : term.axes) shape += (shape.empty() ? "" : ", ") + std::to_string(size(axis));
      return {"dense.new_zeros([" + shape + "])", term.axes, false, false};
    }
    case Op::rename: {
      auto code = value(term.args[0]);
      const auto& from = typed_.terms[term.args[0]].axes;
      for (auto& axis : code.axes) {
        axis = term.axes[static_cast<std::size_t>(std::find(from.begin(), from.end(), axis) - from.begin())];
      }
      return code;
    }
    case Op::map: return map(term);
    case Op::contract: return contract(term);
    case Op::reduce: return reduce(term);
    case Op::softmax: return softmax(term);
    case Op::join: return join(term);
    case Op::subset: return subset(term);
    case Op::at: return at(term);
    case Op::loop_last:
      write_loop(term.loop);
      return {state_names_.at({term.loop, term.component}), term.axes, term.batched, true};
    case Op::loop_all: return all_rounds(term);
    case Op::definition: return definition(term);
    case Op::dropout: return dropout(term);
    case Op::noise: return normal(term);
    case Op::degree: return degree(term);
    case Op::gather: return gather(term);
    case Op::sum_edges: return sum_edges(term);
    case Op::norm_layer: return norm_layer(term);
    case Op::attention: return attention(term);
    case Op::state:
    case Op::number:
    case Op::size: break;
  }
  fail_at("papers.internal", "a term has no code", term.span, "this is a flaw of the compiler: please report the card");
}

Script ScriptWriter::write() && {
  std::vector<bool> seen(typed_.terms.size());
  visit(typed_.output, seen);
  if (typed_.added_loss) visit(*typed_.added_loss, seen);
  blocks_.emplace_back();
  line(blocks_.front(), "batch = singles.size(0)");
  const bool of_interactions = out_.sources.of_interactions();
  if (of_interactions) line(blocks_.front(), "candidates = items.size(1)");
  const auto answer = value(typed_.output);
  auto result = full(answer, of_interactions ? std::vector<AxisId>{kCandidates} : std::vector<AxisId>{}).text;
  out_.adds_to_loss = typed_.added_loss.has_value();
  if (out_.adds_to_loss) {
    const auto added = value(*typed_.added_loss);
    result = "(" + result + ", " + full(added, added.axes).text + (added.axes.empty() ? ")" : ".mean(1))");
  }
  line(blocks_.front(), "return " + result);
  out_.text = std::string("def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, ") +
              (of_interactions ? "users: Tensor, items: Tensor, history: Tensor, ages: Tensor, " : "") + "noise: bool) -> " +
              (out_.adds_to_loss ? "Tuple[Tensor, Tensor]" : "Tensor") + ":\n" + blocks_.front().text;
  const auto& head = method_.card.head;
  if (!head.loss.empty()) out_.loss = head.loss;
  out_.negatives = head.negatives.value_or(0);
  out_.sources.items = of_interactions;  // candidates, be they looked at or not
  out_.sources.fields = out_.sources.fields || !of_interactions;
  return std::move(out_);
}

Result<Script> generate(const Method& method, const Typed& typed, const SizeValues& values, const ScriptLimits& limits) {
  try {
    return ScriptWriter(method, typed, values, limits).write();
  } catch (const GenerateFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace automodel::papers
