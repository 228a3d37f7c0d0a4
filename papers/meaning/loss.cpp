#include "papers/meaning/loss.hpp"

namespace automodel::papers {
namespace {

constexpr const char* kTaskKey = "cal:L_task";

bool is_task(const Node& node, const Naming& naming) {
  return node.kind == Kind::symbol && !node.transposed && node.sup.empty() && naming.reference(node).key == kTaskKey;
}

/// A sum without its summand \mathcal{L}_\mathrm{task}; nothing where that is all of it.
std::optional<Node> rest_of(const Node& sum, const Naming& naming, bool& found) {
  if (is_task(sum, naming)) {
    found = true;
    return {};
  }
  const bool plain = sum.sub.empty() && sum.sup.empty() && !sum.transposed;
  if (sum.kind == Kind::group && sum.parts.size() == 1 && plain) return rest_of(sum.parts[0], naming, found);
  if (sum.kind != Kind::add && sum.kind != Kind::subtract) return sum;
  const auto first = rest_of(sum.parts[0], naming, found);
  // What is taken away is no summand of the loss.
  const auto second = sum.kind == Kind::add ? rest_of(sum.parts[1], naming, found) : std::optional(sum.parts[1]);
  if (!first && !second) return {};
  if (!second) return first;
  Node out = sum;
  if (first) {
    out.parts = {*first, *second};
    return out;
  }
  if (sum.kind == Kind::add) return second;
  out.kind = Kind::negate;
  out.parts = {*second};
  return out;
}

}  // namespace

std::string keep_what_is_added(Definition& definition, const Naming& naming) {
  bool found = definition.wraps;
  if (!definition.wraps) {
    auto rest = rest_of(definition.right, naming, found);
    if (found && !rest) return "nothing is added to the loss here";
    if (rest) definition.right = std::move(*rest);
  }
  bool again = false;
  for_each_node(definition.right, [&](const Node& node) { again = again || is_task(node, naming); });
  if (!found || again) return "the loss of a card is that of its task, as one summand, and what is added to it";
  return {};
}

}  // namespace automodel::papers
