// The syntax tree of a formula: what was written, before anything is known of what it means. Whether `W(x)` is a product
// or a call, whether the `i` of `x_i` is an index or a label, is for `papers/meaning` to say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace automodel::papers {

/// Bytes [begin, end) of the document.
struct Span {
  std::uint32_t begin = 0, end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

enum class Kind : std::uint8_t {
  number,     // value
  symbol,     // text, font; `W`, `\alpha`, `\hat{y}`, `\mathrm{deep}`
  word,       // text; upright text inside a script or between formulas: `\mathrm{fm}`, `\text{cross}`
  ellipsis,   // \dots and its like
  wildcard,   // `*`, `:`, `\cdot` alone in a script or between brackets: `\sigma(\cdot)`
  group,      // parts[0] in ( ), [ ] or { } with no separator; text is the opening bracket
  list,       // parts with separators inside brackets; text is the separator: ";" "," "|" ("|" also for \| and \Vert)
  add,        // parts[0] + parts[1]
  subtract,   // parts[0] - parts[1]
  negate,     // -parts[0]
  product,    // parts side by side, two or more, in order: `x_0 x_l^\top w_l`; also `\cdot` and `\times`, which say no more
  hadamard,   // parts[0] \odot, \circ or \ast parts[1]
  outer,      // parts[0] \otimes parts[1]
  direct,     // parts[0] \oplus parts[1]
  divide,     // \frac{a}{b} or a / b
  call,       // a built-in function, text its name in lower case (see `built_in`); parts are the arguments; also "sqrt" (x, or x and
              // its degree) and "binom". A script of the whole value beside one of its own wraps it in a group
  big,        // \sum, \prod, \max, \min, mean over an index; parts[0] is the body; the index is in `sub`, the limit in `sup`
  norm,       // \| x \| or | x |: text is "norm" or "abs"; a script `_1`, `_2`, `_F` is in `sub`, a power in `sup`
  inner,      // \langle a, b, … \rangle
  cases,      // value, condition, value, condition, …; a condition "otherwise" is a word
  relation,   // parts[0] text parts[1], text one of < <= > >= = != in ~; only in scripts, conditions
};

enum class Font : std::uint8_t { italic, bold, upright, calligraphic, blackboard };

/// A node with its scripts. Scripts are lists as separated by commas; `W^{(l)}_{ij}` has sub = {product(i, j)} (letters side
/// by side stay one product) and sup = {group(l)}.
struct Node {
  Kind kind = Kind::number;
  Font font = Font::italic;       // symbol
  bool transposed = false;        // ^\top, ^T, ^{\intercal}, ^\mathsf{T}; alone or at the end of a superscript
  std::uint8_t primes = 0;        // x', x^\prime
  double value = 0;               // number
  std::string text;               // see Kind. A symbol's letter or name with its decorations: "W", "alpha", "y_hat", "e_tilde"
  std::vector<Node> parts;
  std::vector<Node> sub, sup;
  Span span;                      // scripts included
};

/// What a formula says; a display may say several things, separated by commas, \quad, `\\` of align, or words.
struct Statement {
  enum class Kind : std::uint8_t {
    equation,    // left = right (also := and \triangleq); `a = b = c` gives two
    replace,     // left \leftarrow right: only in a card that extends another
    membership,  // subjects \in right: right is a blackboard symbol with its shape in `sup`: R^{d \times k} has sup {product…}
    range,       // left = low, \dots, high (also `\in \{low, \dots, high\}` and `low \le left \le high`)
    expression,  // left alone: `$x_i$` in running text
  } kind = Kind::expression;
  Node left, right;             // `left` is the first of `subjects`
  std::vector<Node> subjects;   // membership: `$w_i, b \in \mathbb{R}$` has two
  Node low, high;               // range
  Span span;
};

/// Names (lower case) that are functions and not symbols when an argument follows, in brackets or bare (`\exp x`, `\log_2 x`):
/// sigma relu tanh softmax exp log ln sqrt sin cos arctan atan2 abs sign max min mean concat vec diag layernorm batchnorm
/// dropout mlp attention multihead gru leakyrelu prelu gelu silu swish softplus elu identity normalize.
bool built_in(const std::string& lower_case_name);
std::vector<std::string> built_in_names();

/// The tree as LaTeX in one line that parses back to the same tree.
std::string to_latex(const Node& node);

/// Equal but for places.
bool same_tree(const Node& a, const Node& b);

}  // namespace automodel::papers
