// What may be meant otherwise than it is read is asked, and not guessed.
#include <algorithm>

#include "papers/meaning/method.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;

/// A hyper-parameter is a size wherever it stands.
void ask_for_indices(const Method& method, std::vector<Problem>& out) {
  for (const auto& [key, quantity] : method.quantities) {
    for (const auto& definition : quantity.definitions) {
      for_each_node(definition.right, [&](const Node& node) {
        if (node.kind != Kind::big || !out.empty()) return;
        for (const auto& letter : bound_letters(node.sub)) {
          if (method.parameter(letter) == nullptr) continue;
          out.push_back({"papers.ambiguous_index", letter + " is an index here, and a hyper-parameter of the head", node.span,
                         {"another letter for the index"}});
        }
      });
    }
  }
}

bool is_unsaid(const Quantity& quantity) { return quantity.role == Role::parameter && quantity.declared.end == 0; }

}  // namespace

std::vector<Problem> doubts_of(const Method& method) {
  std::vector<Problem> out;
  ask_for_indices(method, out);
  return out;
}

std::optional<Problem> doubt_of_font(const Method& method, const Quantity& quantity, Span span) {
  const std::string bold = "bold:";
  const auto key = quantity.key.starts_with(bold) ? quantity.key.substr(bold.size()) : bold + quantity.key;
  const auto found = method.quantities.find(key);
  if (!is_unsaid(quantity) || found == method.quantities.end()) return {};
  const auto& other = found->second;
  // What has more indices is an entry of the other one; a size is no vector.
  if (is_unsaid(other) || other.role == Role::function || other.positions != quantity.positions) return {};
  if (!other.definitions.empty() && to_dimension(other.definitions[0].right, method.naming)) return {};
  const auto& source = method.card.source;
  const auto text = std::string(source.text_of(span)), known = std::string(source.text_of(other.definitions.empty() ? other.declared : other.definitions[0].left.span));
  return Problem{"papers.unknown_symbol", "nothing says what " + text + " is, and there is the same letter in another font", span,
                 {known + ", if that is meant", "$" + text + " \\in \\mathbb{R}$ in the text, if it is another one that is learnt"}};
}

}  // namespace automodel::papers
