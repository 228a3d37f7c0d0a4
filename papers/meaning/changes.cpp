#include "papers/meaning/changes.hpp"

#include <algorithm>

#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

class Remover {
 public:
  Remover(const Naming& naming, std::string key) : naming_(naming), key_(std::move(key)) {}

  /// Nothing where all of it is gone. What is no summand stays.
  std::optional<Node> without(const Node& node) const {
    const auto part = [&](std::size_t i) { return without(node.parts[i]); };
    const bool plain = node.sub.empty() && node.sup.empty();
    switch (node.kind) {
      case Kind::symbol:
        if (is_it(node) && !node.transposed && naming_.reference(node).power == nullptr) return {};
        return node;
      case Kind::group:
        if (plain && node.parts.size() == 1 && !part(0)) return {};
        break;
      case Kind::negate:
        if (!part(0)) return {};
        break;
      case Kind::add:
      case Kind::subtract: {
        const auto a = part(0), b = part(1);
        if (!a && !b) return {};
        if (!b) return a;
        if (a) break;
        if (node.kind == Kind::add) return b;
        Node out;
        out.kind = Kind::negate;
        out.span = node.span;
        out.parts = {*b};
        return out;
      }
      default:
        break;
    }
    Node out = node;
    for (auto& inner : out.parts) {
      if (auto rest = without(inner)) inner = std::move(*rest);
    }
    return out;
  }

  bool is_it(const Node& node) const {
    return node.kind == Kind::symbol && naming_.reference(node).key == key_;
  }

 private:
  const Naming& naming_;
  std::string key_;
};

void take_from(Definition& definition, const Remover& remover, const std::string& name,
               std::vector<Problem>& problems) {
  if (auto rest = remover.without(definition.right)) definition.right = std::move(*rest);
  const Node* left_over = nullptr;
  for_each_node(definition.right, [&](const Node& node) {
    if (left_over == nullptr && remover.is_it(node)) left_over = &node;
  });
  if (left_over == nullptr) return;
  problems.push_back({"papers.cannot_remove",
                      name + " is removed, but is more than a summand here",
                      left_over->span,
                      {"an equation of your own in place of this one"}});
}

}  // namespace

void remove_quantities(Method& method, std::vector<Problem>& problems) {
  const auto& source = method.card.source;
  for (const auto& removal : method.card.head.remove) {
    const auto level = source.document(removal.span.begin);
    std::vector<std::string> names;
    auto found = method.quantities.end();
    for (auto at = method.quantities.begin(); at != method.quantities.end(); ++at) {
      const auto& definitions = at->second.definitions;
      const bool inherited = std::ranges::any_of(
          definitions, [&](const Definition& d) { return source.document(d.span.begin) > level; });
      if (inherited) names.push_back(at->second.name);
      if (inherited && at->second.name == removal.name) found = at;
    }
    if (found == method.quantities.end()) {
      auto near = nearest(removal.name, names);
      problems.push_back({"papers.unknown_symbol", "no equation of an extended card defines " + removal.name,
                          removal.span, near.empty() ? names : near});
      continue;
    }
    auto& quantity = found->second;
    std::erase_if(quantity.definitions,
                  [&](const Definition& d) { return source.document(d.span.begin) > level; });
    if (!quantity.definitions.empty()) continue;  // the card defines it anew
    const Remover remover(method.naming, quantity.key);
    const auto name = quantity.name;
    method.quantities.erase(found);
    for (auto& [key, other] : method.quantities) {
      for (auto& definition : other.definitions) take_from(definition, remover, name, problems);
    }
  }
}

}  // namespace automodel::papers
