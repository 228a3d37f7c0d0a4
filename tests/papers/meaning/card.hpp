// Cards in a few lines, and what the compiler says of them.
#pragma once

#include <string>

#include "papers/compile.hpp"

namespace automodel::papers {

/// The body of a card begins in line 10.
inline std::string card_text(const std::string& body) {
  return R"(+++
method = "small"
[parameters]
k = { default = 4, range = [2, 64] }
L = 3
hidden = { default = [8, 4] }
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$ and a weight $w_i \in \mathbb{R}$.

)" + body;
}

inline CompiledCard compiled(const std::string& body, const CompileRequest& request = {}) {
  return compile_card("small.md", card_text(body), request);
}

/// All problems as a compiler prints them; empty where there is none.
inline std::string problems(const CompiledCard& card) {
  std::string out;
  for (const auto& problem : card.problems) {
    out += problem.code + " " + describe(problem, card.method.card.source) + "\n";
  }
  return out;
}
inline std::string problems(const std::string& body) { return problems(compiled(body)); }

/// For 6 fields, 2 of them dense. Errors as text.
inline std::string script(const CompiledCard& card) {
  const auto made = script_for(card, {6, 4, 2, 100});
  return made ? made->text : to_string(made.error());
}
inline std::string script(const std::string& body) { return script(compiled(body)); }

/// "u: 4; W: 4 4" in the order of the script.
inline std::string weights(const CompiledCard& card) {
  const auto made = script_for(card, {6, 4, 2, 100});
  if (!made) return to_string(made.error());
  std::string out;
  for (const auto& parameter : made->parameters) {
    out += (out.empty() ? "" : "; ") + parameter.name + ":";
    for (const auto size : parameter.shape) out += " " + std::to_string(size);
  }
  return out;
}
inline std::string weights(const std::string& body) { return weights(compiled(body)); }

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace automodel::papers
