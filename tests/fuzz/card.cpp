// Whatever the card is: problems with their places, or statements whose nodes have places in it and whose
// LaTeX is read back; never a crash.
#include "papers/document/card.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace automodel::papers;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_places(const Node& node, std::uint32_t size) {
  require(node.span.begin <= node.span.end && node.span.end <= size);
  for (const auto* nodes : {&node.parts, &node.sub, &node.sup})
    for (const auto& inner : *nodes) check_places(inner, size);
}

void check_latex(const Node& node) {
  MathText formula;
  formula.text = "(" + to_latex(node) + ")";  // in brackets every expression and relation is one thing
  for (std::size_t i = 0; i <= formula.text.size(); ++i)
    formula.offsets.push_back(static_cast<std::uint32_t>(i));
  Macros none;
  const auto read = parse_formula(formula, none);
  // A quotient written as a fraction is nested deeper than with a slash.
  if (!read.problems.empty() && read.problems[0].code == "papers.too_large") return;
  const bool one =
      read.problems.empty() && read.statements.size() == 1 && read.statements[0].left.parts.size() == 1;
  if (one && same_tree(read.statements[0].left.parts[0], node)) return;
  std::fprintf(stderr, "%s is not read back: %s\n", formula.text.c_str(),
               read.problems.empty() ? "another tree" : read.problems[0].message.c_str());
  std::abort();
}

void check(const Node& node, std::uint32_t size) {
  check_places(node, size);
  check_latex(node);
}

void check(const Statement& statement, std::uint32_t size) {
  require(statement.span.begin <= statement.span.end && statement.span.end <= size);
  check(statement.left, size);
  for (const auto& subject : statement.subjects) check(subject, size);
  if (statement.kind == Statement::Kind::range) {
    check(statement.low, size);
    check(statement.high, size);
  } else if (statement.kind != Statement::Kind::expression) {
    check(statement.right, size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = read_card("card.md", std::string(reinterpret_cast<const char*>(data), size));
  const auto& source = read.card.source;
  const auto end = static_cast<std::uint32_t>(source.text().size());
  for (const auto& problem : read.problems) {
    require(!problem.code.empty() && !problem.message.empty() && problem.span.begin <= problem.span.end);
    require(describe(problem, source).find('^') != std::string::npos);
  }
  for (const auto& paragraph : read.card.paragraphs) {
    require(!paragraph.pieces.empty());
    for (const auto& piece : paragraph.pieces) {
      require(piece.span.begin <= piece.span.end && piece.span.end <= end);
      require(piece.math.has_value() == piece.text.empty());
      for (std::size_t i = 0; piece.math && i < piece.math->text.size(); ++i)
        require(source.text()[piece.math->offsets[i]] == piece.math->text[i]);
      for (const auto& statement : piece.statements) check(statement, end);
    }
  }
  return 0;
}
