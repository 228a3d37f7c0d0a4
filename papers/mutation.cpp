#include "papers/mutation.hpp"

#include <algorithm>
#include <set>

#include "papers/compile.hpp"
#include "papers/interactions.hpp"

namespace automodel::papers {
namespace {

constexpr std::size_t kLongestName = 80;

/// What can be changed in a card: the sum in its answer's sigma, and how it writes its fields' embeddings.
struct Subject {
  CompiledCard card;
  std::string answer;          // \hat{y}
  std::vector<Node> summands;  // of the sigma's argument; what is subtracted is a negation
  FieldWriting writing;
};

void flatten(const Node& node, bool negative, std::vector<Node>& out) {
  const bool plain = node.sub.empty() && node.sup.empty() && !node.transposed;
  if (node.kind == Kind::group && plain && node.parts.size() == 1) return flatten(node.parts[0], negative, out);
  if (node.kind == Kind::negate) return flatten(node.parts[0], !negative, out);
  if (node.kind == Kind::add || node.kind == Kind::subtract) {
    flatten(node.parts[0], negative, out);
    return flatten(node.parts[1], negative != (node.kind == Kind::subtract), out);
  }
  Node one = node;
  if (negative) {
    one = Node{};
    one.kind = Kind::negate;
    one.parts = {node};
  }
  out.push_back(std::move(one));
}

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

/// The first letter that nothing in the card is called by.
std::string free_letter(const CompiledCard& card) {
  for (const std::string letter : {"M", "P", "D", "Z", "B"}) {
    const bool taken = card.sizes.contains(letter) || card.method.naming.is_size(letter) ||
                       std::any_of(card.method.quantities.begin(), card.method.quantities.end(),
                                   [&](const auto& entry) { return entry.second.name == letter; });
    if (!taken) return letter;
  }
  return {};
}

std::optional<FieldWriting> writing_of(const CompiledCard& card) {
  FieldWriting out;
  for (const auto& [name, size] : card.method.input_sizes)
    if (size == InputSize::fields) out.fields = name;
  for (const auto& [key, look_up] : card.typed.look_ups) {
    const auto script = look_up.latex.rfind('_');
    if (look_up.categorical_only || look_up.shape.size() != 1 || !look_up.indices.empty() || script == std::string::npos) continue;
    const auto symbols = look_up.shape[0].symbols();
    if (symbols.size() != 1 || look_up.shape[0] != Dimension::symbol(*symbols.begin())) continue;
    out.embedding = look_up.latex.substr(0, script);
    out.width = *symbols.begin();
  }
  out.layers = free_letter(card);
  if (out.fields.empty() || out.embedding.empty() || out.layers.empty()) return {};
  return out;
}

std::optional<Subject> subject_of(const std::string& parent, const FindCard& find) {
  auto text = find(parent);
  if (!text) return {};
  Subject out{compile_card(parent, std::move(*text), {}, find), {}, {}, {}};
  if (!out.card.problems.empty()) return {};
  auto writing = writing_of(out.card);
  const auto& definitions = out.card.method.quantities.at(out.card.method.output).definitions;
  if (!writing || definitions.empty()) return {};
  const auto& answer = definitions.back();
  const bool sigma = answer.right.kind == Kind::call && answer.right.text == "sigma" && answer.right.parts.size() == 1 &&
                     answer.right.sup.empty() && answer.right.sub.empty();
  if (!sigma || answer.wraps || !answer.indices.empty()) return {};
  out.answer = to_latex(answer.left);
  flatten(answer.right.parts[0], false, out.summands);
  out.writing = std::move(*writing);
  return out;
}

/// "fm" of y_fm, "pairs" of h_pairs; empty where the summand is no named number.
std::string short_name(const Subject& subject, const Node& summand) {
  if (summand.kind != Kind::symbol) return {};
  const auto reference = subject.card.method.naming.reference(summand);
  auto name = reference.name;
  if (const auto at = name.find('_'); at != std::string::npos) name = name.substr(at + 1);
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
  return name;
}

/// What a summand is called in names and words: by its own name, else by its place.
std::string called(const Subject& subject, std::size_t place) {
  const auto name = short_name(subject, subject.summands[place]);
  return name.empty() ? "term" + std::to_string(place + 1) : name;
}

class Maker {
 public:
  Maker(std::string parent, const Subject& subject, const FindCard& find)
      : parent_(std::move(parent)), subject_(subject), find_(find) {}

  std::vector<Mutation> all() {
    const auto known = interactions(subject_.writing);
    for (const auto& one : known) add(one);
    for (std::size_t at = 0; at < subject_.summands.size(); ++at) {
      if (!worth_changing(at)) continue;
      for (const auto& one : known) swap(at, one);
      remove(at);
    }
    gates();
    return std::move(made_);
  }

 private:
  /// A lone offset is no part of a model that is worth a trial.
  bool worth_changing(std::size_t at) const {
    if (subject_.summands.size() < 2) return false;
    const auto& summand = subject_.summands[at];
    if (summand.kind != Kind::symbol) return true;
    const auto reference = subject_.card.method.naming.reference(summand);
    const auto found = subject_.card.method.quantities.find(reference.key);
    return found != subject_.card.method.quantities.end() && found->second.role == Quantity::Role::defined;
  }

  bool has(const Interaction& one) const {
    return std::any_of(subject_.summands.begin(), subject_.summands.end(),
                       [&](const Node& summand) { return to_latex(summand) == one.summand; });
  }

  void add(const Interaction& one) {
    if (has(one)) return;
    offer(parent_ + "-with-" + one.name, "adds " + one.words + " to the answer of " + parent_, &one,
          {answer(sum_of(subject_.summands) + " + " + one.summand)});
  }

  void swap(std::size_t at, const Interaction& one) {
    if (has(one) || called(subject_, at) == one.name) return;
    auto rest = subject_.summands;
    const auto old = to_latex(rest[at]);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
    offer(parent_ + "-" + one.name + "-for-" + called(subject_, at), "puts " + one.words + " in place of $" + old + "$ in the answer of " + parent_,
          &one, {answer(sum_of(rest) + " + " + one.summand)});
  }

  void remove(std::size_t at) {
    auto rest = subject_.summands;
    const auto old = to_latex(rest[at]);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
    offer(parent_ + "-without-" + called(subject_, at), "leaves $" + old + "$ out of the answer of " + parent_, nullptr,
          {answer(sum_of(rest))});
  }

  /// A vector passes a gate that it opens itself (Huang et al. 2020, GateNet, eq. 7), a number one that the embeddings open.
  void gates() {
    const auto& e = subject_.writing.embedding;
    for (const auto& [key, quantity] : subject_.card.method.quantities) {
      const bool once = quantity.role == Quantity::Role::defined && quantity.positions == 0 && quantity.definitions.size() == 1;
      if (!once || key == subject_.card.method.output) continue;
      const auto left = to_latex(quantity.definitions[0].left);
      const auto rank = expected_rank(quantity, quantity.definitions[0]);
      auto name = quantity.name;
      if (const auto at = name.find('_'); at != std::string::npos) name = name.substr(at + 1);
      std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0; });
      std::string gated;
      if (rank == 1) gated = left + " \\odot \\sigma(G^{\\mathrm{gate}} " + left + ")";
      if (rank == 0)
        gated = left + " \\cdot \\sigma({\\mathbf{g}^{\\mathrm{gate}}}^{\\top} [" + e + "_1; \\dots; " + e + "_" + subject_.writing.fields + "])";
      if (gated.empty()) continue;
      offer(parent_ + "-gating-" + name, "lets $" + left + "$ of " + parent_ + " pass a learnt gate", nullptr, {left + " \\leftarrow " + gated});
    }
  }

  std::string answer(const std::string& sum) const { return subject_.answer + " = \\sigma(" + sum + ")"; }

  /// Kept where it compiles.
  void offer(const std::string& name, const std::string& change, const Interaction* with, const std::vector<std::string>& equations) {
    if (name.size() > kLongestName || !names_.insert(name).second) return;
    std::string text = "+++\nmethod = \"" + name + "\"\ntitle = \"" + name + "\"\nextends = \"" + parent_ + "\"\nsource = \"AutoTrain: a change of " + parent_ + "\"\n";
    std::string parameters;
    if (with) {
      for (const auto& line : with->parameters)
        if (!subject_.card.settings.contains(line.substr(0, line.find(' ')))) parameters += line + "\n";
    }
    if (!parameters.empty()) text += "[parameters]\n" + parameters;
    text += "+++\nThis " + change + ".\n";
    if (with && !with->sentence.empty()) text += "\n" + with->sentence + "\n";
    text += "\n";
    if (with)
      for (const auto& equation : with->equations) text += "$$ " + equation + " $$\n";
    for (const auto& equation : equations) text += "$$ " + equation + " $$\n";
    if (compile_card(name, text, {}, find_).problems.empty()) made_.push_back({name, change, std::move(text)});
  }

  std::string parent_;
  const Subject& subject_;
  const FindCard& find_;
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
