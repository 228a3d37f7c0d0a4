// What the form of a symbol or a formula says: ranges, ranks, weights of built-in functions, sizes; and what a method knows of them.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "papers/meaning/method.hpp"

namespace automodel::papers {

const HyperParameter* Method::parameter(const std::string& name) const {
  for (const auto& parameter : card.head.parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

const Quantity* Method::own_function(const Node& call) const {
  const auto found = quantities.find(naming.reference(as_symbol(call)).key);
  return found != quantities.end() && found->second.role == Quantity::Role::function ? &found->second : nullptr;
}

std::optional<Range> Method::history() const {
  const auto& said = naming.interactions();
  if (said.history.empty() || said.length.empty()) return {};
  return Range{Dimension(1), Dimension::symbol(said.length)};
}

const Range* Method::range_of(const std::string& letter, const std::map<std::string, Range>& beside) const {
  if (const auto at = beside.find(letter); at != beside.end()) return &at->second;
  const auto at = ranges.find(letter);
  return at == ranges.end() ? nullptr : &at->second;
}

const Range* Method::free_range(const Quantity& quantity, std::size_t p, IndexPattern& pattern) const {
  const Range* out = nullptr;
  for (const auto& definition : quantity.definitions) {
    if (p >= definition.indices.size()) continue;
    if (definition.indices[p].letter.empty()) return nullptr;
    if (const auto* range = range_of(definition.indices[p].letter, definition.ranges)) {
      pattern = definition.indices[p];
      out = range;
    }
  }
  return out;
}

std::optional<Range> range_from_use(const Method& method, const std::string& letter, const Node& body,
                                    const std::map<std::string, Range>& beside) {
  std::optional<Range> out;
  for_each_node(body, [&](const Node& node) {
    if (out || node.kind != Kind::symbol) return;
    if (method.naming.is_history_item(node) && Naming::letter(node.sub[0]) == letter) {
      out = method.history();
      return;
    }
    const auto reference = method.naming.reference(node);
    const auto found = method.quantities.find(reference.key);
    if (found == method.quantities.end()) return;
    const auto& quantity = found->second;
    for (std::size_t p = 0; p < reference.indices.size() && !out; ++p) {
      if (Naming::letter(*reference.indices[p]) != letter) continue;
      const auto try_pattern = [&](const std::vector<IndexPattern>& patterns, const std::map<std::string, Range>& near) {
        if (out || p >= patterns.size() || patterns[p].letter.empty() || patterns[p].letter == letter) return;
        auto at = near.find(patterns[p].letter);
        if (at == near.end()) {
          at = method.ranges.find(patterns[p].letter);
          if (at == method.ranges.end()) return;
        }
        out = Range{at->second.low + patterns[p].offset, at->second.high + patterns[p].offset};
      };
      try_pattern(quantity.declared_indices, beside);
      for (const auto& definition : quantity.definitions) try_pattern(definition.indices, definition.ranges);
    }
  });
  return out;
}

std::optional<Node> whole_of(const Quantity& quantity) {
  if (quantity.role != Quantity::Role::defined || quantity.definitions.size() != 1) return {};
  const auto& definition = quantity.definitions[0];
  const auto& left = definition.left;
  const bool array = left.kind == Kind::symbol && (left.font == Font::bold || std::isupper(static_cast<unsigned char>(left.text[0])) != 0);
  if (!array || definition.wraps || definition.indices.empty() || definition.indices.size() > 2) return {};
  Node out;
  out.kind = Kind::group;
  out.text = "[";
  out.span = left.span;
  out.parts = {left};
  for (const auto& index : definition.indices) {
    if (index.letter.empty() || index.offset != Dimension(0)) return {};
    Node letter;
    letter.kind = Kind::symbol;
    letter.text = index.letter;
    letter.span = left.span;
    out.sub.push_back(std::move(letter));
  }
  return out;
}

bool is_infinity(const Node& node) {
  return node.kind == Kind::symbol && node.font == Font::italic && node.text == "infty" && node.sub.empty() && node.sup.empty();
}

int expected_rank(const Quantity& quantity, const Definition& definition) {
  if (quantity.shape) return static_cast<int>(quantity.shape->size());
  const auto &left = definition.left, &right = definition.right;
  const Node& symbol_node = left.kind == Kind::product ? left.parts[0] : left;
  const bool capital = std::isupper(static_cast<unsigned char>(symbol_node.text[0])) != 0;
  if (symbol_node.font == Font::bold) return capital ? 2 : 1;
  const bool laid_out = (right.kind == Kind::list || right.kind == Kind::group) &&
                        (!right.sub.empty() || std::ranges::any_of(right.parts, [](const Node& part) { return part.kind == Kind::ellipsis; }));
  if (capital) return laid_out ? 2 : -1;
  return 0;
}

bool has_weights(const Node& call) {
  return call.text == "mlp" || call.text == "layernorm" || call.text == "prelu" || call.text == "gru" ||
         call.text == "multihead";
}

Occurrence occurrence(const Node& call, const Naming& naming) {
  Occurrence out;
  std::string label;
  for (const auto* scripts : {&call.sub, &call.sup}) {
    for (const auto& script : *scripts) {
      const Node& inside = script.kind == Kind::group ? script.parts[0] : script;
      if (inside.kind == Kind::relation) continue;  // a condition
      if (const auto letter = Naming::letter(inside); naming.is_index(letter)) {
        out.letters.push_back(letter);
      } else {
        label += "_" + (inside.kind == Kind::number ? number_label(inside.value) : inside.text);
      }
    }
  }
  out.name = call.text + label;
  out.key = label.empty() ? out.name + "@" + std::to_string(call.span.begin) : out.name;
  return out;
}

std::optional<Dimension> to_dimension(const Node& node, const Naming& naming) {
  const auto part = [&](std::size_t i) { return to_dimension(node.parts[i], naming); };
  switch (node.kind) {
    case Kind::number:
      if (const auto whole = whole_number(node.value); whole && node.sup.empty()) return Dimension(*whole);
      return {};
    case Kind::symbol: {
      const auto reference = naming.reference(node);
      if (node.font != Font::italic || node.transposed || !reference.indices.empty() ||
          !naming.is_size(reference.name)) {
        return {};
      }
      const auto base = Dimension::symbol(reference.name);
      if (reference.power == nullptr) return base;
      if (reference.power->kind != Kind::number) return {};
      if (const auto exponent = whole_number(reference.power->value)) return base.power(*exponent);
      return {};
    }
    case Kind::group: return node.parts.size() == 1 && node.sup.empty() ? part(0) : std::nullopt;
    case Kind::product: {
      Dimension out(1);
      for (std::size_t i = 0; i < node.parts.size(); ++i) {
        const auto factor = part(i);
        if (!factor) return {};
        out = out * *factor;
      }
      return out;
    }
    case Kind::add:
    case Kind::subtract:
    case Kind::divide: {
      const auto a = part(0), b = part(1);
      if (!a || !b) return {};
      if (node.kind == Kind::add) return *a + *b;
      if (node.kind == Kind::subtract) return *a - *b;
      return a->divided_by(*b);
    }
    default: return {};
  }
}

}  // namespace automodel::papers
