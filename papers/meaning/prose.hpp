// What running text says of symbols: ranges of letters, shapes, and which symbols the data gives.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "papers/meaning/method.hpp"

namespace automodel::papers {

/// A range said somewhere: "for each field $i = 1, \dots, n$".
struct SaidRange {
  std::string letter;
  Range range;
  std::size_t paragraph = 0, piece = 0;
  Span span;
};

/// A shape said somewhere: `$W_l \in \mathbb{R}^{d \times d}$`, and what the sentence around it makes of the symbol.
struct SaidShape {
  Node subject;
  std::vector<Dimension> shape;
  enum class Source : std::uint8_t { unsaid, field_value, categorical_value, dense_features, user, item } source = Source::unsaid;
  Span span;
};

/// `\boldsymbol{\epsilon} \sim \mathcal{N}(\mathbf{0}, \mathbf{I})`: drawn anew for each row that is learnt from.
struct SaidNoise {
  Node subject;
  Span span;
};

struct Said {
  std::vector<SaidRange> ranges;
  std::vector<SaidShape> shapes;
  std::vector<SaidNoise> noises;
  std::map<std::string, InputSize> input_sizes;
  std::vector<Problem> problems;  // papers.shape, papers.range, papers.not_understood
};

/// The sentences that are understood (anything else is for people only):
///   "the value of each field $i = 1, \dots, n$ has …"              -> symbols declared in the sentence are looked up by value
///   "the value of each categorical field $i = 1, \dots, n$ has …"  -> the same, without dense fields
///   "the dense features $\mathbf{x} \in \mathbb{R}^{m}$"            -> the vector of dense features
///   "each user $u$ has …", "each item $v$ has …"                    -> looked up by the user, by the candidate or a place of the history
///   "the user's history is $s_1, \dots, s_T$"                       -> see Interactions
///   "the items that user $u$ has chosen are $\mathcal{N}_u$"        -> see Interactions; $\mathcal{N}_v$ are then the users of an item
Said read_prose(const Card& card, const Naming& naming);

}  // namespace automodel::papers
