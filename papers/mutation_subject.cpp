#include "papers/mutation_subject.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

#include "papers/latex/parser.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;

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

/// The first letter that nothing in the card is called by.
std::string free_letter(const CompiledCard& card) {
  for (const std::string letter : {"M", "P", "D", "Z", "B"}) {
    const bool taken = card.sizes.contains(letter) || card.method.naming.is_size(letter) ||
                       std::ranges::any_of(card.method.quantities, [&](const auto& entry) { return entry.second.name == letter; });
    if (!taken) return letter;
  }
  return {};
}

/// A look-up whose values are vectors of one size that has a name.
std::optional<std::string> width_of(const LookUpTerm& look_up) {
  if (look_up.shape.size() != 1 || !look_up.indices.empty()) return {};
  const auto symbols = look_up.shape[0].symbols();
  if (symbols.size() != 1 || look_up.shape[0] != Dimension::symbol(*symbols.begin())) return {};
  return *symbols.begin();
}

Writing writing_of(const CompiledCard& card) {
  Writing out;
  const auto& said = card.method.naming.interactions();
  for (const auto& [name, size] : card.method.input_sizes)
    if (size == InputSize::fields) out.fields = name;
  std::string user_width;
  for (const auto& [key, look_up] : card.typed.look_ups) {
    const auto script = look_up.latex.rfind('_');
    const auto width = width_of(look_up);
    if (look_up.categorical_only || !width || script == std::string::npos) continue;
    const auto latex = look_up.latex.substr(0, script);
    if (look_up.owner == Owner::field) {
      out.embedding = latex;
      out.width = *width;
    } else if (look_up.owner == Owner::item) {
      out.item = latex;
      out.item_width = *width;
    } else {
      out.user = latex;
      user_width = *width;
    }
  }
  out.user_letter = said.user;
  out.item_letter = said.item;
  out.history = said.history;
  out.length = said.length;
  out.layers = free_letter(card);
  if (user_width != out.item_width) out.user.clear();
  const bool k_is_free = card.settings.contains("k") || (!card.sizes.contains("k") && !card.method.naming.is_size("k") &&
                                                         !card.method.quantities.contains("k"));
  if (out.embedding.empty() && k_is_free) {
    out.embedding = "\\mathbf{e}^{\\mathrm{new}}";
    out.width = "k";
    out.new_embedding = true;
  }
  if (out.fields.empty() || out.layers.empty()) out.embedding.clear();
  if (out.item_letter.empty()) out.item.clear();
  return out;
}

/// Keys of the quantities that the answer is made of, and its own.
std::set<std::string> used_by_answer(const Method& method) {
  std::set<std::string> seen = {method.output};
  std::vector<std::string> open = {method.output};
  while (!open.empty()) {
    const auto key = open.back();
    open.pop_back();
    for (const auto& definition : method.quantities.at(key).definitions) {
      for_each_node(definition.right, [&](const Node& node) {
        if (node.kind != Kind::symbol) return;
        auto next = method.naming.reference(node).key;
        if (method.quantities.contains(next) && seen.insert(next).second) open.push_back(std::move(next));
      });
    }
  }
  return seen;
}

void visit(const Node& tree, const std::function<void(const Node&)>& see) {
  see(tree);
  for (const auto& part : tree.parts) visit(part, see);
}

}  // namespace

std::string short_name(const std::string& name) {
  auto out = name;
  if (const auto at = out.find('_'); at != std::string::npos) out = out.substr(at + 1);
  std::erase_if(out, [](unsigned char c) { return std::isalnum(c) == 0; });
  return out;
}

std::optional<Subject> subject_of(const std::string& parent, const FindCard& find) {
  auto text = find(parent);
  if (!text) return {};
  Subject out{compile_card(parent, std::move(*text), {}, find), {}, false, {}, {}, {}};
  if (!out.card.problems.empty()) return {};
  out.writing = writing_of(out.card);
  const auto& method = out.card.method;
  const auto used = used_by_answer(method);
  for (const auto& [key, quantity] : method.quantities) {
    const bool once = quantity.role == Role::defined && quantity.positions == 0 && quantity.definitions.size() == 1;
    if (!once || quantity.definitions[0].wraps || !used.contains(key) || key == method.output) continue;
    out.equations.push_back({key, short_name(quantity.name), to_latex(quantity.definitions[0].left), &quantity.definitions[0].right});
  }
  const auto& definitions = method.quantities.at(method.output).definitions;
  const auto& answer = definitions.back();
  if (answer.wraps || !answer.indices.empty()) return out;
  out.answer = to_latex(answer.left);
  const auto& right = answer.right;
  out.sigma = right.kind == Kind::call && right.text == "sigma" && right.parts.size() == 1 && right.sup.empty() && right.sub.empty();
  flatten(out.sigma ? right.parts[0] : right, false, out.summands);
  out.equations.push_back({method.output, "answer", out.answer, &right});
  return out;
}

Node replaced(const Node& tree, const Node* old, const Node& by) {
  if (&tree == old) return by;
  Node out = tree;
  for (std::size_t i = 0; i < tree.parts.size(); ++i) out.parts[i] = replaced(tree.parts[i], old, by);
  return out;
}

Node parsed(const std::string& latex) {
  MathText text;
  text.text = latex;
  text.offsets.assign(latex.size() + 1, 0);
  Macros none;
  auto read = parse_formula(text, none);
  return read.problems.empty() && read.statements.size() == 1 ? std::move(read.statements[0].left) : Node{};
}

std::vector<const Node*> joins_in(const Node& tree) {
  std::vector<const Node*> out;
  visit(tree, [&](const Node& node) {
    const bool joins = node.kind == Kind::list && node.text != "," && node.sub.empty() && node.sup.empty() && node.parts.size() > 1;
    if (joins && std::ranges::none_of(node.parts, [](const Node& part) { return part.kind == Kind::ellipsis; })) out.push_back(&node);
  });
  return out;
}

std::vector<const Node*> all_fields_in(const Node& tree, const Subject& subject) {
  std::vector<const Node*> out;
  if (subject.writing.embedding.empty()) return out;
  const auto pattern = parsed(subject.writing.all_fields());
  visit(tree, [&](const Node& node) {
    if (node.kind != Kind::list || node.parts.size() != pattern.parts.size() || !node.sub.empty()) return;
    bool same = true;
    for (std::size_t i = 0; i < node.parts.size(); ++i) same = same && same_tree(node.parts[i], pattern.parts[i]);
    if (same) out.push_back(&node);
  });
  return out;
}

}  // namespace automodel::papers
