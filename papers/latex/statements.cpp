#include <algorithm>

#include "papers/latex/reader.hpp"
#include "papers/latex/vocabulary.hpp"

namespace automodel::papers {
namespace {

bool is_plain(const Node& node) {
  return node.kind == Kind::symbol && node.sub.empty() && node.sup.empty() && node.primes == 0 &&
         !node.transposed;
}

Span joined(Span a, Span b) { return {std::min(a.begin, b.begin), std::max(a.end, b.end)}; }

Statement statement(Statement::Kind kind, Node left, Node right) {
  Statement made;
  made.kind = kind;
  made.span = joined(left.span, right.span.end > 0 ? right.span : left.span);
  made.left = std::move(left);
  made.right = std::move(right);
  return made;
}

Statement range(Node left, Node low, Node high) {
  Statement made;
  made.kind = Statement::Kind::range;
  made.span = joined(joined(left.span, low.span), high.span);
  made.left = std::move(left);
  made.low = std::move(low);
  made.high = std::move(high);
  return made;
}

/// `x + 1` or `x - 1`, at the place of x: what `<` leaves.
Node moved(Node node, Kind kind) {
  Node one, sum;
  one.value = 1;
  one.span = sum.span = node.span;
  sum.kind = kind;
  sum.parts = {std::move(node), std::move(one)};
  return sum;
}

/// Turns the parts between two separators into statements.
class Assembly {
 public:
  explicit Assembly(std::vector<Chain> parts) : parts_(std::move(parts)) {}

  std::vector<Statement> run() {
    for (auto& part : parts_) split_ellipsis(part);
    parts_ = std::move(split_);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& part = parts_[i];
      if (part.relations.empty())
        pending_.push_back(std::move(part.sides[0]));
      else if (const auto last = range_end(i); last > i)
        counted_range(i, last), i = last;
      else if (part.relations.size() >= 2 && bounds(part))
        bounded(part);
      else
        related(part);
    }
    flush();
    return std::move(done_);
  }

 private:
  /// `l = 1 \dots n` without commas is three parts; `x_1 \cdots x_n` is a product.
  void split_ellipsis(Chain& part) {
    auto& last = part.sides.back();
    const auto is_dots = [](const Node& node) { return node.kind == Kind::ellipsis; };
    const bool counts = part.relations.empty() || (part.relations.size() == 1 && is_plain(part.sides[0]));
    const auto& factors = last.parts;
    const bool two = factors.size() == 2 && (is_dots(factors[0]) || is_dots(factors[1]));
    const bool three =
        factors.size() == 3 && is_dots(factors[1]) && !part.relations.empty() && factors[0].sub.empty();
    if (last.kind != Kind::product || !last.sub.empty() || !last.sup.empty() || !counts || !(two || three)) {
      split_.push_back(std::move(part));
      return;
    }
    auto pieces = std::move(last.parts);
    last = std::move(pieces[0]);
    split_.push_back(std::move(part));
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      Chain piece;
      piece.sides.push_back(std::move(pieces[i]));
      split_.push_back(std::move(piece));
    }
  }

  bool is_alone(std::size_t i) const { return i < parts_.size() && parts_[i].relations.empty(); }

  /// `l = 1, 2, \dots, L` from part i on: the last of its parts; i where it is none.
  std::size_t range_end(std::size_t i) const {
    const auto& part = parts_[i];
    if (part.relations.size() != 1 || part.relations[0] != "=" || !is_plain(part.sides[0]) ||
        !part.sides[1].sub.empty())
      return i;
    auto at = i + 1;
    while (is_alone(at) && at <= i + 2 && parts_[at].sides[0].kind != Kind::ellipsis) ++at;
    return is_alone(at) && parts_[at].sides[0].kind == Kind::ellipsis && is_alone(at + 1) ? at + 1 : i;
  }

  void counted_range(std::size_t i, std::size_t last) {
    auto subjects = take_subjects(std::move(parts_[i].sides[0]));
    for (auto& subject : subjects)
      done_.push_back(range(std::move(subject), parts_[i].sides[1], parts_[last].sides[0]));
  }

  /// What stands before with commas, where all of it is plain symbols: `i, j = 1, \dots, n`.
  std::vector<Node> take_subjects(Node last) {
    if (!std::ranges::all_of(pending_, is_plain)) flush();
    auto subjects = std::move(pending_);
    pending_.clear();
    subjects.push_back(std::move(last));
    return subjects;
  }

  static bool bounds(const Chain& part) {
    const auto less = [](const std::string& said) { return said == "<" || said == "<="; };
    const auto more = [](const std::string& said) { return said == ">" || said == ">="; };
    return std::ranges::all_of(part.relations, less) || std::ranges::all_of(part.relations, more);
  }

  /// low <= i < j <= high: each between its neighbours.
  void bounded(Chain& part) {
    flush();
    if (part.relations[0][0] == '>') {
      std::ranges::reverse(part.sides);
      std::ranges::reverse(part.relations);
    }
    for (std::size_t i = 1; i + 1 < part.sides.size(); ++i) {
      const bool above = part.relations[i - 1].size() == 1, below = part.relations[i].size() == 1;
      auto low = above ? moved(part.sides[i - 1], Kind::add) : part.sides[i - 1];
      auto high = below ? moved(part.sides[i + 1], Kind::subtract) : part.sides[i + 1];
      done_.push_back(range(part.sides[i], std::move(low), std::move(high)));
    }
  }

  void related(Chain& part) {
    const auto membership = part.relations.size() == 1 && part.relations[0] == "in";
    if (membership) return member(std::move(part.sides[0]), std::move(part.sides[1]));
    flush();
    for (std::size_t i = 0; i < part.relations.size(); ++i) {
      const auto& said = part.relations[i];
      if (said == "in")
        member(part.sides[0], part.sides[i + 1]);
      else if (said == "=")
        done_.push_back(statement(Statement::Kind::equation, part.sides[i], part.sides[i + 1]));
      else if (said == "<-")
        done_.push_back(statement(Statement::Kind::replace, part.sides[i], part.sides[i + 1]));
      else
        compared(part, i);
    }
  }

  void compared(const Chain& part, std::size_t i) {
    Node node;
    node.kind = Kind::relation;
    node.text = part.relations[i];
    node.parts = {part.sides[i], part.sides[i + 1]};
    node.span = joined(part.sides[i].span, part.sides[i + 1].span);
    done_.push_back(statement(Statement::Kind::expression, std::move(node), {}));
  }

  void member(Node left, Node right) {
    const auto size = right.parts.size();
    if (right.kind == Kind::list && size >= 3 && right.parts[size - 2].kind == Kind::ellipsis) {
      for (auto& subject : take_subjects(std::move(left))) {
        done_.push_back(range(std::move(subject), right.parts.front(), right.parts.back()));
        done_.back().span = joined(done_.back().span, right.span);
      }
      return;
    }
    Statement made;
    made.kind = Statement::Kind::membership;
    made.subjects = std::move(pending_);
    pending_.clear();
    made.subjects.push_back(std::move(left));
    made.left = made.subjects.front();
    made.span = joined(made.left.span, right.span);
    made.right = std::move(right);
    done_.push_back(std::move(made));
  }

  void flush() {
    for (auto& node : pending_) done_.push_back(statement(Statement::Kind::expression, std::move(node), {}));
    pending_.clear();
  }

  std::vector<Chain> parts_, split_;
  std::vector<Node> pending_;
  std::vector<Statement> done_;
};

}  // namespace

std::vector<Statement> assemble(std::vector<Chain> parts) { return Assembly(std::move(parts)).run(); }

bool Reader::at_separator() const {
  const auto& token = peek();
  if (token.type == Type::end || token.is_command("\\") || token.is_mark("&") || token.is_command("quad") ||
      token.is_mark(";") || token.is_command("forall"))
    return true;
  if (token.is_mark("."))
    return peek(1).type == Type::end || peek(1).is_command("\\") || peek(1).is_command("quad");
  return token.type == Type::name && around_.bracket == 0 && !around_.in_script &&
         joins_statements(token.text) && !peek(1).is_mark("_") && !peek(1).is_mark("^");
}

std::vector<Statement> Reader::clause() {
  std::vector<Chain> parts;
  while (!failed_) {
    if (take_if(Type::mark, ",")) continue;
    if (at_separator()) break;
    Chain part;
    part.sides.push_back(piped());
    while (peek().type == Type::mark || peek().type == Type::command) {
      const auto* said = papers::relation(peek().text);
      if (!said || !chained(peek())) break;
      part.relations.push_back(*said);
      take();
      part.sides.push_back(piped());
    }
    if (failed_) break;
    parts.push_back(std::move(part));
    if (!peek().is_mark(",") && !at_separator()) unexpected("an operator, a comma or the end");
  }
  // What stands before the error can be understood without it, but an equation that is half read cannot.
  return assemble(std::move(parts));
}

std::vector<Statement> Reader::statements() {
  std::vector<Statement> all;
  while (!failed_ && peek().type != Type::end) {
    if (at_separator()) {
      take();
      continue;
    }
    auto some = clause();
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

}  // namespace automodel::papers
