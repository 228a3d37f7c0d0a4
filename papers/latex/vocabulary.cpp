#include "papers/latex/vocabulary.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace automodel::papers {
namespace {

using Words = std::set<std::string, std::less<>>;
using Renamed = std::map<std::string, std::string, std::less<>>;

const std::string* find(const Renamed& in, std::string_view word) {
  const auto at = in.find(word);
  return at == in.end() ? nullptr : &at->second;
}

const Renamed& letters() {
  static const Renamed all = [] {
    Renamed made{{"varepsilon", "epsilon"}, {"vartheta", "theta"}, {"varphi", "phi"},    {"varrho", "rho"},
                 {"varsigma", "sigma"},     {"varpi", "pi"},       {"varkappa", "kappa"}};
    for (const char* name :
         {"alpha",   "beta", "gamma", "delta", "epsilon", "zeta",  "eta",    "theta",   "iota",    "kappa",
          "lambda",  "mu",   "nu",    "xi",    "pi",      "rho",   "sigma",  "tau",     "upsilon", "phi",
          "chi",     "psi",  "omega", "Gamma", "Delta",   "Theta", "Lambda", "Xi",      "Pi",      "Sigma",
          "Upsilon", "Phi",  "Psi",   "Omega", "ell",     "infty", "nabla",  "partial", "emptyset"})
      made[name] = name;
    return made;
  }();
  return all;
}

const Renamed& decorations() {
  static const Renamed all{{"hat", "hat"},
                           {"widehat", "hat"},
                           {"tilde", "tilde"},
                           {"widetilde", "tilde"},
                           {"bar", "bar"},
                           {"overline", "bar"},
                           {"dot", "dot"},
                           {"ddot", "ddot"},
                           {"check", "check"},
                           {"vec", "arrow"},
                           {"underline", "underline"}};
  return all;
}

const std::map<std::string, Font, std::less<>>& fonts() {
  static const std::map<std::string, Font, std::less<>> all{
      {"mathbf", Font::bold},       {"boldsymbol", Font::bold},      {"bm", Font::bold},
      {"pmb", Font::bold},          {"mathcal", Font::calligraphic}, {"mathscr", Font::calligraphic},
      {"mathbb", Font::blackboard}, {"mathnormal", Font::italic},    {"mathit", Font::italic}};
  return all;
}

const Renamed& relations() {
  static const Renamed all{{"=", "="},     {"<", "<"},         {">", ">"},        {"lt", "<"},
                           {"gt", ">"},    {"le", "<="},       {"ge", ">="},      {"ne", "!="},
                           {"in", "in"},   {"triangleq", "="}, {"coloneqq", "="}, {"equiv", "="},
                           {"doteq", "="}, {"leftarrow", "<-"}, {"sim", "~"}};
  return all;
}

const Renamed& spellings() {
  static const Renamed all{
      {"leq", "le"},       {"leqslant", "le"},         {"geq", "ge"},       {"geqslant", "ge"},
      {"neq", "ne"},       {"ldots", "dots"},          {"cdots", "dots"},   {"dotsc", "dots"},
      {"dotsb", "dots"},   {"dotsm", "dots"},          {"dotso", "dots"},   {"vdots", "dots"},
      {"ddots", "dots"},   {"gets", "leftarrow"},      {"lbrace", "{"},     {"rbrace", "}"},
      {"Vert", "|"},       {"parallel", "|"},          {"qquad", "quad"},   {"tfrac", "frac"},
      {"dfrac", "frac"},   {"cfrac", "frac"},          {"tbinom", "binom"}, {"dbinom", "binom"},
      {"intercal", "top"}, {"hadamard", "odot"},       {"bigcirc", "circ"}, {"newline", "\\"},
      {"cr", "\\"},        {"colonequals", "coloneqq"}};
  return all;
}

const Words& functions() {
  static const Words all{"tanh", "exp", "log", "ln", "sin", "cos", "arctan", "max", "min"};
  return all;
}

const Words& words_commands() {
  static const Words all{"mathrm", "text",   "textrm", "textnormal", "mbox",   "operatorname", "mathsf",
                         "mathtt", "textsf", "texttt", "textbf",     "textit", "textsc",       "mathup"};
  return all;
}

const Words& silent() {
  static const Words all{
      ",",         ";",          ":",         "!",        ">",          " ",           "displaystyle",
      "textstyle", "limits",     "nolimits",  "nonumber", "notag",      "scriptstyle", "scriptscriptstyle",
      "mathstrut", "strut",      "mathbin",   "mathrel",  "mathop",     "mathord",     "mathopen",
      "mathclose", "mathpunct",  "thinspace", "medspace", "thickspace", "left",        "right",
      "middle",    "allowbreak", "hfill",     "relax",    "noindent",   "centering",   "/"};
  return all;
}

const Words& silent_with_argument() {
  static const Words all{"label", "tag", "hspace", "vspace", "phantom", "hphantom", "vphantom", "mspace"};
  return all;
}

const Words& operators() {
  static const Words all{"cdot",
                         "times",
                         "odot",
                         "circ",
                         "ast",
                         "otimes",
                         "oplus",
                         "sum",
                         "prod",
                         "frac",
                         "sqrt",
                         "binom",
                         "langle",
                         "rangle",
                         "lVert",
                         "rVert",
                         "lvert",
                         "rvert",
                         "mid",
                         "dots",
                         "top",
                         "prime",
                         "quad",
                         "begin",
                         "end",
                         "substack",
                         "forall",
                         "star",
                         "stackrel",
                         "overset",
                         "newcommand",
                         "renewcommand",
                         "providecommand",
                         "def",
                         "DeclareMathOperator",
                         "big",
                         "Big",
                         "bigg",
                         "Bigg",
                         "bigl",
                         "bigr",
                         "Bigl",
                         "Bigr",
                         "biggl",
                         "biggr",
                         "Biggl",
                         "Biggr"};
  return all;
}

template <class Map>
void add_keys(std::vector<std::string>& to, const Map& map) {
  for (const auto& [key, unused] : map)
    if (key.size() > 1) to.push_back(key);
}

}  // namespace

const std::string* letter_name(std::string_view command) { return find(letters(), command); }
const std::string* decoration(std::string_view command) { return find(decorations(), command); }

std::optional<Font> font(std::string_view command) {
  const auto at = fonts().find(command);
  return at == fonts().end() ? std::nullopt : std::optional(at->second);
}

bool upright_words(std::string_view command) { return words_commands().contains(command); }
bool function_command(std::string_view command) { return functions().contains(command); }
bool big_operator(std::string_view name) { return name == "sum" || name == "prod"; }
bool big_with_index(std::string_view name) { return name == "max" || name == "min" || name == "mean"; }
const std::string* relation(std::string_view mark_or_command) { return find(relations(), mark_or_command); }

std::string_view canonical(std::string_view command) {
  const auto* found = find(spellings(), command);
  return found ? std::string_view(*found) : command;
}

std::string_view of_character(std::string_view utf8) {
  static const Renamed all{
      {"≤", "le"},        {"≥", "ge"},       {"≠", "ne"},     {"∈", "in"},     {"←", "leftarrow"},
      {"≜", "triangleq"}, {"≔", "coloneqq"}, {"·", "cdot"},   {"⋅", "cdot"},   {"×", "times"},
      {"⊙", "odot"},      {"∘", "circ"},     {"⊗", "otimes"}, {"⊕", "oplus"},  {"∑", "sum"},
      {"∏", "prod"},      {"…", "dots"},     {"⋯", "dots"},   {"⟨", "langle"}, {"⟩", "rangle"},
      {"‖", "|"},         {"⊤", "top"},      {"∞", "infty"},  {"ℓ", "ell"},    {"∀", "forall"},
      {"α", "alpha"},     {"β", "beta"},     {"γ", "gamma"},  {"δ", "delta"},  {"ε", "epsilon"},
      {"ϵ", "epsilon"},   {"η", "eta"},      {"θ", "theta"},  {"κ", "kappa"},  {"λ", "lambda"},
      {"μ", "mu"},        {"ν", "nu"},       {"ξ", "xi"},     {"π", "pi"},     {"ρ", "rho"},
      {"σ", "sigma"},     {"τ", "tau"},      {"φ", "phi"},    {"ϕ", "phi"},    {"χ", "chi"},
      {"ψ", "psi"},       {"ω", "omega"},    {"Γ", "Gamma"},  {"Δ", "Delta"},  {"Θ", "Theta"},
      {"Λ", "Lambda"},    {"Σ", "Sigma"},    {"Φ", "Phi"},    {"Ψ", "Psi"},    {"Ω", "Omega"},
      {"∇", "nabla"}};
  const auto* found = find(all, utf8);
  return found ? std::string_view(*found) : std::string_view();
}

bool says_nothing(std::string_view command) { return silent().contains(command); }
bool says_nothing_with_argument(std::string_view command) { return silent_with_argument().contains(command); }

bool joins_statements(std::string_view words) {
  static const Words joining{"where", "for",   "and",     "with",   "if",    "otherwise", "or",   "all",
                             "each",  "every", "in",      "is",     "are",   "such",      "that", "when",
                             "then",  "else",  "let",     "as",     "by",    "from",      "to",   "of",
                             "the",   "an",    "denotes", "denote", "given", "s.t.",      "i.e.", "e.g.",
                             "here",  "any",   "on",      "over"};
  for (std::size_t at = 0; at < words.size();) {
    auto end = std::min(words.find(' ', at), words.size());
    std::string word(words.substr(at, end - at));
    while (!word.empty() && (word.back() == ',' || word.back() == ':')) word.pop_back();
    std::ranges::transform(word, word.begin(),
                           [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    if (joining.contains(word) || word.empty()) return true;
    at = end + 1;
  }
  return false;
}

const std::vector<std::string>& known_commands() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    add_keys(made, letters());
    add_keys(made, decorations());
    add_keys(made, fonts());
    add_keys(made, relations());
    add_keys(made, spellings());
    for (const auto* words :
         {&functions(), &words_commands(), &silent(), &silent_with_argument(), &operators()})
      for (const auto& word : *words)
        if (word.size() > 1) made.push_back(word);
    std::ranges::sort(made);
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
  }();
  return all;
}

namespace {

const Words& built_ins() {
  static const Words all{"sigma",     "relu",    "tanh",  "softmax",   "exp",   "log",       "ln",
                         "sqrt",      "sin",     "cos",   "arctan",    "atan2", "abs",       "sign",
                         "max",       "min",     "mean",  "concat",    "vec",   "diag",      "layernorm",
                         "batchnorm", "dropout", "mlp",   "attention", "gru",   "leakyrelu", "prelu",
                         "gelu",      "silu",    "swish", "softplus",  "elu",   "identity",  "normalize",
                         "multihead"};
  return all;
}

}  // namespace

bool built_in(const std::string& lower_case_name) { return built_ins().contains(lower_case_name); }

std::vector<std::string> built_in_names() { return {built_ins().begin(), built_ins().end()}; }

}  // namespace automodel::papers
