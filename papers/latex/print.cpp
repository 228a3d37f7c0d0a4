// A tree as LaTeX. Everything is written so that `Reader` makes the same tree of it: brackets are never
// added, because the tree has a node for every bracket that is needed.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "papers/latex/syntax.hpp"
#include "papers/latex/vocabulary.hpp"

namespace automodel::papers {
namespace {

std::string print(const Node& node);

std::string number(double value) {
  std::array<char, 400> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

std::string escaped(const std::string& words) {
  std::string text;
  for (const char c : words)
    text += c == '_' || c == '&' || c == '%' || c == '#' ? std::string("\\") + c : std::string(1, c);
  return text;
}

std::string plain_symbol(const std::string& text, Font font) {
  const bool letter = text.size() == 1 && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  const auto* greek = letter_name(text);
  const auto bare = letter ? text : greek && *greek == text ? "\\" + text : std::string();
  switch (font) {
    case Font::italic:
      return bare.empty() ? "\\mathit{" + escaped(text) + "}" : bare;
    case Font::upright:
      return "\\mathrm{" + escaped(text) + "}";
    default:
      const std::string command = font == Font::bold           ? "\\mathbf{"
                                  : font == Font::calligraphic ? "\\mathcal{"
                                                               : "\\mathbb{";
      return command + (bare.empty() ? text : bare) + "}";
  }
}

std::string symbol(const std::string& text, Font font) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> endings{
      {{"_hat", "hat"},
       {"_tilde", "tilde"},
       {"_bar", "bar"},
       {"_dot", "dot"},
       {"_ddot", "ddot"},
       {"_check", "check"},
       {"_arrow", "vec"},
       {"_underline", "underline"}}};
  for (const auto& [ending, command] : endings)
    if (text.size() > ending.size() && text.ends_with(ending))
      return "\\" + std::string(command) + "{" + symbol(text.substr(0, text.size() - ending.size()), font) +
             "}";
  return plain_symbol(text, font);
}

std::string joined(const std::vector<Node>& nodes, const std::string& with) {
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) text += (i == 0 ? "" : with) + print(nodes[i]);
  return text;
}

std::string script_element(const Node& node, bool shape) {
  return shape && node.kind == Kind::product ? joined(node.parts, " \\times ") : print(node);
}

std::string scripts(const Node& node) {
  std::string text(node.primes, '\'');
  const bool shape = node.font == Font::blackboard;
  const auto elements = [&](const std::vector<Node>& of, bool is_shape) {
    std::string inside;
    for (std::size_t i = 0; i < of.size(); ++i)
      inside += (i == 0 ? "" : ", ") + script_element(of[i], is_shape);
    return inside;
  };
  if (!node.sub.empty()) text += "_{" + elements(node.sub, false) + "}";
  if (node.sup.empty()) return text + (node.transposed ? "^\\top" : "");
  return text + "^{" + elements(node.sup, shape) + (node.transposed ? " \\top" : "") + "}";
}

/// A symbol that would take what follows as its argument.
bool would_take(const Node& node) {
  if (node.kind == Kind::negate) return would_take(node.parts[0]);
  if (node.kind != Kind::symbol) return false;
  std::string lower = node.text;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return built_in(lower) && (node.font == Font::upright || node.text == "sigma");
}

std::string product(const Node& node) {
  std::string text;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    const auto& part = node.parts[i];
    const bool sign =
        i > 0 && (part.kind == Kind::negate || part.kind == Kind::number || would_take(node.parts[i - 1]) ||
                  node.parts[i - 1].kind == Kind::word || part.kind == Kind::word);
    text += (i == 0 ? "" : sign ? " \\cdot " : " ") + print(part);
  }
  return text;
}

std::string bracketed(const std::string& open, const std::string& inside) {
  if (open == "[") return "[" + inside + "]";
  return open == "{" ? "\\{" + inside + "\\}" : "(" + inside + ")";
}

std::string call(const Node& node) {
  if (node.text == "binom") return "\\binom{" + print(node.parts[0]) + "}{" + print(node.parts[1]) + "}";
  if (node.text == "sqrt" && node.parts.size() <= 2)
    return (node.parts.size() == 2 ? "\\sqrt[" + print(node.parts[1]) + "]{" : "\\sqrt{") +
           print(node.parts[0]) + "}";
  // A comma list alone would be read as several arguments if its brackets were the call's.
  return (node.text == "sigma" ? "\\sigma" : "\\mathrm{" + node.text + "}") + "(" + joined(node.parts, ", ") +
         ")";
}

std::string cases(const Node& node) {
  std::string text = "\\begin{cases}";
  for (std::size_t i = 0; i + 1 < node.parts.size(); i += 2)
    text += (i == 0 ? " " : " \\\\ ") + print(node.parts[i]) + " & " +
            (node.parts[i + 1].kind == Kind::word ? "\\text{otherwise}" : print(node.parts[i + 1]));
  return text + " \\end{cases}";
}

std::string relation_sign(const std::string& text) {
  if (text == "<=") return " \\le ";
  if (text == ">=") return " \\ge ";
  if (text == "!=") return " \\ne ";
  if (text == "in") return " \\in ";
  if (text == "~") return " \\sim ";
  return text == "<-" ? " \\leftarrow " : " " + text + " ";
}

std::string word(const std::string& text) {
  return text == "+" || text == "-" ? text : "\\mathrm{" + escaped(text) + "}";
}

std::string binary(const Node& node, const char* sign) {
  return print(node.parts[0]) + sign + print(node.parts[1]);
}

std::string big(const Node& node) {
  const std::string command = node.text == "mean" ? "\\mathrm{mean}" : "\\" + node.text;
  return command + scripts(node) + " " + joined(node.parts, " ");
}

std::string without_scripts(const Node& node) {
  switch (node.kind) {
    case Kind::number:
      return number(node.value);
    case Kind::symbol:
      return symbol(node.text, node.font);
    case Kind::word:
      return word(node.text);
    case Kind::ellipsis:
      return "\\dots";
    case Kind::wildcard:
      return "*";
    case Kind::group:
      return bracketed(node.text, joined(node.parts, ", "));
    case Kind::list:
      return "[" + joined(node.parts, node.text == "|" ? " \\| " : node.text + " ") + "]";
    case Kind::add:
      return binary(node, " + ");
    case Kind::subtract:
      return binary(node, " - ");
    case Kind::negate:
      return "-" + joined(node.parts, " ");
    case Kind::product:
      return product(node);
    case Kind::hadamard:
      return binary(node, " \\odot ");
    case Kind::outer:
      return binary(node, " \\otimes ");
    case Kind::direct:
      return binary(node, " \\oplus ");
    case Kind::divide:
      return "\\frac{" + print(node.parts[0]) + "}{" + print(node.parts[1]) + "}";
    case Kind::call:
      return call(node);
    case Kind::big:
      return big(node);
    case Kind::norm:
      return node.text == "norm" ? "\\lVert " + joined(node.parts, " ") + " \\rVert"
                                 : "\\lvert " + joined(node.parts, " ") + " \\rvert";
    case Kind::inner:
      return "\\langle " + joined(node.parts, ", ") + " \\rangle";
    case Kind::cases:
      return cases(node);
    case Kind::relation:
      return print(node.parts[0]) + relation_sign(node.text) + print(node.parts[1]);
  }
  return {};
}

std::string print(const Node& node) {
  return without_scripts(node) + (node.kind == Kind::big ? "" : scripts(node));
}

bool same(const std::vector<Node>& a, const std::vector<Node>& b) {
  return std::ranges::equal(a, b, same_tree);
}

}  // namespace

std::string to_latex(const Node& node) { return print(node); }

bool same_tree(const Node& a, const Node& b) {
  return a.kind == b.kind && a.font == b.font && a.transposed == b.transposed && a.primes == b.primes &&
         a.value == b.value && a.text == b.text && same(a.parts, b.parts) && same(a.sub, b.sub) &&
         same(a.sup, b.sup);
}

}  // namespace automodel::papers
