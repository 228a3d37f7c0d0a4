#include "papers/meaning/prose.hpp"

#include <algorithm>
#include <cctype>

namespace automodel::papers {
namespace {

using Source = SaidShape::Source;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// One sentence after the other, across the pieces of a paragraph.
class Reader {
 public:
  Reader(const Naming& naming, Said& out) : naming_(naming), out_(out) {}

  void read(const Paragraph& paragraph, std::size_t number) {
    source_ = Source::unsaid;
    for (std::size_t i = 0; i < paragraph.pieces.size(); ++i) {
      const auto& piece = paragraph.pieces[i];
      if (!piece.math) {
        hear(piece.text);
        continue;
      }
      for (const auto& statement : piece.statements) {
        if (statement.kind == Statement::Kind::range) read_range(statement, number, i);
        if (statement.kind == Statement::Kind::membership) read_shape(statement);
        const auto& left = statement.left;
        const bool drawn = statement.kind == Statement::Kind::expression && left.kind == Kind::relation && left.text == "~";
        if (drawn) read_noise(left, statement.span);
      }
    }
  }

 private:
  void hear(const std::string& text) {
    const auto words = lower(text);
    const auto stop = std::max(words.rfind(". ") == std::string::npos ? std::size_t{0} : words.rfind(". ") + 1,
                               !words.empty() && words.back() == '.' ? words.size() : std::size_t{0});
    if (stop > 0) source_ = Source::unsaid;
    const auto now = words.substr(stop);
    if (now.find("value of each field") != std::string::npos) source_ = Source::field_value;
    if (now.find("value of each categorical field") != std::string::npos) source_ = Source::categorical_value;
    if (now.find("dense features") != std::string::npos) source_ = Source::dense_features;
    const auto user = now.rfind("each user"), item = now.rfind("each item");
    if (user != std::string::npos) source_ = Source::user;
    if (item != std::string::npos && (user == std::string::npos || user < item)) source_ = Source::item;
  }

  void read_range(const Statement& statement, std::size_t paragraph, std::size_t piece) {
    const auto letter = Naming::letter(statement.left);
    const auto low = to_dimension(statement.low, naming_), high = to_dimension(statement.high, naming_);
    if (letter.empty() || !low || !high) {
      out_.problems.push_back({"papers.range", "this is no range of an index", statement.span, {"i = 1, \\dots, n"}});
      return;
    }
    out_.ranges.push_back({letter, {*low, *high}, paragraph, piece, statement.span});
    const auto symbols = high->symbols();
    if (symbols.size() != 1 || *high != Dimension::symbol(*symbols.begin())) return;
    if (source_ == Source::field_value) out_.input_sizes.emplace(*symbols.begin(), InputSize::fields);
    if (source_ == Source::categorical_value) out_.input_sizes.emplace(*symbols.begin(), InputSize::categorical_fields);
  }

  void read_shape(const Statement& statement) {
    const auto& space = statement.right;
    if (space.kind != Kind::symbol || space.font != Font::blackboard || space.text != "R") return;
    std::vector<Dimension> shape;
    for (const auto& script : space.sup) {
      const bool by = script.kind == Kind::product;  // of sizes, by \times; a size that is a product is a group
      const std::vector<Node> alone = {script};
      for (const auto& size : by ? script.parts : alone) {
        const auto dimension = to_dimension(size, naming_);
        if (!dimension) {
          out_.problems.push_back({"papers.shape", "this is no size", size.span, {"\\mathbb{R}^{d \\times k}"}});
          return;
        }
        shape.push_back(*dimension);
      }
    }
    for (const auto& subject : statement.subjects) out_.shapes.push_back({subject, shape, source_, statement.span});
    if (source_ == Source::dense_features && shape.size() == 1) {
      for (const auto& name : shape[0].symbols()) out_.input_sizes.emplace(name, InputSize::dense_features);
    }
  }

  void read_noise(const Node& drawn, Span span) {
    const auto &subject = drawn.parts[0], &from = drawn.parts[1];
    const bool normal = from.kind == Kind::product && from.parts.size() == 2 && from.parts[0].kind == Kind::symbol &&
                        from.parts[0].font == Font::calligraphic && from.parts[0].text == "N" &&
                        from.parts[1].kind == Kind::list && from.parts[1].parts.size() == 2;
    const auto is = [&](std::size_t i, double number, const char* letter) {
      const auto& part = from.parts[1].parts[i];
      const bool plain = part.sub.empty() && part.sup.empty();
      return plain && ((part.kind == Kind::number && part.value == number) || (part.kind == Kind::symbol && part.text == letter));
    };
    if (!normal || !is(0, 0, "0") || !is(1, 1, "I")) {
      out_.problems.push_back({"papers.not_understood", "noise is drawn from the standard normal distribution alone", span,
                               {"\\boldsymbol{\\epsilon} \\sim \\mathcal{N}(\\mathbf{0}, \\mathbf{I})", "\\epsilon \\sim \\mathcal{N}(0, 1)"}});
      return;
    }
    out_.noises.push_back({subject, span});
  }

  const Naming& naming_;
  Said& out_;
  Source source_ = Source::unsaid;
};

}  // namespace

Said read_prose(const Card& card, const Naming& naming) {
  Said out;
  Reader reader(naming, out);
  for (std::size_t i = 0; i < card.paragraphs.size(); ++i) reader.read(card.paragraphs[i], i);
  return out;
}

}  // namespace automodel::papers
