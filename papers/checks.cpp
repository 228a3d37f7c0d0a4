#include "papers/checks.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace automodel::papers {
namespace {

/// The numbers of a tensor, or of a single value of it.
const std::vector<double>& tensor(const recsys::TensorValues& values, const std::string& name) {
  static const std::vector<double> none;
  const auto at = values.find(name);
  return at == values.end() ? none : at->second;
}

/// [field, shape…] of one row: singles, then bags (their mean), then dense fields (their own row times the value).
Array look_up_of(const ScriptLookUp& look_up, const recsys::InputSpec& inputs, const recsys::Batch& batch, std::size_t row,
                 const recsys::TensorValues& values) {
  std::size_t width = 1;
  for (const auto size : look_up.shape) width *= static_cast<std::size_t>(size);
  const auto& table = tensor(values, look_up.name + "_table");
  const auto& dense = tensor(values, look_up.name + "_dense");
  std::vector<double> all;
  const auto add = [&](const std::vector<double>& from, std::size_t position, double factor) {
    for (std::size_t i = 0; i < width; ++i) all.push_back(from[position * width + i] * factor);
  };
  const auto singles = inputs.singles(), bags = inputs.bags(), denses = inputs.denses();
  for (std::size_t s = 0; s < singles; ++s) add(table, static_cast<std::size_t>(batch.singles[row * singles + s]), 1);
  for (std::size_t b = 0; b < bags; ++b) {
    std::vector<double> sum(width);
    double count = 0;
    for (std::size_t m = 0; m < inputs.max_bag; ++m) {
      const auto code = batch.bags[(row * bags + b) * inputs.max_bag + m];
      if (code < 0) continue;
      count += 1;
      for (std::size_t i = 0; i < width; ++i) sum[i] += table[static_cast<std::size_t>(code) * width + i];
    }
    for (auto& x : sum) all.push_back(x / std::max(1.0, count));
  }
  if (!look_up.categorical_only) {
    for (std::size_t d = 0; d < denses; ++d) add(dense, d, batch.dense[row * denses + d]);
  }
  Array out;
  out.shape = {static_cast<std::int64_t>(all.size() / width)};
  out.shape.insert(out.shape.end(), look_up.shape.begin(), look_up.shape.end());
  out.data = std::move(all);
  return out;
}

/// [rows…, shape…] of a table of users or items.
Array rows_of(const ScriptLookUp& look_up, const std::int64_t* ids, std::size_t count, bool one, const recsys::TensorValues& values) {
  std::size_t width = 1;
  for (const auto size : look_up.shape) width *= static_cast<std::size_t>(size);
  const auto& table = tensor(values, look_up.name + "_table");
  Array out;
  out.data.clear();
  if (!one) out.shape = {static_cast<std::int64_t>(count)};
  out.shape.insert(out.shape.end(), look_up.shape.begin(), look_up.shape.end());
  for (std::size_t i = 0; i < count; ++i) {
    const auto first = table.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(ids[i]) * width);
    out.data.insert(out.data.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

/// Who chose what, and what everybody has.
void add_graph(const Script& script, const recsys::InputSpec& inputs, const recsys::TensorValues& values, GivenValues& out) {
  out.items_of.resize(inputs.users.rows());
  out.users_of.resize(inputs.items.rows());
  for (std::size_t edge = 0; edge < inputs.graph.users.size(); ++edge) {
    out.items_of[inputs.graph.users[edge]].push_back(inputs.graph.items[edge]);
    out.users_of[inputs.graph.items[edge]].push_back(inputs.graph.users[edge]);
  }
  for (const auto& look_up : script.look_ups) {
    const bool user = look_up.owner == Owner::user;
    if (look_up.owner == Owner::field) continue;
    std::vector<std::int64_t> all(user ? inputs.users.rows() : inputs.items.rows());
    std::iota(all.begin(), all.end(), std::int64_t{0});
    (user ? out.all_users : out.all_items)[look_up.key] = rows_of(look_up, all.data(), all.size(), false, values);
  }
}

struct Instance {
  CompiledCard card;
  Script script;
};

Result<Instance> instance(const std::string& name, const std::string& text, const CompileRequest& request,
                          const recsys::InputSpec& inputs, const Cards& added) {
  Instance out{compile_card(name, text, request, relatives_of(name, added)), {}};
  auto script = script_for(out.card, counts_of(inputs));
  if (!script) return fail(script.error());
  out.script = std::move(*script);
  return out;
}

constexpr std::int64_t kShortHistory = 5;  // the interpreter is slow, and five positions can be empty, full and in between

const std::string& history_length(const CompiledCard& card) { return card.method.naming.interactions().length; }

/// With a history that is short enough to be worked out by scalar loops.
CompileRequest with_short_history(const CompiledCard& card, CompileRequest request) {
  const auto at = card.sizes.find(history_length(card));
  if (at != card.sizes.end() && at->second > kShortHistory) request.settings[at->first] = std::to_string(kShortHistory);
  return request;
}

/// `inputs` with the users, items and histories that a script reads: as many as there are, or made-up ones.
recsys::InputSpec inputs_for(const Script& script, recsys::InputSpec inputs) {
  const auto made_up = recsys::made_up_inputs(0, 0, 0, 5, 3, sources_of(script));
  if (inputs.users.rows() == 0) inputs.users = made_up.users;
  if (inputs.items.rows() == 0) inputs.items = made_up.items;
  inputs.history = made_up.history;
  const auto rows = inputs.users.rows();
  if (script.sources.graph) inputs.graph = recsys::made_up_inputs(0, 0, 0, std::min(rows, inputs.items.rows()) - 1, 3, sources_of(script)).graph;
  return inputs;
}

/// Other values of every setting, one at a time: those that the card itself offers.
std::vector<CompileRequest> variations(const CompiledCard& card, const CompileRequest& request) {
  std::vector<CompileRequest> out;
  for (const auto& parameter : card.method.card.head.parameters) {
    if (request.settings.contains(parameter.name) || parameter.choices.empty() || parameter.name == history_length(card)) continue;
    for (const auto* choice : {&parameter.choices.front(), &parameter.choices.back()}) {
      if (*choice == parameter.value) continue;
      out.push_back(request);
      out.back().settings[parameter.name] = setting_text(*choice);
    }
  }
  return out;
}

}  // namespace

GivenValues given_values(const Script& script, const recsys::InputSpec& inputs, const recsys::Batch& batch, std::size_t row,
                         std::size_t candidate, const recsys::TensorValues& values) {
  GivenValues out;
  for (const auto& parameter : script.parameters) out.parameters[parameter.key] = {parameter.shape, tensor(values, parameter.name), false, {}};
  const std::size_t longest = inputs.history;
  const auto* history = batch.history.data() + row * longest;
  for (const auto& look_up : script.look_ups) {
    if (look_up.owner == Owner::field) out.look_ups[look_up.key] = look_up_of(look_up, inputs, batch, row, values);
    if (look_up.owner == Owner::user) out.users[look_up.key] = rows_of(look_up, &batch.users[row], 1, true, values);
    if (look_up.owner != Owner::item) continue;
    out.items[look_up.key] = rows_of(look_up, &batch.items[row * batch.candidates + candidate], 1, true, values);
    if (longest > 0) out.history[look_up.key] = rows_of(look_up, history, longest, false, values);
  }
  if (longest > 0) out.ages.assign(batch.ages.begin() + static_cast<std::ptrdiff_t>(row * longest), batch.ages.begin() + static_cast<std::ptrdiff_t>((row + 1) * longest));
  out.history_length = static_cast<std::int64_t>(longest) - std::count(history, history + longest, 0);
  if (script.sources.graph) {
    out.user = batch.users[row];
    out.item = batch.items[row * batch.candidates + candidate];
    add_graph(script, inputs, values, out);
  }
  const auto denses = inputs.denses();
  for (std::size_t d = 0; d < denses; ++d) out.dense.push_back(batch.dense[row * denses + d]);
  return out;
}

namespace {

double difference(double a, double b) { return std::abs(a - b) / std::max({1.0, std::abs(a), std::abs(b)}); }

/// Noise that silences nothing; what is drawn from the normal distribution is drawn.
recsys::TensorValues noise_of(const Script& script, std::size_t rows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  recsys::TensorValues out;
  for (const auto& noise : script.noise) {
    auto& values = out[noise.name];
    for (std::size_t i = 0; i < rows * static_cast<std::size_t>(noise.width); ++i) values.push_back(noise.key.empty() ? 1 : normal(random));
  }
  return out;
}

/// The part of `noise` that a row has; zeros without any.
std::map<std::string, Array> noise_of_row(const Script& script, std::size_t row, const recsys::TensorValues* noise) {
  std::map<std::string, Array> out;
  for (const auto& drawn : script.noise) {
    if (drawn.key.empty()) continue;
    auto& value = out[drawn.key] = Array::zeros(drawn.shape);
    for (std::size_t i = 0; noise && i < value.data.size(); ++i) value.data[i] = noise->at(drawn.name)[row * value.data.size() + i];
  }
  return out;
}

/// A card, its script and rows with values of everything that is learnt.
struct Trial {
  const CompiledCard& card;
  const Script& script;
  const recsys::InputSpec& inputs;
  const recsys::Batch& batch;
  const recsys::TensorValues& values;

  /// The largest difference between the script and the equations, with this noise or without.
  Result<double> disagreement(const recsys::TensorValues* noise) const {
    const auto answers = recsys::run_program(to_program(script), inputs, batch, values, noise);
    if (!answers) return fail(answers.error());
    const auto sizes = sizes_for(card, counts_of(inputs));
    double worst = 0;
    const auto note = [&](double a, double b) {
      if (!(difference(a, b) <= worst)) worst = difference(a, b);  // not a number stays
    };
    for (std::size_t row = 0; row < batch.rows; ++row) {
      double added = 0;
      for (std::size_t candidate = 0; candidate < batch.candidates; ++candidate) {
        auto given = given_values(script, inputs, batch, row, candidate, values);
        given.noise = noise_of_row(script, row, noise);
        const auto answer = interpret(card.method, card.typed, sizes, given);
        if (!answer) return fail(answer.error());
        note(*answer, answers->logits[row * batch.candidates + candidate]);
        if (!script.adds_to_loss) continue;
        const auto more = interpret_added_loss(card.method, card.typed, sizes, given);
        if (!more) return fail(more.error());
        added += *more / static_cast<double>(batch.candidates);
      }
      if (script.adds_to_loss) note(added, answers->added[row]);
    }
    return worst;
  }
};

}  // namespace

Result<double> disagreement(const CompiledCard& card, const recsys::InputSpec& fields, std::size_t rows, std::uint64_t seed) {
  const auto script = script_for(card, counts_of(fields));
  if (!script) return fail(script.error());
  const auto inputs = inputs_for(*script, fields);
  const auto program = to_program(*script);
  const auto values = recsys::random_values(program, inputs, seed, 0.3);
  if (!values) return fail(values.error());
  const auto batch = recsys::random_batch(inputs, rows, seed + 1, recsys::checked_candidates(program));
  const Trial trial{card, *script, inputs, batch, *values};
  const auto without = trial.disagreement(nullptr);
  const bool drawn = std::ranges::any_of(script->noise, [](const ScriptNoise& noise) { return !noise.key.empty(); });
  if (!without || !drawn) return without;
  const auto noise = noise_of(*script, rows, seed + 2);
  const auto with = trial.disagreement(&noise);
  if (!with || !(*with <= *without)) return with;
  return without;
}

Result<CardReport> check_card(const std::string& name, const std::string& text, const CompileRequest& asked,
                              const recsys::InputSpec& fields, std::uint64_t seed, const Cards& added) {
  CardReport out;
  const auto whole = instance(name, text, asked, fields, added);
  if (!whole) return fail(whole.error());
  const auto inputs = inputs_for(whole->script, fields);
  const auto assembled = recsys::assemble(to_program(whole->script), inputs);
  if (!assembled) return fail(assembled.error());
  out.parameters = static_cast<std::int64_t>(assembled->values());
  auto stated = stated_parameter_count(whole->card, counts_of(inputs));
  if (!stated) return fail(stated.error());
  out.stated = *stated;
  if (out.stated && *out.stated != out.parameters) {
    return fail("papers.wrong_count",
                "the card states " + std::to_string(*out.stated) + " parameters, its equations have " + std::to_string(out.parameters),
                name, "parameter_count or an equation is wrong");
  }
  const auto request = with_short_history(whole->card, asked);
  const auto brief = instance(name, text, request, fields, added);
  if (!brief) return fail(brief.error());
  const auto small = recsys::with_values(inputs, 5);
  const auto more_fields = recsys::made_up_inputs(small.singles() + 1, small.bags() + 1, small.denses() + 1);
  const auto compare = [&](const CompiledCard& card, const recsys::InputSpec& spec, const std::string& what) -> Result<void> {
    const auto worst = disagreement(card, spec, 4, seed);  // of which one has no history, and one a full one
    if (!worst) return fail(worst.error());
    ++out.shapes;
    if (!(*worst <= out.disagreement)) out.disagreement = *worst;
    if (*worst <= 1e-5) return {};
    return fail("papers.disagrees", "the program and the equations differ by " + std::to_string(*worst) + what, name,
                "this is a flaw of the compiler: please report the card");
  };
  if (auto done = compare(brief->card, small, ""); !done) return fail(done.error());
  if (auto done = compare(brief->card, more_fields, " with more fields"); !done) return fail(done.error());
  for (const auto& variation : variations(whole->card, request)) {
    const auto other = compile_card(name, text, variation, relatives_of(name, added));
    const auto possible = script_for(other, counts_of(small));
    if (!possible && possible.error().code == "papers.bad_size") continue;  // two settings that do not go together
    std::string what = " with";
    for (const auto& [key, value] : variation.settings) what += " " + key + "=" + value;
    if (auto done = compare(other, small, what); !done) return fail(done.error());
  }
  auto program = recsys::check_program(to_program(brief->script), inputs_for(brief->script, inputs), seed);
  if (!program) return fail(program.error());
  out.program = std::move(*program);
  return out;
}

}  // namespace automodel::papers
