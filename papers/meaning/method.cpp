#include "papers/meaning/method.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "papers/meaning/prose.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;

class Reader {
 public:
  explicit Reader(Card card) {
    out_.method.card = std::move(card);
    out_.method.naming = Naming(out_.method.card);
  }

  ReadMethod read() && {
    said_ = read_prose(card(), naming());
    out_.problems = said_.problems;
    out_.method.input_sizes = said_.input_sizes;
    for (const auto& range : said_.ranges) method().ranges.emplace(range.letter, range.range);
    for (const auto& shape : said_.shapes) declare(shape);
    for (std::size_t p = 0; p < card().paragraphs.size(); ++p) {
      const auto& pieces = card().paragraphs[p].pieces;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        for (const auto& statement : pieces[i].statements) define(statement, p, i);
      }
    }
    find_parameters();
    find_output();
    return std::move(out_);
  }

 private:
  Method& method() { return out_.method; }
  const Card& card() const { return out_.method.card; }
  const Naming& naming() const { return out_.method.naming; }
  void problem(std::string code, std::string message, Span span, std::vector<std::string> candidates = {}) {
    out_.problems.push_back({std::move(code), std::move(message), span, std::move(candidates)});
  }

  Quantity& quantity(const Reference& reference, Span span) {
    auto& out = method().quantities[reference.key];
    if (out.key.empty()) {
      out.key = reference.key;
      out.name = reference.name;
      out.first = span;
    }
    return out;
  }

  std::vector<IndexPattern> patterns(const Reference& reference, Span span);
  void declare(const SaidShape& said);
  void define(const Statement& statement, std::size_t paragraph, std::size_t piece);
  bool define_size(const Statement& statement);
  std::map<std::string, Range> ranges_beside(std::size_t paragraph, std::size_t piece) const;
  void find_parameters();
  void note_use(const Node& node, bool multiplied);
  void find_output();

  ReadMethod out_;
  Said said_;
};

std::vector<IndexPattern> Reader::patterns(const Reference& reference, Span span) {
  std::vector<IndexPattern> out;
  for (const auto* node : reference.indices) {
    if (node->kind == Kind::wildcard) continue;
    IndexPattern pattern;
    if (const auto letter = Naming::letter(*node); naming().is_index(letter)) {
      pattern.letter = letter;
    } else if (node->kind == Kind::add || node->kind == Kind::subtract) {
      const auto first = Naming::letter(node->parts[0]);
      const auto second = to_dimension(node->parts[1], naming());
      if (!naming().is_index(first) || !second) {
        problem("papers.not_a_definition", "an index here is a letter, a number, or a letter and a number", span,
                {"x_{l+1}"});
      } else {
        pattern.letter = first;
        pattern.offset = node->kind == Kind::add ? *second : Dimension(0) - *second;
      }
    } else if (const auto constant = to_dimension(*node, naming())) {
      pattern.offset = *constant;
    } else {
      problem("papers.not_a_definition", "this is no index", node->span);
    }
    out.push_back(std::move(pattern));
  }
  return out;
}

void Reader::declare(const SaidShape& said) {
  if (said.subject.kind != Kind::symbol) {
    // `(e_1, …) \in`: nothing is declared by it; the equations say more.
    return;
  }
  const auto reference = naming().reference(said.subject);
  auto& out = quantity(reference, said.span);
  if (out.shape && *out.shape != said.shape) {
    problem("papers.shape", "the shape of " + naming().reference(said.subject).name + " was said differently before",
            said.span, {"line " + std::to_string(card().source.line(out.declared.begin))});
    return;
  }
  out.shape = said.shape;
  out.declared = said.span;
  out.declared_indices = patterns(reference, said.span);
  out.positions = std::max(out.positions, out.declared_indices.size());
  using Source = SaidShape::Source;
  if (said.source == Source::dense_features) out.role = Role::dense;
  if (said.source == Source::field_value || said.source == Source::categorical_value) {
    if (out.declared_indices.empty()) return;  // a size or a shared matrix in the same sentence
    out.role = Role::look_up;
    out.categorical_only = said.source == Source::categorical_value;
  }
}

bool Reader::define_size(const Statement& statement) {
  const auto reference = naming().reference(statement.left);
  if (statement.left.font != Font::italic || !reference.indices.empty() || !naming().is_size(reference.name)) return false;
  const auto right = to_dimension(statement.right, naming());
  if (!right) return false;
  method().size_equations.emplace_back(Dimension::symbol(reference.name), *right);
  return true;
}

/// Those said in the same formula, else in the same paragraph, else in the nearest one before, else after.
std::map<std::string, Range> Reader::ranges_beside(std::size_t paragraph, std::size_t piece) const {
  std::map<std::string, std::pair<std::size_t, Range>> best;
  for (const auto& said : said_.ranges) {
    std::size_t distance = 0;
    if (said.paragraph != paragraph) {
      distance = said.paragraph < paragraph ? 1000 + paragraph - said.paragraph : 1'000'000 + said.paragraph - paragraph;
    } else if (said.piece != piece) {
      distance = 1;
    }
    const auto at = best.find(said.letter);
    if (at == best.end() || distance < at->second.first) best[said.letter] = {distance, said.range};
  }
  std::map<std::string, Range> out;
  for (const auto& [letter, found] : best) out[letter] = found.second;
  return out;
}

void Reader::define(const Statement& statement, std::size_t paragraph, std::size_t piece) {
  if (statement.kind != Statement::Kind::equation && statement.kind != Statement::Kind::replace) return;
  const Node* symbol = &statement.left;
  Definition definition;
  definition.right = statement.right;
  definition.left = statement.left;
  definition.span = statement.span;
  definition.wraps = statement.kind == Statement::Kind::replace;
  bool is_function = false;
  if (symbol->kind == Kind::product && symbol->parts.size() == 2 && symbol->parts[0].kind == Kind::symbol &&
      (symbol->parts[1].kind == Kind::group || symbol->parts[1].kind == Kind::list)) {
    is_function = true;
    definition.formals = symbol->parts[1].parts;
    symbol = &symbol->parts[0];
  }
  if (symbol->kind != Kind::symbol) {
    problem("papers.not_a_definition", "an equation defines the symbol on its left; this is none", symbol->span,
            {"x_{l+1} = …", "f(x) = …"});
    return;
  }
  if (!is_function && define_size(statement)) return;
  const auto reference = naming().reference(*symbol);
  if (reference.power != nullptr || symbol->transposed) {
    problem("papers.not_a_definition", "define the symbol itself, not its power or transpose", symbol->span);
    return;
  }
  auto& out = quantity(reference, statement.span);
  definition.indices = patterns(reference, symbol->span);
  definition.ranges = ranges_beside(paragraph, piece);
  if (out.role == Role::look_up || out.role == Role::dense) {
    problem("papers.defined_twice", out.name + " belongs to the data, and is defined here again", statement.span);
    return;
  }
  out.role = is_function ? Role::function : Role::defined;
  out.positions = std::max(out.positions, definition.indices.size());
  for (const auto& other : out.definitions) {
    const bool same = std::equal(other.indices.begin(), other.indices.end(), definition.indices.begin(),
                                 definition.indices.end(), [](const IndexPattern& a, const IndexPattern& b) {
                                   return a.letter.empty() == b.letter.empty() && a.offset == b.offset;
                                 });
    if (same && !definition.wraps) {
      problem("papers.defined_twice",
              out.name + " is defined in line " + std::to_string(card().source.line(other.span.begin)) + " already",
              statement.span, {"another name", "\\leftarrow, to change it"});
      return;
    }
  }
  out.definitions.push_back(std::move(definition));
}

/// Whatever stands on a right side and is nothing yet is learnt.
void Reader::find_parameters() {
  std::vector<const Definition*> all;
  for (const auto& [key, q] : method().quantities) {
    for (const auto& definition : q.definitions) all.push_back(&definition);
  }
  std::vector<std::pair<Reference, Span>> found;
  for (const auto* definition : all) {
    std::set<std::string> formals;
    for (const auto& formal : definition->formals) {
      if (formal.kind == Kind::symbol) formals.insert(naming().reference(formal).key);
    }
    for_each_node(definition->right, [&](const Node& node) {
      if (node.kind != Kind::symbol) return;
      const auto letter = Naming::letter(node);
      if (naming().is_index(letter)) return;
      const auto reference = naming().reference(node);
      if (node.font == Font::italic && reference.indices.empty() && naming().is_size(reference.name)) return;
      if (formals.contains(reference.key) || node.font == Font::blackboard) return;
      found.emplace_back(reference, node.span);
    });
  }
  for (const auto& [reference, span] : found) {
    const bool known = method().quantities.contains(reference.key);
    auto& out = quantity(reference, span);
    const auto count = static_cast<std::size_t>(std::count_if(
        reference.indices.begin(), reference.indices.end(), [](const Node* n) { return n->kind != Kind::wildcard; }));
    if (out.role != Role::parameter || out.declared.end != 0) continue;
    out.positions = known ? std::min(out.positions, count) : count;
  }
  for (const auto* definition : all) note_use(definition->right, false);
}

/// What the letters and the places of a parameter say of its shape and its first value.
void Reader::note_use(const Node& node, bool multiplied) {
  if (node.kind == Kind::symbol) {
    const auto found = method().quantities.find(naming().reference(node).key);
    if (found != method().quantities.end() && found->second.role == Role::parameter) {
      auto& quantity = found->second;
      quantity.multiplied = quantity.multiplied || multiplied;
      const bool capital = std::isupper(static_cast<unsigned char>(node.text[0])) != 0;
      const std::uint8_t rank = capital ? 2 : node.font == Font::bold || node.transposed ? 1 : 0;
      quantity.rank_by_letter = std::max(quantity.rank_by_letter, rank);
    }
    return;
  }
  const bool product = node.kind == Kind::product || node.kind == Kind::hadamard || node.kind == Kind::inner ||
                       node.kind == Kind::outer;
  const bool keeps = node.kind == Kind::group || node.kind == Kind::negate || node.kind == Kind::big;
  for (const auto& part : node.parts) note_use(part, product || (keeps && multiplied));
}

void Reader::find_output() {
  const auto wanted = card().head.output;
  std::vector<std::string> names;
  for (const auto& [key, q] : method().quantities) {
    if (q.role != Role::defined) continue;
    if (q.name == (wanted.empty() ? "y_hat" : wanted)) method().output = key;
    names.push_back(q.name);
  }
  if (!method().output.empty()) return;
  problem("papers.no_output", wanted.empty() ? "no equation defines \\hat{y}, the answer" : "no equation defines " + wanted, {},
          names);
}

}  // namespace

const HyperParameter* Method::parameter(const std::string& name) const {
  for (const auto& parameter : card.head.parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

ReadMethod read_method(Card card) { return Reader(std::move(card)).read(); }

std::optional<Range> range_from_use(const Method& method, const std::string& letter, const Node& body,
                                    const std::map<std::string, Range>& beside) {
  std::optional<Range> out;
  for_each_node(body, [&](const Node& node) {
    if (out || node.kind != Kind::symbol) return;
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

int expected_rank(const Quantity& quantity, const Node& left) {
  if (quantity.shape) return static_cast<int>(quantity.shape->size());
  const Node& symbol_node = left.kind == Kind::product ? left.parts[0] : left;
  const bool capital = std::isupper(static_cast<unsigned char>(symbol_node.text[0])) != 0;
  if (symbol_node.font == Font::bold) return capital ? 2 : 1;
  return capital ? -1 : 0;
}

Occurrence occurrence(const Node& call, const Naming& naming) {
  Occurrence out;
  std::string label;
  for (const auto* scripts : {&call.sub, &call.sup}) {
    for (const auto& script : *scripts) {
      const Node& inside = script.kind == Kind::group ? script.parts[0] : script;
      if (const auto letter = Naming::letter(inside); naming.is_index(letter)) {
        out.letters.push_back(letter);
      } else {
        label += "_" + (inside.kind == Kind::number ? std::to_string(static_cast<long long>(inside.value)) : inside.text);
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
      if (node.value != std::floor(node.value) || std::abs(node.value) > 1e12) return {};
      return Dimension(static_cast<std::int64_t>(node.value));
    case Kind::symbol: {
      const auto reference = naming.reference(node);
      if (node.font != Font::italic || node.transposed || !reference.indices.empty() ||
          !naming.is_size(reference.name)) {
        return {};
      }
      const auto base = Dimension::symbol(reference.name);
      if (reference.power == nullptr) return base;
      if (reference.power->kind != Kind::number) return {};
      return base.power(static_cast<std::int64_t>(reference.power->value));
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
