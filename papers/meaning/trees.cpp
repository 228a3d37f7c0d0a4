#include "papers/meaning/trees.hpp"

#include "papers/meaning/naming.hpp"

namespace automodel::papers {
namespace {

bool same_head(const Node& a, const Node& b) {
  return a.kind == b.kind && a.font == b.font && a.transposed == b.transposed && a.primes == b.primes &&
         a.value == b.value && a.text == b.text && a.parts.size() == b.parts.size() && a.sub.size() == b.sub.size() &&
         a.sup.size() == b.sup.size();
}

/// Puts `letter` into `tree` (a copy of `first`) where `last` differs. False where that cannot be.
bool merge(Node& tree, const Node& last, const std::string& letter, Generalised& out, bool& found) {
  if (same_tree(tree, last)) return true;
  const bool leaf = tree.parts.empty() && last.parts.empty() && tree.sub.empty() && last.sub.empty();
  if (!same_head(tree, last) || leaf) {
    if (tree.kind != Kind::number) return false;  // enumerations begin at a number
    if (found && (!same_tree(out.low, tree) || !same_tree(out.high, last))) return false;
    out.low = tree;
    out.high = last;
    found = true;
    Node replaced;
    replaced.kind = Kind::symbol;
    replaced.text = letter;
    replaced.span = tree.span;
    tree = replaced;
    return true;
  }
  const auto merge_list = [&](std::vector<Node>& a, const std::vector<Node>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!merge(a[i], b[i], letter, out, found)) return false;
    }
    return true;
  };
  return merge_list(tree.parts, last.parts) && merge_list(tree.sub, last.sub) && merge_list(tree.sup, last.sup);
}

}  // namespace

bool mentions(const Node& node, const std::string& letter) {
  bool out = false;
  for_each_node(node, [&](const Node& inner) { out = out || Naming::letter(inner) == letter; });
  return out;
}

Node with_letter(const Node& node, const std::string& old, const std::string& letter) {
  Node out = node;
  if (Naming::letter(node) == old) out.text = letter;
  for (auto* nodes : {&out.parts, &out.sub, &out.sup}) {
    for (auto& inner : *nodes) inner = with_letter(inner, old, letter);
  }
  return out;
}

std::optional<Generalised> generalise(const Node& first, const Node& last, const std::string& letter) {
  Generalised out;
  out.tree = first;
  bool found = false;
  if (!merge(out.tree, last, letter, out, found) || !found) return {};
  return out;
}

}  // namespace automodel::papers
