#include "papers/latex/parser.hpp"

#include "papers/latex/macros.hpp"
#include "papers/latex/reader.hpp"
#include "papers/latex/tidy.hpp"

namespace automodel::papers {

Parsed parse_formula(const MathText& formula, Macros& macros, const Limits& limits) {
  Parsed parsed;
  if (formula.text.size() > limits.bytes) {
    parsed.problems.push_back({"papers.too_large",
                               "a formula of more than " + std::to_string(limits.bytes) + " bytes",
                               {formula.offsets.front(), formula.offsets.back()},
                               {}});
    return parsed;
  }
  std::size_t work = limits.expansions;
  auto tokens = expand(lex(formula), macros, work, parsed.problems);
  parsed.expanded = limits.expansions - work;
  if (!parsed.problems.empty()) return parsed;
  parsed.statements = Reader(tidy(std::move(tokens), parsed.problems), limits, parsed.problems).statements();
  return parsed;
}

}  // namespace automodel::papers
