// One operation each.
#include <algorithm>
#include <cmath>

#include "papers/program/writer.hpp"

namespace automodel::papers {
namespace {

const std::map<std::string, std::string> kInfix = {{"add", "+"}, {"sub", "-"}, {"div", "/"}, {"lt", "<"}, {"le", "<="},
                                                   {"gt", ">"},  {"ge", ">="}, {"eq", "=="}, {"ne", "!="}};
const std::map<std::string, std::string> kFunctions = {
    {"sigmoid", "torch.sigmoid"}, {"relu", "torch.relu"},   {"tanh", "torch.tanh"},     {"exp", "torch.exp"},
    {"log", "torch.log"},         {"sqrt", "torch.sqrt"},   {"sin", "torch.sin"},       {"cos", "torch.cos"},
    {"arctan", "torch.atan"},     {"abs", "torch.abs"},     {"sign", "torch.sign"},     {"gelu", "torch.gelu"},
    {"silu", "torch.silu"},       {"softplus", "torch.softplus"}, {"elu", "torch.elu"}, {"leakyrelu", "torch.leaky_relu"},
    {"square", "torch.square"},   {"pow", "torch.pow"},     {"atan2", "torch.atan2"},   {"maximum", "torch.maximum"},
    {"minimum", "torch.minimum"}, {"where", "torch.where"}, {"neg", "torch.neg"}};

}  // namespace

Code ScriptWriter::map(const Term& term) {
  if (const auto known = term.name == "where" ? constant(term.args[0]) : std::nullopt) {
    const auto chosen = term.args[*known != 0 ? 1 : 2];
    if (const auto fixed = constant(chosen)) return {"dense.new_full([], " + number_text(*fixed) + ")", {}, false, false};
    return value(chosen);
  }
  std::vector<std::string> args;
  std::set<AxisId> there;
  bool batched = false;
  for (const auto arg : term.args) {
    if (const auto fixed = constant(arg)) {
      // Of these the script's functions take tensors only.
      const bool tensor = term.name == "where" || term.name == "maximum" || term.name == "minimum" || term.name == "atan2";
      args.push_back(tensor ? "torch.full([], " + number_text(*fixed) + ")" : number_text(*fixed));
    } else {
      const auto code = value(arg);
      args.push_back(broadcast(code, term.axes));
      there.insert(code.axes.begin(), code.axes.end());
      batched = batched || code.batched;
    }
  }
  std::string text;
  if (term.name == "number") {
    text = args[0] + ".type_as(dense)";
  } else if (const auto infix = kInfix.find(term.name); infix != kInfix.end()) {
    text = "(" + args[0] + " " + infix->second + " " + args[1] + ")";
  } else {
    text = kFunctions.at(term.name) + "(";
    for (std::size_t i = 0; i < args.size(); ++i) text += (i == 0 ? "" : ", ") + args[i];
    text += ")";
  }
  // Broadcasting gave the result the axes that any argument has; the term may know of others that all lack.
  std::vector<AxisId> axes;
  for (const auto axis : term.axes) {
    if (there.contains(axis)) axes.push_back(axis);
  }
  return {text, axes, batched, false};
}

Code ScriptWriter::join(const Term& term) {
  const std::vector<AxisId> shared(term.axes.begin(), term.axes.end() - 1);
  std::string parts;
  for (std::size_t i = 0; i < term.args.size(); ++i) {
    auto target = shared;
    target.insert(target.end(), term.joined[i].begin(), term.joined[i].end());
    Code part;
    if (const auto fixed = constant(term.args[i])) {
      part = {"torch.full([], " + number_text(*fixed) + ")", {}, false, true};
    } else {
      part = value(term.args[i]);
    }
    const bool needs_all = term.args.size() > 1 && (term.batched || !shared.empty());
    Code whole = needs_all ? full(part, target) : permuted(part, target);
    const auto count = term.joined[i].size();
    if (count == 0) whole.text += ".unsqueeze(-1)";
    if (count > 1) whole.text += ".flatten(-" + std::to_string(count) + ")";
    parts += (i == 0 ? "" : ", ") + whole.text;
  }
  const bool batched = term.args.size() == 1 ? value(term.args[0]).batched : term.batched;
  if (term.args.size() == 1) return {parts, term.axes, batched, false};
  return {"torch.cat([" + parts + "], -1)", term.axes, batched, false};
}

/// The table of all increasing tuples of `count` positions: made once.
std::string ScriptWriter::tuples(std::int64_t count, std::uint32_t order) {
  const auto name = "tuples_" + std::to_string(count) + "_" + std::to_string(order);
  if (names_.insert(name).second) {
    line(blocks_.front(), name + " = torch.combinations(torch.arange(" + std::to_string(count) + "), " + std::to_string(order) + ")");
  }
  return name;
}

Code ScriptWriter::subset(const Term& term) {
  auto code = value(term.args[0]);
  const auto count = size(term.picks[0].first);
  const auto table = tuples(count, term.order);
  std::string index;
  for (const auto& [axis, member] : term.picks) {
    const auto column = table + ".select(1, " + std::to_string(member) + ")";
    index = index.empty() ? column : "(" + index + " * " + std::to_string(count) + " + " + column + ")";
  }
  if (term.picks.size() == 1) {
    const auto at_dimension = position(code, term.picks[0].first);
    code.text += ".index_select(" + std::to_string(at_dimension) + ", " + index + ")";
    std::replace(code.axes.begin(), code.axes.end(), term.picks[0].first, term.over);
    code.atom = false;
    return code;
  }
  // Several indices of one tuple: as one index into the axes laid out flat.
  std::vector<AxisId> order;
  for (const auto& [axis, member] : term.picks) order.push_back(axis);
  for (const auto axis : code.axes) {
    if (std::find(order.begin(), order.end(), axis) == order.end()) order.push_back(axis);
  }
  code = permuted(std::move(code), order);
  const auto first = std::to_string(code.batched ? 1 : 0), last = std::to_string((code.batched ? 0 : -1) + static_cast<int>(term.picks.size()));
  code.text += ".flatten(" + first + ", " + last + ").index_select(" + first + ", " + index + ")";
  code.axes.erase(code.axes.begin(), code.axes.begin() + static_cast<std::ptrdiff_t>(term.picks.size()));
  code.axes.insert(code.axes.begin(), term.over);
  code.atom = false;
  return code;
}

Code ScriptWriter::at(const Term& term) {
  auto code = value(term.args[0]);
  std::string index;
  if (term.in_loop) {
    const auto resolved = typed_.solver.resolve(term.dimension);
    const auto shift = number(resolved + Dimension(1'000'000), term.span) - 1'000'000;
    const auto& rounds = typed_.loops[term.loop].range;
    const auto low = number(rounds.low, term.span) + shift, high = number(rounds.high, term.span) + shift;
    if (low <= high && (low < 0 || high >= size(term.over))) {
      fail_at("papers.index_out_of_range",
              "the rounds ask for the places " + std::to_string(low + 1) + " to " + std::to_string(high + 1) + ", and there are " +
                  std::to_string(size(term.over)),
              term.span);
    }
    index = counter_of(term.loop, term.span);
    if (shift != 0) index += (shift > 0 ? " + " : " - ") + std::to_string(std::abs(shift));
  } else {
    const auto place = number(term.dimension, term.span);
    if (place >= size(term.over)) {
      fail_at("papers.index_out_of_range", "the index is past the end: there are " + std::to_string(size(term.over)), term.span);
    }
    index = std::to_string(place);
  }
  code.text += ".select(" + std::to_string(position(code, term.over)) + ", " + index + ")";
  std::erase(code.axes, term.over);
  code.atom = false;
  return code;
}

Code ScriptWriter::reduce(const Term& term) {
  auto code = value(term.args[0]);
  if (term.args.size() > 1) {
    std::vector<AxisId> target = {term.over};
    target.insert(target.end(), term.axes.begin(), term.axes.end());
    const auto mask = hidden(term, target);
    const auto& none = mask.text;
    const bool batched = code.batched || mask.batched;
    const auto all = broadcast(code, target), place = std::to_string(-static_cast<int>(target.size()));
    if (term.name == "prod") return {"torch.prod(" + all + ".masked_fill(" + none + ", 1.0), " + place + ")", term.axes, batched, false};
    const std::string function = term.name == "max" ? "amax" : "amin", far = term.name == "max" ? "-1e38" : "1e38";
    return {"torch." + function + "(" + all + ".masked_fill(" + none + ", " + far + "), [" + place + "]).masked_fill(" + none +
                ".all(" + place + "), 0.0)",
            term.axes, batched, false};
  }
  const auto dimension = std::to_string(position(code, term.over));
  if (term.name == "max") code.text = "torch.amax(" + code.text + ", [" + dimension + "])";
  if (term.name == "min") code.text = "torch.amin(" + code.text + ", [" + dimension + "])";
  if (term.name == "mean") code.text += ".mean([" + dimension + "])";
  if (term.name == "prod") code.text = "torch.prod(" + code.text + ", " + dimension + ")";
  std::erase(code.axes, term.over);
  code.atom = false;
  return code;
}

Code ScriptWriter::softmax(const Term& term) {
  auto code = value(term.args[0]);
  code.atom = false;
  if (term.args.size() == 1) {
    code.text = "torch.softmax(" + code.text + ", " + std::to_string(position(code, term.over)) + ")";
    return code;
  }
  const auto mask = hidden(term, term.axes);
  const auto& none = mask.text;
  const Code out{broadcast(code, term.axes), term.axes, code.batched || mask.batched, false};
  return {"torch.softmax(" + out.text + ".masked_fill(" + none + ", -1e9), " + std::to_string(position(out, term.over)) +
              ").masked_fill(" + none + ", 0.0)",
          out.axes, out.batched, false};
}

Code ScriptWriter::norm_layer(const Term& term) {
  auto code = value(term.args[0]);
  auto order = code.axes;
  std::erase(order, term.over);
  order.push_back(term.over);
  code = permuted(std::move(code), order);
  code.text = "torch.layer_norm(" + code.text + ", [" + std::to_string(size(term.over)) + "])";
  code.atom = false;
  return code;
}

Code ScriptWriter::dropout(const Term& term) {
  auto code = value(term.args[0]);
  const auto rate = values_.at(term.name);
  if (rate <= 0) return code;
  auto& block = block_for(term.loops);
  if (!code.batched) code = full(code, term.axes);
  code.atom = false;
  code = as_name(block, std::move(code), "t");
  std::int64_t width = 1, rounds = 1;
  std::string shape = "[batch";
  std::string from;
  for (const auto loop : term.loops) {
    const auto& range = typed_.loops[loop].range;
    const auto low = number(range.low, term.span), count = number(range.size(), term.span);
    rounds *= count;
    shape += ", " + std::to_string(count);
    from += ".select(1, " + counter_of(loop, term.span) + " - " + std::to_string(low) + ")";
  }
  for (const auto axis : code.axes) {
    const auto entries = axis == kCandidates ? 1 : size(axis);  // the same for all candidates of a row
    width *= entries;
    shape += ", " + std::to_string(entries);
  }
  auto& name = masks_[&term];  // a round that is written apart has its part of the same mask
  if (name.empty()) {
    name = "mask_" + std::to_string(out_.noise.size());
    out_.noise.push_back({name, width * rounds, rate});
  }
  const auto plain = from.empty() && code.axes.size() == 1 && code.batched;
  line(block, "if noise:");
  line(block, "    " + code.text + " = " + code.text + " * self." + name + (plain ? "" : ".view(" + shape + "])" + from));
  return code;
}

/// Numbers of the standard normal distribution, drawn in training; else zeros.
Code ScriptWriter::normal(const Term& term) {
  auto& block = blocks_.front();
  const auto& quantity = method_.quantities.at(term.name);
  std::vector<std::int64_t> shape;
  std::string sizes = "[batch";
  std::int64_t width = 1;
  for (const auto axis : term.axes) {
    shape.push_back(size(axis));
    width *= size(axis);
    sizes += ", " + std::to_string(size(axis));
  }
  sizes += "]";
  const auto drawn = "normal_" + std::to_string(out_.noise.size());
  out_.noise.push_back({drawn, width, 0, quantity.key, shape});
  const auto name = unique(quantity.name);
  line(block, name + " = dense.new_zeros(" + sizes + ")");
  line(block, "if noise:");
  line(block, "    " + name + " = self." + drawn + (shape.size() == 1 ? "" : ".view(" + sizes + ")"));
  return {name, term.axes, true, true};
}

Code ScriptWriter::definition(const Term& term) {
  Code code;
  if (const auto fixed = constant(term.args[0])) {
    code = {"dense.new_full([], " + number_text(*fixed) + ")", {}, false, false};
  } else {
    code = value(term.args[0]);
  }
  auto& block = block_for(term.loops);
  const auto text = latex(term.span);
  const auto& source = method_.card.source;
  line(block, "# " + source.place(term.span.begin) + ": " + text);
  auto right = code.text;
  if (right.size() > 2 && right.front() == '(' && right.back() == ')') {
    int depth = 0;
    bool outer = true;
    for (std::size_t i = 0; i < right.size(); ++i) {
      depth += right[i] == '(' ? 1 : right[i] == ')' ? -1 : 0;
      if (depth == 0 && i + 1 < right.size()) outer = false;
    }
    if (outer) right = right.substr(1, right.size() - 2);
  }
  const auto name = unique(term.name);
  line(block, name + " = " + right);
  const auto card = source.document(term.span.begin) == 0 ? std::string() : source.name(term.span.begin);
  out_.equations.push_back({source.line(term.span.begin), card, text, name + " = " + right});
  return {name, code.axes, code.batched, true};
}

}  // namespace automodel::papers
