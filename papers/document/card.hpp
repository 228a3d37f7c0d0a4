// A method card: Markdown with LaTeX mathematics and a TOML head -> head, paragraphs and formulas with their places.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "papers/document/source.hpp"
#include "papers/latex/parser.hpp"

namespace automodel::papers {

/// A hyper-parameter as the head declares it: `k = { default = 10, range = [4, 64], meaning = "…" }`,
/// `hidden = { default = [128, 128] }`, or short `L = 3`.
struct HyperParameter {
  std::string name;
  std::vector<double> value;                // one number, or the entries of a list
  bool is_list = false;
  std::vector<std::vector<double>> choices;  // `choices = [8, 16]`; or from `range`: the default, and from low to high by equal
                                             // factors (at most 9 values) where high is 8 times low, else by equal steps (5)
  std::optional<double> low, high;
  std::string meaning;
  Span span;
};

struct Claim {  // [[claims]]: what its paper reports
  std::string data, metric;
  double value = 0;
};

struct Removal {
  std::string name;
  Span span;
};

struct Head {
  std::string method;                    // required; letters, digits, '-'
  std::string title, task, source, extends;
  std::string loss;                      // logloss, bpr, softmax, mse; or empty: logloss, where the answer is a sigma
  std::optional<std::uint32_t> negatives;  // items sampled for each positive row; `task = "ranking"`
  std::string output;                    // the quantity that is the answer; empty: \hat{y}
  std::string parameters_formula;        // `parameter_count = "1 + N + N*k"`: what the card's count must be
  std::map<std::string, std::string> define;  // [define]: answers to questions, `d = "16"`
  std::vector<Removal> remove;           // quantities that a card which extends another takes away
  std::vector<HyperParameter> parameters;     // [parameters], in the order of the file
  std::vector<Claim> claims;
  Span extends_at;
};

/// A piece of a paragraph: running text, or a formula with its statements.
struct Piece {
  std::string text;                   // running text, white space collapsed to one blank
  std::optional<MathText> math;
  std::vector<Statement> statements;  // of math
  Span span;
};
struct Paragraph {  // also a list item, a heading, a table cell
  std::vector<Piece> pieces;
};

struct Card {
  Source source;
  Head head;
  std::vector<Paragraph> paragraphs;
};

/// A card and everything wrong with its form. `card` holds what could be read even where there are problems.
struct ReadCard {
  Card card;
  std::vector<Problem> problems;  // papers.head, papers.syntax, papers.too_large
};

/// `text`: UTF-8, at most 1 MiB. Unknown keys of the head are problems, with the nearest known one as candidate.
ReadCard read_card(std::string name, std::string text);

}  // namespace automodel::papers
