// Recursive descent over tidy tokens. From loose to tight: relations; `\|` between things; + and -; \odot
// \otimes \oplus \circ and / (from the left); things side by side, \cdot, \times; functions and big
// operators, which take what stands to their right; scripts. After the first error `peek` gives the end only,
// so that everything returns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "papers/latex/parser.hpp"
#include "papers/latex/token.hpp"

namespace automodel::papers {

/// Where what is being read stands.
struct Surroundings {
  bool in_script = false;     // upright names are words
  bool script_level = false;  // directly in a superscript, not in brackets there: `\top` ends it
  bool shape = false;         // directly in the superscript of a blackboard symbol: \times separates
  char bar = 0;              // '|' or 'N' (\|): the norm that is open here, and that the next such bar closes
  char bracket = 0;          // '(' '[' '{': what is open here; 0: nothing, or braces that are not printed
  std::optional<Font> font;  // in \mathbf{…}
};

class Reader {
 public:
  Reader(Tokens tokens, const Limits& limits, std::vector<Problem>& problems);

  std::vector<Statement> statements();

 private:
  using Type = Token::Type;

  // reader.cpp: tokens, limits, errors
  const Token& peek(std::size_t ahead = 0) const;
  Token take();
  bool take_if(Type type, std::string_view text = {});
  void fail(std::string message, Span span, std::vector<std::string> candidates = {},
            const char* code = "papers.syntax");
  void unexpected(const std::string& wanted);
  Node make(Kind kind, std::size_t first, std::vector<Node> parts = {}, std::string text = {});
  Span since(std::size_t first) const;
  void close(Type type, std::string_view text, Span opened);
  void note_bars();
  bool bar_opens_norm(std::size_t at) const;

  /// One level deeper, with surroundings of its own.
  class Level {
   public:
    explicit Level(Reader& reader);
    Level(Reader& reader, Surroundings around);
    ~Level();
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Reader& reader_;
    Surroundings before_;
  };

  // expressions.cpp
  Node relation();
  Node piped();
  Node sum();
  Node signed_term();
  Node term();
  Node product(bool after_operator);
  Node big(std::string name, std::size_t first);
  bool starts_factor() const;
  bool chained(const Token& at);

  // atoms.cpp
  Node factor();
  Node atom();
  Node number();
  Node named_command(const Token& command, std::size_t first);
  Node symbol(std::string text, Font as, std::size_t first);
  Node name();
  Node braced();
  Node grouped(Node node, std::size_t first);
  Node with_font(Font font, std::size_t first);
  Node decorated(const std::string& how, std::size_t first);
  Node argument(const Token& of);
  Node root(std::size_t first);
  Node unknown(const Token& command, std::size_t first);
  Node symbol_or_call(std::string text, Font font, std::size_t first);
  Node call(std::string name, std::size_t first, Node scripts);
  bool argument_follows(const std::string& name) const;

  // brackets.cpp
  Node bracketed();
  Node norm();
  Node inner(std::size_t first);
  Node table(std::size_t first, const std::string& environment);
  Node cases(std::size_t first);
  Node condition();
  std::vector<Node> listed(Type type, std::string_view closing, std::vector<std::string>& separators,
                           Span opened);

  // scripts.cpp
  void scripts(Node& node, bool transposes);
  bool limits_family(const Node& node) const;
  void script(Node& node, bool superscript, bool transposes);
  void superscript_end(Node& node, bool transposes);
  std::vector<Node> script_elements(Node& node, bool superscript, bool transposes);
  Node script_element(bool superscript);
  std::optional<Node> sign_or_wildcard();
  std::size_t transposition(bool after_group) const;
  Node shape();
  std::vector<Node> stacked();

  // statements.cpp
  struct Part;
  std::vector<Statement> clause();
  bool at_separator() const;

  friend class Level;
  Tokens tokens_;
  Limits limits_;
  std::vector<Problem>& problems_;
  std::size_t at_ = 0, depth_ = 0, nodes_ = 0, chain_ = 0;
  bool failed_ = false;
  Surroundings around_;
  struct Bar {
    std::size_t partner = 0;  // the next bar of its kind and level; 0: none
    bool opening = false;     // of an even number of bars, an odd one
  };
  std::vector<Bar> bars_;  // one for each token
};

/// The statements that parts between two separators make: see `Statement`.
struct Chain {
  std::vector<Node> sides;             // one more than relations
  std::vector<std::string> relations;  // "=", "<-", "in", "<=", …
};
std::vector<Statement> assemble(std::vector<Chain> parts);

}  // namespace automodel::papers
