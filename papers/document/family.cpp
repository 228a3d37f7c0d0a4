#include "papers/document/family.hpp"

#include <algorithm>
#include <set>

namespace automodel::papers {
namespace {

constexpr std::size_t kMostAncestors = 8;

/// Moves places behind the documents that stand before.
class Mover {
 public:
  explicit Mover(std::uint32_t by) : by_(by) {}

  void move(ReadCard& read) const {
    for (auto& problem : read.problems) move(problem.span);
    auto& head = read.card.head;
    move(head.extends_at);
    for (auto& parameter : head.parameters) move(parameter.span);
    for (auto& removed : head.remove) move(removed.span);
    for (auto& paragraph : read.card.paragraphs) {
      for (auto& piece : paragraph.pieces) move(piece);
    }
  }

 private:
  void move(Span& span) const {
    if (span.end == 0) return;
    span.begin += by_;
    span.end += by_;
  }
  void move(Node& node) const {
    move(node.span);
    for (auto* nodes : {&node.parts, &node.sub, &node.sup}) {
      for (auto& inner : *nodes) move(inner);
    }
  }
  void move(Piece& piece) const {
    move(piece.span);
    if (piece.math) {
      for (auto& offset : piece.math->offsets) offset += by_;
    }
    for (auto& statement : piece.statements) {
      move(statement.span);
      for (auto* node : {&statement.left, &statement.right, &statement.low, &statement.high}) move(*node);
      for (auto& subject : statement.subjects) move(subject);
    }
  }

  std::uint32_t by_;
};

/// What `head` does not say itself, its parent says.
void take_over(Head& head, Head&& parent) {
  for (const auto text : {&Head::task, &Head::loss, &Head::output}) {
    if ((head.*text).empty()) head.*text = std::move(parent.*text);
  }
  if (!head.negatives) head.negatives = parent.negatives;
  head.define.merge(parent.define);
  head.remove.insert(head.remove.end(), parent.remove.begin(), parent.remove.end());
  auto parameters = std::move(parent.parameters);
  for (auto& own : head.parameters) {
    const auto at = std::ranges::find(parameters, own.name, &HyperParameter::name);
    if (at == parameters.end()) {
      parameters.push_back(std::move(own));
    } else {
      *at = std::move(own);
    }
  }
  head.parameters = std::move(parameters);
}

}  // namespace

ReadCard read_family(std::string name, std::string text, const FindCard& find) {
  auto out = read_card(std::move(name), std::move(text));
  auto next = out.card.head.extends;
  auto said_at = out.card.head.extends_at;
  std::set<std::string> seen = {out.card.head.method};
  const auto stop = [&](std::string code, std::string message, std::vector<std::string> candidates = {}) {
    out.problems.push_back({std::move(code), std::move(message), said_at, std::move(candidates)});
    return std::move(out);
  };
  while (!next.empty()) {
    if (!seen.insert(next).second)
      return stop("papers.circular", "the card extends itself through '" + next + "'");
    if (seen.size() > kMostAncestors + 1)
      return stop("papers.too_large", "a card has at most 8 cards that it extends, one the other");
    if (!find) return stop("papers.no_such_card", "there are no cards here to extend: '" + next + "'");
    auto found = find(next);
    if (!found) {
      std::vector<std::string> hint;
      if (!found.error().hint.empty()) hint.push_back(found.error().hint);
      return stop(found.error().code, found.error().message, hint);
    }
    auto parent = read_card(next, std::move(*found));
    Mover(out.card.source.append(next, parent.card.source.text())).move(parent);
    next = parent.card.head.extends;
    said_at = parent.card.head.extends_at;
    out.problems.insert(out.problems.end(), parent.problems.begin(), parent.problems.end());
    take_over(out.card.head, std::move(parent.card.head));
    auto& paragraphs = out.card.paragraphs;
    paragraphs.insert(paragraphs.begin(), std::make_move_iterator(parent.card.paragraphs.begin()),
                      std::make_move_iterator(parent.card.paragraphs.end()));
  }
  return out;
}

}  // namespace automodel::papers
