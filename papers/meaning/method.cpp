#include "papers/meaning/method.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "papers/meaning/changes.hpp"
#include "papers/meaning/loss.hpp"
#include "papers/meaning/prose.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;

constexpr std::size_t kMostEquations = 500;

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
    take_ranges();
    for (const auto& shape : said_.shapes) declare(shape);
    for (const auto& noise : said_.noises) declare_noise(noise);
    declare_ages();
    for (std::size_t p = 0; p < card().paragraphs.size(); ++p) {
      const auto& pieces = card().paragraphs[p].pieces;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        for (const auto& statement : pieces[i].statements) define(statement, p, i);
      }
    }
    remove_quantities(method(), out_.problems);
    if (!method().quantities.contains(method().added_loss)) method().added_loss.clear();
    find_parameters();
    find_output();
    for (auto& doubt : doubts_of(method())) out_.problems.push_back(std::move(doubt));
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

  /// Whether both are of the same card, and not of one that the other extends.
  bool same_card(Span a, Span b) const { return card().source.document(a.begin) == card().source.document(b.begin); }
  void take_ranges();
  std::vector<IndexPattern> patterns(const Reference& reference, Span span);
  void declare(const SaidShape& said);
  void declare_noise(const SaidNoise& said);
  void declare_ages();
  void define(const Statement& statement, std::size_t paragraph, std::size_t piece);
  bool define_size(const Statement& statement);
  std::map<std::string, Range> ranges_beside(std::size_t paragraph, std::size_t piece) const;
  void find_parameters();
  void ask_for_history(const Node& node, const Reference& reference);
  void note_use(const Node& node, bool multiplied);
  void find_output();

  ReadMethod out_;
  Said said_;
  std::size_t equations_ = 0;
};

/// The first one said counts, in the card itself rather than in one that it extends.
void Reader::take_ranges() {
  std::map<std::string, Span> said_at;
  for (const auto& range : said_.ranges) {
    const auto [at, fresh] = said_at.emplace(range.letter, range.span);
    if (!fresh && same_card(at->second, range.span)) continue;
    at->second = range.span;
    method().ranges[range.letter] = range.range;
  }
}

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
  if (out.shape && *out.shape != said.shape && same_card(out.declared, said.span)) {
    problem("papers.shape", "the shape of " + naming().reference(said.subject).name + " was said differently before",
            said.span, {card().source.place(out.declared.begin)});
    return;
  }
  out.shape = said.shape;
  out.declared = said.span;
  out.declared_indices = patterns(reference, said.span);
  out.positions = std::max(out.positions, out.declared_indices.size());
  using Source = SaidShape::Source;
  if (said.source == Source::dense_features) out.role = Role::dense;
  if ((said.source == Source::user && reference.of_user) || (said.source == Source::item && reference.of_item)) {
    out.role = Role::look_up;
    out.owner = said.source == Source::user ? Owner::user : Owner::item;
    return;
  }
  if (said.source == Source::field_value || said.source == Source::categorical_value) {
    if (out.declared_indices.empty()) return;  // a size or a shared matrix in the same sentence
    out.role = Role::look_up;
    out.categorical_only = said.source == Source::categorical_value;
  }
}

void Reader::declare_noise(const SaidNoise& said) {
  if (said.subject.kind != Kind::symbol) return problem("papers.not_understood", "only a symbol can be drawn", said.span);
  const auto reference = naming().reference(said.subject);
  if (!reference.indices.empty() || reference.of_user || reference.of_item) {
    return problem("papers.not_understood", "noise is drawn once for each row, and has no index", said.span,
                   {"\\boldsymbol{\\epsilon} \\in \\mathbb{R}^{k}, and its entries \\epsilon_f"});
  }
  auto& out = quantity(reference, said.span);
  out.role = Role::noise;
}

/// "their ages in days are $\delta_1, \dots, \delta_T$".
void Reader::declare_ages() {
  const auto& said = naming().interactions();
  if (said.ages.empty()) return;
  auto& out = method().quantities[said.ages];
  out.key = out.name = said.ages;
  out.first = said.history_at;
  out.positions = 1;
  out.role = Role::age;
  if (said.history.empty()) problem("papers.unknown_symbol", "ages are of a history's items, and no sentence says what that is", {}, {"The user's history is $s_1, \\dots, s_T$, latest last."});
}

bool Reader::define_size(const Statement& statement) {
  const auto reference = naming().reference(statement.left);
  if (statement.left.font != Font::italic || !reference.indices.empty() || !naming().is_size(reference.name)) return false;
  const auto right = to_dimension(statement.right, naming());
  if (!right) return false;
  method().size_equations.push_back({Dimension::symbol(reference.name), *right, statement.span});
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
  if (naming().neighbours_of(statement.left)) {
    return problem("papers.defined_twice", "the graph belongs to the data, and is defined here again", statement.span);
  }
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
  // `\mathrm{Attention}(Q, K, V) = …`: the card's own. What the sigma is, the answer's loss knows.
  const auto own = symbol->kind == Kind::call && symbol->text != "sigma" ? as_symbol(*symbol) : Node{};
  if (own.kind == Kind::symbol) {
    is_function = true;
    definition.formals = symbol->parts;
    symbol = &own;
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
  if (++equations_ > kMostEquations) {
    if (equations_ == kMostEquations + 1) problem("papers.too_large", "the card has more than 500 equations", statement.span);
    return;
  }
  auto& out = quantity(reference, statement.span);
  definition.indices = patterns(reference, symbol->span);
  definition.ranges = ranges_beside(paragraph, piece);
  if (out.role == Role::look_up || out.role == Role::dense || out.role == Role::noise || out.role == Role::age) {
    problem("papers.defined_twice",
            out.name + (out.role == Role::noise ? " is drawn" : " belongs to the data") + ", and is defined here again", statement.span);
    return;
  }
  if (out.key == kLossKey && !is_function) {
    method().added_loss = out.key;
    if (const auto wrong = keep_what_is_added(definition, naming()); !wrong.empty()) {
      return problem("papers.not_a_definition", wrong, statement.span,
                     {"\\mathcal{L} = \\mathcal{L}_\\mathrm{task} + …: the head's loss, and what is added to it"});
    }
  }
  out.role = is_function ? Role::function : Role::defined;
  if (reference.of_user != reference.of_item) out.side = reference.of_user ? Naming::Side::user : Naming::Side::item;
  out.positions = std::max(out.positions, definition.indices.size());
  if (definition.wraps && out.definitions.empty()) {
    problem("papers.not_a_definition", "there is no " + out.name + " yet that could be changed", statement.span,
            {"=, to define it", "extends = \"…\" in the head: the card that defines it"});
    return;
  }
  for (auto at = out.definitions.begin(); at != out.definitions.end() && !definition.wraps;) {
    const auto& other = *at;
    const bool same = std::equal(other.indices.begin(), other.indices.end(), definition.indices.begin(),
                                 definition.indices.end(), [](const IndexPattern& a, const IndexPattern& b) {
                                   return a.letter.empty() == b.letter.empty() && a.offset == b.offset;
                                 });
    if (same && same_card(other.span, statement.span)) {
      problem("papers.defined_twice", out.name + " is defined in " + card().source.place(other.span.begin) + " already",
              statement.span, {"another name", "\\leftarrow, to change it"});
      return;
    }
    at = same ? out.definitions.erase(at) : at + 1;  // that of the card which this one extends
  }
  out.definitions.push_back(std::move(definition));
}

/// `\mathbf{q}_{s_t}` where no sentence says what s is.
void Reader::ask_for_history(const Node& node, const Reference& reference) {
  const bool said = !naming().interactions().history.empty();
  if (said || node.sub.size() != 1 || node.sub[0].kind != Kind::symbol || node.sub[0].sub.empty()) return;
  for (const auto& [key, q] : method().quantities) {
    if (q.role != Role::look_up || q.owner != Owner::item || !reference.key.starts_with(key + "_")) continue;
    const auto text = std::string(card().source.text_of(node.span));
    problem("papers.unknown_symbol", text + " asks for an item of the history, and no sentence says what that is", node.span,
            {"The user's history is $s_1, \\dots, s_T$, latest last."});
    return;
  }
}

/// Whatever stands on a right side and is nothing yet is learnt.
void Reader::find_parameters() {
  std::vector<const Definition*> all;
  for (const auto& [key, q] : method().quantities) {
    for (const auto& definition : q.definitions) all.push_back(&definition);
  }
  std::vector<std::pair<Reference, Span>> found;
  std::set<std::string> asked;  // once for each symbol
  for (const auto* definition : all) {
    std::set<std::string> formals;
    for (const auto& formal : definition->formals) {
      if (formal.kind == Kind::symbol) formals.insert(naming().reference(formal).key);
    }
    for_each_node(definition->right, [&](const Node& node) {
      if (node.kind != Kind::symbol) return;
      const auto letter = Naming::letter(node);
      if (is_infinity(node) || naming().is_index(letter) || naming().is_history_item(node) || naming().neighbours_of(node)) return;
      const auto reference = naming().reference(node);
      ask_for_history(node, reference);
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
    if (out.role == Role::parameter && (reference.of_user || reference.of_item) && asked.insert(reference.key).second) {
      const std::string whose = reference.of_user ? "user" : "item";
      const auto& said = naming().interactions();
      const auto text = std::string(card().source.text_of(span));
      problem("papers.unknown_symbol", text + " belongs to each " + whose + ", and no sentence says what it is", span,
              {"each " + whose + " $" + (reference.of_user ? said.user : said.item) + "$ has … $" + text + " \\in \\mathbb{R}^{…}$",
               "a label that is no index: \\mathrm{" + whose + "}"});
    }
    if (out.role != Role::parameter || out.declared.end != 0) continue;
    out.positions = known ? std::min(out.positions, count) : count;
  }
  for (const auto* definition : all) note_use(definition->right, false);
}

/// What the letters and the places of a parameter say of its shape and its first value.
void Reader::note_use(const Node& node, bool multiplied) {
  if (node.kind == Kind::symbol) {
    const auto found = method().quantities.find(naming().reference(node).key);
    const bool unsaid = found != method().quantities.end() &&
                        (found->second.role == Role::parameter || found->second.role == Role::noise);
    if (unsaid) {
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
  const auto& wanted = card().head.output;
  // As in formulas, `\hat{y}`, or as in messages, `y_hat`.
  MathText text;
  text.text = wanted;
  text.offsets.assign(wanted.size() + 1, 0);
  Macros none;
  const auto parsed = parse_formula(text, none);
  const bool is_symbol = parsed.problems.empty() && parsed.statements.size() == 1 && parsed.statements[0].left.kind == Kind::symbol;
  const auto said = is_symbol ? naming().reference(parsed.statements[0].left).name : wanted;
  std::vector<std::string> names;
  for (const auto& [key, q] : method().quantities) {
    if (q.role != Role::defined || key == method().added_loss) continue;
    if (wanted.empty() ? q.name == "y_hat" : q.name == wanted || q.name == said) method().output = key;
    names.push_back(q.name);
  }
  if (!method().output.empty()) return;
  problem("papers.no_output", wanted.empty() ? "no equation defines \\hat{y}, the answer" : "no equation defines " + wanted, {},
          names);
}

}  // namespace

ReadMethod read_method(Card card) { return Reader(std::move(card)).read(); }

}  // namespace automodel::papers
