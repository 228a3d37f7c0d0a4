#include "papers/compile.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>


namespace automodel::papers {
namespace {

std::string number_as_text(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

std::optional<std::vector<double>> read_numbers(const std::string& text) {
  std::vector<double> out;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size() || !std::isfinite(value)) return {};
    out.push_back(value);
  }
  if (out.empty() || out.size() > 64) return {};
  return out;
}

/// Old words of the command line for what cards call by a letter.
std::string card_name(const std::string& setting, const Head& head) {
  const auto has = [&](const std::string& name) {
    return std::any_of(head.parameters.begin(), head.parameters.end(), [&](const HyperParameter& p) { return p.name == name; });
  };
  if (setting == "dim" && !has("dim") && has("k")) return "k";
  if (setting == "layers" && !has("layers") && has("L")) return "L";
  return setting;
}

std::string wrong_with(const HyperParameter& parameter, const std::vector<double>& value) {
  const bool whole = std::all_of(parameter.value.begin(), parameter.value.end(), [](double x) { return x == std::floor(x) && x >= 1; });
  if (!parameter.is_list && value.size() != 1) return "must be one number";
  for (const auto x : value) {
    // The range is where a search looks; a user may go past it, but not change what the number is.
    if (parameter.low && *parameter.low >= 0 && x < 0) return "must not be negative";
    if (whole && (x != std::floor(x) || x < 1 || x > 65536)) return "must be a whole number from 1 to 65536";
  }
  return {};
}

/// Puts settings in place of the defaults.
void apply(const Settings& settings, Head& head, std::vector<Problem>& problems) {
  for (const auto& [given, text] : settings) {
    const auto name = card_name(given, head);
    const auto at = std::find_if(head.parameters.begin(), head.parameters.end(), [&](const HyperParameter& p) { return p.name == name; });
    if (at == head.parameters.end()) {
      std::vector<std::string> known;
      for (const auto& parameter : head.parameters) known.push_back(parameter.name);
      problems.push_back({"models.unknown_setting", head.method + " has no setting '" + given + "'", {}, known});
      continue;
    }
    const auto value = read_numbers(text);
    const auto wrong = value ? wrong_with(*at, *value) : "is no number";
    if (!wrong.empty()) {
      problems.push_back({"models.bad_setting", name + " = '" + text + "' " + wrong, at->span, {}});
      continue;
    }
    at->value = *value;
  }
}

/// `d = 16`: an answer to a question.
void apply_definitions(std::map<std::string, std::string> define, Method& method, std::vector<Problem>& problems) {
  define.insert(method.card.head.define.begin(), method.card.head.define.end());
  for (const auto& [name, text] : define) {
    const auto value = read_numbers(text);
    const auto size = value && value->size() == 1 ? whole_number((*value)[0]) : std::nullopt;
    if (!size || *size < 1) {
      problems.push_back({"papers.bad_definition", name + " = " + text + ": a size is a whole number from 1 to 10^12", {}, {}});
    } else if (!method.naming.is_size(name)) {
      problems.push_back({"papers.bad_definition", "the card has no size " + name, {}, {}});
    } else {
      method.size_equations.push_back({Dimension::symbol(name), Dimension(*size), {}});
    }
  }
}

std::optional<double> evaluate(const Node& node, const std::map<std::string, double>& values) {
  if (node.kind != Kind::symbol && !node.sup.empty()) {
    auto base = node;
    base.sup.clear();
    const auto value = evaluate(base, values), power = evaluate(node.sup[0], values);
    return value && power ? std::optional(std::pow(*value, *power)) : std::nullopt;
  }
  const auto part = [&](std::size_t i) { return evaluate(node.parts[i], values); };
  switch (node.kind) {
    case Kind::number: return node.value;
    case Kind::symbol: {
      std::string name = node.text;
      for (const auto& script : node.sub) {
        name += "_" + (script.kind == Kind::number ? number_as_text(script.value) : script.text);
      }
      const auto at = values.find(name);
      if (at == values.end()) return {};
      if (node.sup.empty()) return at->second;
      const auto power = evaluate(node.sup[0], values);
      return power ? std::optional(std::pow(at->second, *power)) : std::nullopt;
    }
    case Kind::group: return part(0);
    case Kind::product: {
      double out = 1;
      for (std::size_t i = 0; i < node.parts.size(); ++i) {
        const auto factor = part(i);
        if (!factor) return {};
        out *= *factor;
      }
      return out;
    }
    case Kind::add:
    case Kind::subtract:
    case Kind::divide: {
      const auto a = part(0), b = part(1);
      if (!a || !b) return {};
      return node.kind == Kind::add ? *a + *b : node.kind == Kind::subtract ? *a - *b : *a / *b;
    }
    default: return {};
  }
}

/// Whether task, loss and answer go together.
void check_loss(CompiledCard& card) {
  const auto& head = card.method.card.head;
  const auto at_answer = card.method.quantities.at(card.method.output).definitions.back().span;
  const auto problem = [&](std::string code, std::string message, std::vector<std::string> candidates) {
    card.problems.push_back({std::move(code), std::move(message), at_answer, std::move(candidates)});
  };
  const bool ranks = head.task == "ranking";
  const auto negatives = head.negatives.value_or(0);
  if (head.loss.empty() && ranks) {
    return problem("papers.missing_loss", "a ranking is trained by a loss that the card must say",
                   {"loss = \"softmax\" in the head", "loss = \"bpr\" and negatives = 1", "loss = \"logloss\" and negatives = 4"});
  }
  if (head.loss.empty() && !card.typed.output_is_probability) {
    return problem("papers.missing_loss", "the answer is no probability, and the card says no loss",
                   {"\\hat{y} = \\sigma(…)", "loss = \"logloss\" in the head: the answer is what stands in the sigma"});
  }
  const bool pairs = head.loss == "bpr" || head.loss == "softmax";
  if (card.typed.output_is_probability && (pairs || head.loss == "mse")) {
    return problem("papers.missing_loss", "the loss " + head.loss + " is of a score; this answer is a sigma",
                   {"the score: what stands in the sigma", "loss = \"logloss\""});
  }
  if (!ranks && (pairs || negatives > 0)) {
    return problem("papers.missing_loss", "a loss of several items is for a ranking", {"task = \"ranking\" in the head"});
  }
  if (!ranks) {
    const auto graph = std::ranges::find_if(card.typed.terms, [](const Term& term) { return term.op == Op::sum_edges || term.op == Op::degree; });
    if (graph == card.typed.terms.end()) return;
    // The row that is learnt from has its own edge in the graph exactly where its label is positive.
    card.problems.push_back({"papers.leaks_labels", "who chose what is what the rows' labels say: this method would learn them by heart", graph->span,
                             {"task = \"ranking\" in the head, with its loss", "the user's history is $s_1, \\dots, s_T$: what was chosen before the row"}});
    return;
  }
  if (head.loss != "softmax" && negatives == 0) {
    return problem("papers.missing_loss", "the loss " + head.loss + " of a ranking needs items that were not chosen",
                   {"negatives = 4 in the head"});
  }
  const bool reads_fields = std::any_of(card.typed.terms.begin(), card.typed.terms.end(), [](const Term& term) {
    return term.op == Op::dense || (term.op == Op::look_up && term.place == Place::field);
  });
  if (reads_fields) {
    return problem("papers.not_understood", "fields belong to rows, and a ranking compares items that have none",
                   {"task = \"ctr\"", "each item $v$ has …"});
  }
  if (!card.typed.output_of_item) {
    problem("papers.not_understood", "the answer is the same for all items", {"each item $v$ has an embedding $\\mathbf{q}_v \\in \\mathbb{R}^{k}$"});
  }
}

}  // namespace

std::string setting_text(const std::vector<double>& value) {
  std::string out;
  for (const auto number : value) out += (out.empty() ? "" : ",") + number_as_text(number);
  return out;
}

CompiledCard compile_card(std::string name, std::string text, const CompileRequest& request, const FindCard& find) {
  CompiledCard out;
  auto read = read_family(std::move(name), std::move(text), find);
  out.problems = std::move(read.problems);
  const bool readable = out.problems.empty();
  apply(request.settings, read.card.head, out.problems);
  auto method = read_method(std::move(read.card));
  out.method = std::move(method.method);
  // What follows from an unreadable formula is no news.
  if (readable) out.problems.insert(out.problems.end(), method.problems.begin(), method.problems.end());
  apply_definitions(request.define, out.method, out.problems);
  if (out.problems.empty()) {
    out.typed = type(out.method);
    out.problems = out.typed.problems;
  }
  for (const auto& parameter : out.method.card.head.parameters) {
    out.settings[parameter.name] = setting_text(parameter.value);
    if (!parameter.is_list) out.sizes[parameter.name] = parameter.value.empty() ? 0 : parameter.value[0];
    for (std::size_t i = 0; parameter.is_list && i < parameter.value.size(); ++i) {
      out.sizes[parameter.name + "[" + std::to_string(i + 1) + "]"] = parameter.value[i];
    }
  }
  if (out.problems.empty()) check_loss(out);
  return out;
}

Error as_error(const std::vector<Problem>& problems, const Source& source) {
  const auto& first = problems.front();
  auto where = source.name(first.span.begin);
  if (first.span.end != 0) where += ":" + std::to_string(source.line(first.span.begin));
  std::string hint;
  for (const auto& candidate : first.candidates) hint += (hint.empty() ? "perhaps: " : "; or: ") + candidate;
  return {first.code, first.message, where, hint};
}

SizeValues sizes_for(const CompiledCard& card, const InputCounts& inputs) {
  auto out = card.sizes;
  for (const auto& [name, size] : card.method.input_sizes) {
    switch (size) {
      case InputSize::fields: out[name] = static_cast<double>(inputs.fields); break;
      case InputSize::categorical_fields: out[name] = static_cast<double>(inputs.categorical_fields); break;
      case InputSize::dense_features: out[name] = static_cast<double>(inputs.dense_features); break;
    }
  }
  return out;
}

Result<Script> script_for(const CompiledCard& card, const InputCounts& inputs, const ScriptLimits& limits) {
  if (!card.problems.empty()) return fail(as_error(card.problems, card.method.card.source));
  return generate(card.method, card.typed, sizes_for(card, inputs), limits);
}

Result<std::optional<std::int64_t>> stated_parameter_count(const CompiledCard& card, const InputCounts& inputs) {
  const auto& formula = card.method.card.head.parameters_formula;
  if (formula.empty()) return std::nullopt;
  auto values = sizes_for(card, inputs);
  values["N"] = static_cast<double>(inputs.values);
  values["N_c"] = static_cast<double>(inputs.values - inputs.dense_features);
  values["N_u"] = static_cast<double>(inputs.users);
  values["N_v"] = static_cast<double>(inputs.items);
  values.emplace("n", static_cast<double>(inputs.fields));
  for (const auto& parameter : card.method.card.head.parameters) {  // "hidden" gives h_1, h_2; "hidden_1" gives h_{1,1}, h_{1,2}
    if (!parameter.is_list || !parameter.name.starts_with("hidden")) continue;
    for (std::size_t i = 0; i < parameter.value.size(); ++i) {
      values["h" + parameter.name.substr(6) + "_" + std::to_string(i + 1)] = parameter.value[i];
    }
  }
  MathText text;
  text.text = formula;
  text.offsets.assign(formula.size() + 1, 0);
  Macros none;
  const auto parsed = parse_formula(text, none);
  if (parsed.problems.empty() && parsed.statements.size() == 1) {
    const auto count = evaluate(parsed.statements[0].left, values);
    if (count && std::abs(*count) < 0x1p62) return static_cast<std::int64_t>(std::llround(*count));
  }
  return fail("papers.bad_count_formula", "parameter_count = '" + formula + "' is not understood", card.method.card.source.name(),
              "a formula of n (fields), N (values), h_1, h_2, … (hidden layers) and the hyper-parameters");
}

}  // namespace automodel::papers
