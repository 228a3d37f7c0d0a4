#include "papers/mutation.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "papers/mutation_subject.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;

constexpr std::size_t kLongestName = 80;
constexpr double kWidest = 1024;    // units of a layer that no mutation goes beyond
constexpr double kMostRounds = 16;  // of a loop
/// To see whether a change changes the program.
constexpr InputCounts kSomeInputs{6, 4, 2, 100, 20, 30};

std::string sum_of(const std::vector<Node>& summands) {
  Node sum = summands.front();
  for (std::size_t i = 1; i < summands.size(); ++i) {
    Node more;
    more.kind = Kind::add;
    more.parts = {std::move(sum), summands[i]};
    sum = std::move(more);
  }
  return to_latex(sum);
}

/// What a summand is called in names and words: by its own name, else by its place.
std::string called(const Subject& subject, std::size_t place) {
  const auto& summand = subject.summands[place];
  const auto name = summand.kind == Kind::symbol ? short_name(subject.card.method.naming.reference(summand).name) : std::string();
  return name.empty() ? "term" + std::to_string(place + 1) : name;
}

/// `\mathbf{x}_{l+1}` -> `\mathbf{x}_l`.
Node round_before(const Node& left, const std::string& letter) {
  if (left.kind == Kind::add && Naming::letter(left.parts[0]) == letter) return left.parts[0];
  Node out = left;
  for (auto* nodes : {&out.parts, &out.sub, &out.sup}) {
    for (auto& inner : *nodes) inner = round_before(inner, letter);
  }
  return out;
}

/// ", \quad l = 0, \dots, L - 1"; nothing where a limit is no plain sum.
std::optional<std::string> said_ranges(const Definition& definition) {
  std::string out;
  for (const auto& [letter, range] : definition.ranges) {
    const auto low = range.low.text(), high = range.high.text();
    if ((low + high).find_first_of("*/^") != std::string::npos) return {};
    out += ", \\quad " + letter + " = " + low + ", \\dots, " + high;
  }
  return out;
}

std::string toml(const std::vector<double>& values, bool is_list) {
  const auto text = setting_text(values);
  return is_list ? "[" + text + "]" : text;
}

/// A change that is about to be a card.
struct Draft {
  std::string name, change;
  std::vector<std::string> equations;
  const Interaction* with = nullptr;  // whose equations come before
  std::string parameter = {};         // a line under [parameters]
};

class Maker {
 public:
  Maker(std::string parent, const Subject& subject, const FindCard& find)
      : parent_(std::move(parent)), subject_(subject), find_(find) {
    if (const auto script = script_for(subject.card, kSomeInputs)) program_ = program_of(*script);
  }

  std::vector<Mutation> all() {
    const auto known = interactions(subject_.writing);
    if (!subject_.answer.empty()) {
      for (const auto& one : known) add(one);
      for (std::size_t at = 0; at < subject_.summands.size(); ++at) {
        if (!worth_changing(at)) continue;
        for (const auto& one : known) swap(at, one);
        remove(at);
      }
    }
    gates();
    for (const auto& equation : subject_.equations) {
      for (const auto* join : joins_in(*equation.right)) change_join(equation, *join, known);
      for (const auto* fields : all_fields_in(*equation.right, subject_)) stack(equation, *fields, known);
    }
    for (const auto& parameter : subject_.card.method.card.head.parameters) grow(parameter);
    return std::move(made_);
  }

 private:
  static std::string program_of(const Script& script) {
    auto out = script.text;
    for (const auto& parameter : script.parameters) {
      out += parameter.name;
      for (const auto size : parameter.shape) out += " " + std::to_string(size);
      out += "\n";
    }
    // Places in the document are no part of what it computes.
    std::string code;
    for (std::size_t begin = 0; begin < out.size();) {
      const auto end = std::min(out.find('\n', begin), out.size());
      const auto line = out.substr(begin, end - begin);
      if (line.find_first_not_of(' ') == std::string::npos || line[line.find_first_not_of(' ')] != '#') code += line + "\n";
      begin = end + 1;
    }
    return code;
  }

  /// A lone offset is no part of a model that is worth a trial.
  bool worth_changing(std::size_t at) const {
    if (subject_.summands.size() < 2) return false;
    const auto& summand = subject_.summands[at];
    if (summand.kind != Kind::symbol) return true;
    const auto found = subject_.card.method.quantities.find(subject_.card.method.naming.reference(summand).key);
    return found != subject_.card.method.quantities.end() && found->second.role == Role::defined;
  }

  bool has(const Interaction& one) const {
    return std::ranges::any_of(subject_.summands, [&](const Node& summand) { return to_latex(summand) == one.summand; });
  }

  std::string answer(const std::string& sum) const {
    return subject_.answer + " = " + (subject_.sigma ? "\\sigma(" + sum + ")" : sum);
  }
  std::vector<Node> without(std::size_t at) const {
    auto rest = subject_.summands;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
    return rest;
  }

  void add(const Interaction& one) {
    if (has(one)) return;
    offer({parent_ + "-with-" + one.name, "adds " + one.words + " to the answer of " + parent_,
           {answer(sum_of(subject_.summands) + " + " + one.summand)}, &one});
  }

  void swap(std::size_t at, const Interaction& one) {
    if (has(one) || called(subject_, at) == one.name) return;
    const auto old = to_latex(subject_.summands[at]);
    offer({parent_ + "-" + one.name + "-for-" + called(subject_, at),
           "puts " + one.words + " in place of $" + old + "$ in the answer of " + parent_,
           {answer(sum_of(without(at)) + " + " + one.summand)}, &one});
  }

  void remove(std::size_t at) {
    bool more_than_offsets = false;
    for (std::size_t other = 0; other < subject_.summands.size(); ++other) more_than_offsets = more_than_offsets || (other != at && worth_changing(other));
    if (!more_than_offsets) return;
    const auto old = to_latex(subject_.summands[at]);
    offer({parent_ + "-without-" + called(subject_, at), "leaves $" + old + "$ out of the answer of " + parent_,
           {answer(sum_of(without(at)))}});
  }

  /// What a number's gate is opened by: the fields, else the candidate.
  std::string opener() const {
    const auto& writing = subject_.writing;
    return !writing.embedding.empty() && !writing.new_embedding ? writing.all_fields() : writing.item.empty() ? "" : writing.candidate();
  }

  /// A vector passes a gate that it opens itself (Huang et al. 2020, GateNet, eq. 7), a number one that the embeddings open.
  void gates() {
    for (const auto& [key, quantity] : subject_.card.method.quantities) {
      if (quantity.role != Role::defined || key == subject_.card.method.output || key == subject_.card.method.added_loss) continue;
      const Definition* step = nullptr;
      bool begins = false, changed = false;
      for (const auto& definition : quantity.definitions) {
        const bool exact = std::ranges::any_of(definition.indices, [](const IndexPattern& index) { return index.letter.empty(); });
        (exact ? begins : changed) = (exact ? true : changed || definition.wraps);
        if (!exact) step = &definition;
      }
      if (step == nullptr || changed || quantity.definitions.size() != (begins ? 2U : 1U)) continue;
      if (begins) {
        mix_rounds(quantity, *step);
      } else {
        gate(quantity, *step);
      }
    }
  }

  void gate(const Quantity& quantity, const Definition& definition) {
    const auto left = to_latex(definition.left);
    const auto rank = expected_rank(quantity, definition);
    std::string gated;
    if (rank == 1) gated = left + " \\odot \\sigma(G^{\\mathrm{gate}} " + left + ")";
    if (rank == 0 && quantity.positions == 0 && !opener().empty()) {
      gated = left + " \\cdot \\sigma({\\mathbf{g}^{\\mathrm{gate}}}^{\\top} " + opener() + ")";
    }
    const auto ranges = said_ranges(definition);
    if (gated.empty() || !ranges) return;
    offer({parent_ + "-gating-" + free_name(quantity.name, "-gating-"), "lets $" + left + "$ of " + parent_ + " pass a learnt gate",
           {left + " \\leftarrow " + gated + *ranges}});
  }

  /// Srivastava et al. 2015 (Highway Networks), eq. 3: how much of a round is new, and how much is what was before.
  void mix_rounds(const Quantity& quantity, const Definition& step) {
    const auto counts = std::ranges::find_if(step.indices, [](const IndexPattern& index) { return index.offset == Dimension(1); });
    const auto ranges = said_ranges(step);
    if (counts == step.indices.end() || !ranges || expected_rank(quantity, step) != 1) return;
    const auto now = to_latex(step.left), before = to_latex(round_before(step.left, counts->letter));
    const auto gate = "\\sigma(G^{\\mathrm{gate}} " + before + ")";
    offer({parent_ + "-mixing-" + free_name(quantity.name, "-mixing-"),
           "lets a learnt gate say how much of each round of $" + now + "$ of " + parent_ + " is new",
           {now + " \\leftarrow " + before + " + " + gate + " \\odot (" + now + " - " + before + ")" + *ranges}});
  }

  /// A network reads one vector more, or one less.
  void change_join(const Equation& equation, const Node& join, const std::vector<Interaction>& known) {
    const auto said = [&](const Node& by) { return std::vector{equation.left + " = " + to_latex(replaced(*equation.right, &join, by))}; };
    for (std::size_t at = 0; at < join.parts.size(); ++at) {
      Node rest = join;
      rest.parts.erase(rest.parts.begin() + static_cast<std::ptrdiff_t>(at));
      if (rest.parts.size() == 1) {
        rest = Node(rest.parts[0]);
        Node group;
        group.kind = Kind::group;
        group.text = "(";
        group.parts = {std::move(rest)};
        rest = std::move(group);
      }
      const auto part = to_latex(join.parts[at]);
      offer({parent_ + "-" + equation.name + "-without-part" + std::to_string(at + 1),
             "leaves $" + part + "$ out of what stands side by side in $" + equation.left + "$ of " + parent_, said(rest)});
    }
    for (const auto& one : known) {
      const auto vector = one.vector.empty() ? Node{} : parsed(one.vector);
      const bool there = std::ranges::any_of(join.parts, [&](const Node& part) { return same_tree(part, vector); });
      if (one.vector.empty() || there) continue;
      Node more = join;
      more.parts.push_back(vector);
      offer({parent_ + "-" + equation.name + "-reads-" + one.name,
             "puts $" + one.vector + "$, of " + one.words + ", beside what stands in $" + equation.left + "$ of " + parent_, said(more), &one});
    }
  }

  void stack(const Equation& equation, const Node& fields, const std::vector<Interaction>& known) {
    for (const auto& one : known) {
      if (one.vector.empty() || one.summand.find(subject_.writing.embedding) == std::string::npos) {
        const bool of_fields = std::ranges::any_of(one.equations, [&](const std::string& text) {
          return !subject_.writing.embedding.empty() && text.find(subject_.writing.embedding + "_") != std::string::npos;
        });
        if (one.vector.empty() || !of_fields) continue;
      }
      offer({parent_ + "-" + equation.name + "-on-" + one.name,
             "puts $" + one.vector + "$, of " + one.words + ", in place of the embeddings in $" + equation.left + "$ of " + parent_,
             {equation.left + " = " + to_latex(replaced(*equation.right, &fields, parsed(one.vector)))}, &one});
    }
  }

  /// Hidden layers and rounds, beyond what the card's own choices reach: what these offer is found by searching settings.
  void grow(const HyperParameter& parameter) {
    const bool layers = parameter.is_list && parameter.name.starts_with("hidden");
    const bool rounds = !parameter.is_list && std::ranges::any_of(subject_.card.typed.loops, [&](const Loop& loop) {
      return subject_.card.typed.solver.resolve(loop.range.size()) == Dimension::symbol(parameter.name);
    });
    const bool history = parameter.name == subject_.card.method.naming.interactions().length;
    if ((!layers && !rounds) || history) return;
    const auto past_choices = [&](std::vector<double> value, auto&& next, double most) -> std::optional<std::vector<double>> {
      do {
        next(value);
        if (value.size() > 8 || std::ranges::any_of(value, [&](double width) { return width > most; })) return {};
      } while (std::ranges::find(parameter.choices, value) != parameter.choices.end());
      return value;
    };
    const auto say = [&](const std::string& how, const std::string& words, const std::optional<std::vector<double>>& value) {
      if (!value) return;
      const auto text = toml(*value, parameter.is_list);
      auto meaning = parameter.meaning;
      std::erase_if(meaning, [](char c) { return c == '"' || c == '\\'; });
      offer({parent_ + "-" + how + "-" + letters_of(parameter.name), "gives " + parent_ + " " + words + ", " + parameter.name + " = " + text, {}, nullptr,
             parameter.name + " = { default = " + text + ", choices = [" + text + "], meaning = \"" + meaning + "\" }"});
    };
    if (rounds) return say("deeper", "one more round", past_choices(parameter.value, [](auto& value) { value[0] += 1; }, kMostRounds));
    say("deeper", "one more hidden layer", past_choices(parameter.value, [](auto& value) { value.push_back(value.back()); }, kWidest));
    say("wider", "hidden layers of twice the width", past_choices(parameter.value, [](auto& value) {
          for (auto& width : value) width *= 2;
        }, kWidest));
  }

  static std::string letters_of(std::string name) {
    std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
    return name;
  }
  /// Short where nothing else took it.
  std::string free_name(const std::string& name, const std::string& how) const {
    const auto brief = short_name(name);
    return names_.contains(parent_ + how + brief) ? letters_of(name) : brief;
  }

  /// Kept where it compiles and its program is another.
  void offer(const Draft& draft) {
    if (draft.name.size() > kLongestName || !names_.insert(draft.name).second) return;
    std::string text = "+++\nmethod = \"" + draft.name + "\"\ntitle = \"" + draft.name + "\"\nextends = \"" + parent_ +
                       "\"\nsource = \"AutoTrain: a change of " + parent_ + "\"\n";
    auto parameters = draft.parameter.empty() ? "" : draft.parameter + "\n";
    const auto* with = draft.with;
    if (with) {
      for (const auto& line : with->parameters)
        if (!subject_.card.settings.contains(line.substr(0, line.find(' ')))) parameters += line + "\n";
    }
    if (!parameters.empty()) text += "[parameters]\n" + parameters;
    text += "+++\nThis " + draft.change + ".\n";
    if (with && !with->sentence.empty()) text += "\n" + with->sentence + "\n";
    text += "\n";
    if (with)
      for (const auto& equation : with->equations) text += "$$ " + equation + " $$\n";
    for (const auto& equation : draft.equations) text += "$$ " + equation + " $$\n";
    const auto card = compile_card(draft.name, text, {}, find_);
    if (!card.problems.empty()) return;
    const auto script = script_for(card, kSomeInputs);
    if (script && program_of(*script) != program_) made_.push_back({draft.name, draft.change, std::move(text)});
  }

  std::string parent_;
  const Subject& subject_;
  const FindCard& find_;
  std::string program_;  // the parent's
  std::set<std::string> names_;
  std::vector<Mutation> made_;
};

}  // namespace

std::vector<Mutation> mutations_of(const std::string& parent, const FindCard& find) {
  const auto subject = subject_of(parent, find);
  if (!subject) return {};
  return Maker(parent, *subject, find).all();
}

}  // namespace automodel::papers
