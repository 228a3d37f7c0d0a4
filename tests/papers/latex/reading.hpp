// Formulas as short text, so that a test can say what it expects in one line.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "papers/latex/parser.hpp"

namespace automodel::papers {

inline MathText math(const std::string& text, std::uint32_t begin = 0) {
  MathText made;
  made.text = text;
  for (std::size_t i = 0; i <= text.size(); ++i)
    made.offsets.push_back(begin + static_cast<std::uint32_t>(i));
  return made;
}

inline Parsed parsed(const std::string& text) {
  Macros macros;
  return parse_formula(math(text), macros);
}

inline std::string name(Kind kind) {
  static const char* const names[] = {"number", "symbol", "word",     "ellipsis", "wildcard", "group",
                                      "list",   "add",    "subtract", "negate",   "product",  "hadamard",
                                      "outer",  "direct", "divide",   "call",     "big",      "norm",
                                      "inner",  "cases",  "relation"};
  return names[static_cast<std::size_t>(kind)];
}

inline std::string tree(const Node& node);

inline std::string trees(const std::vector<Node>& nodes, const char* with = " ") {
  std::string text;
  for (const auto& node : nodes) text += (text.empty() ? "" : with) + tree(node);
  return text;
}

/// `(add x_{0} (call:tanh y))`: a symbol, a number is itself; font by a letter before ':', scripts behind.
inline std::string tree(const Node& node) {
  std::ostringstream text;
  if (node.kind == Kind::number)
    text << node.value;
  else if (node.kind == Kind::symbol)
    text << (node.font == Font::italic ? ""
                                       : std::string(1, " bucB"[static_cast<std::size_t>(node.font)]) + ":")
         << node.text;
  else if (node.kind == Kind::word)
    text << '"' << node.text << '"';
  else if (node.kind == Kind::ellipsis)
    text << "...";
  else if (node.kind == Kind::wildcard)
    text << "*";
  else
    text << '(' << name(node.kind) << (node.text.empty() ? "" : ":" + node.text)
         << (node.parts.empty() ? "" : " ") << trees(node.parts) << ')';
  text << std::string(node.primes, '\'');
  if (!node.sub.empty()) text << "_{" << trees(node.sub, ", ") << '}';
  if (!node.sup.empty()) text << "^{" << trees(node.sup, ", ") << '}';
  if (node.transposed) text << "^T";
  return text.str();
}

inline std::string said(const Statement& statement) {
  switch (statement.kind) {
    case Statement::Kind::equation:
      return tree(statement.left) + " = " + tree(statement.right);
    case Statement::Kind::replace:
      return tree(statement.left) + " <- " + tree(statement.right);
    case Statement::Kind::membership:
      return trees(statement.subjects, ", ") + " in " + tree(statement.right);
    case Statement::Kind::range:
      return tree(statement.left) + " from " + tree(statement.low) + " to " + tree(statement.high);
    case Statement::Kind::expression:
      return tree(statement.left);
  }
  return {};
}

/// Statements with " ; " between; problems as "! code: message".
inline std::string said(const Parsed& read) {
  std::string text;
  for (const auto& statement : read.statements) text += (text.empty() ? "" : " ; ") + said(statement);
  for (const auto& problem : read.problems)
    text += (text.empty() ? "! " : " ! ") + problem.code + ": " + problem.message;
  return text;
}

inline std::string said(const std::string& formula) { return said(parsed(formula)); }

}  // namespace automodel::papers
