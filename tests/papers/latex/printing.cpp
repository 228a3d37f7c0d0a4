// to_latex writes what parses back to the same tree: over generated trees.
#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

namespace {

/// Trees as the parser makes them: from loose to tight, as in reader.hpp.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed), most_(1 + below(12)) {}

  Node sum() {
    auto left = signed_term();
    for (auto more = below(3); more > 1; --more)
      left = of(coin() ? Kind::add : Kind::subtract, {std::move(left), signed_term()});
    return left;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool coin() { return below(2) == 0; }
  static Node of(Kind kind, std::vector<Node> parts, std::string text = {}) {
    Node node;
    node.kind = kind;
    node.parts = std::move(parts);
    node.text = std::move(text);
    return node;
  }
  struct Deeper {
    explicit Deeper(std::size_t& at) : depth(at) { ++depth; }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    std::size_t& depth;
  };

  Node signed_term() {
    if (below(8) == 0) return of(Kind::negate, {term()});
    return term();
  }
  Node term() {
    static const Kind kinds[] = {Kind::hadamard, Kind::outer, Kind::direct};
    if (made_ < most_ && below(8) == 0) return big();
    auto left = product();
    for (auto more = made_ > most_ ? 0 : below(3); more > 1; --more)
      left = of(kinds[below(3)], {std::move(left), product()});
    return left;
  }
  Node big() {
    static const char* const names[] = {"sum", "prod", "max", "min", "mean"};
    ++made_;
    auto node = of(Kind::big, {}, names[below(5)]);
    node.sub = {index_relation()};
    if (coin() && (node.text == "sum" || node.text == "prod")) node.sup = {not_upright()};
    const Deeper deeper(depth_);
    node.parts = {signed_term()};
    return node;
  }
  Node index_relation() {
    static const char* const signs[] = {"<", "<=", ">", ">=", "=", "!=", "in"};
    auto node = of(Kind::relation, {not_upright(), script_sum()}, signs[below(7)]);
    if (below(4) == 0) node = of(Kind::relation, {std::move(node), not_upright()}, "<");
    return node;
  }
  Node product() {
    const auto count = made_ > most_ ? 1 : 1 + below(3);
    if (count == 1) return factor();
    std::vector<Node> parts;
    for (std::size_t i = 0; i < count; ++i)
      parts.push_back(i > 0 && below(10) == 0 ? of(Kind::negate, {factor()}) : factor());
    return of(Kind::product, std::move(parts));
  }
  Node factor() {
    const Deeper deeper(depth_);
    const bool small = depth_ > 4 || ++made_ > most_;
    auto node = small ? leaf() : atom();
    if (!small && node.kind != Kind::ellipsis && below(3) == 0) scripts(node);
    return node;
  }
  Node leaf() {
    if (below(3) > 0) return symbol();
    if (below(6) == 0) return of(Kind::ellipsis, {});
    Node node;
    node.value = coin() ? static_cast<double>(below(1000)) : static_cast<double>(below(1000)) / 64;
    return node;
  }
  Node symbol() {
    static const char* const letters[] = {"x", "W", "alpha", "sigma", "ell", "Theta", "y"};
    static const char* const upright[] = {"deep", "T", "MLP", "fm"};
    static const char* const endings[] = {"", "", "", "_hat", "_tilde", "_bar_hat", "_arrow"};
    Node node = of(Kind::symbol, {});
    node.font = static_cast<Font>(below(4));
    node.text =
        std::string(node.font == Font::upright ? upright[below(4)] : letters[below(7)]) + endings[below(7)];
    if (below(12) == 0) node.text = "pool", node.font = Font::italic;
    return node;
  }
  /// In scripts upright names are words.
  Node not_upright() {
    auto node = symbol();
    if (node.font == Font::upright) node = italic();
    return node;
  }
  std::vector<Node> several(std::size_t least, std::size_t most) {
    std::vector<Node> nodes;
    for (auto count = least + below(most - least + 1); count > 0; --count) nodes.push_back(sum());
    return nodes;
  }
  Node atom() {
    static const char* const brackets[] = {"(", "[", "{"};
    static const char* const separators[] = {";", ",", "|"};
    static const char* const functions[] = {"sigma", "relu",   "tanh", "softmax",
                                            "mlp",   "concat", "exp",  "max"};
    switch (below(12)) {
      case 0:
        return of(Kind::group, {sum()}, brackets[below(3)]);
      case 1:
        return of(Kind::list, several(2, 3), separators[below(3)]);
      case 2:
        return of(Kind::divide, several(2, 2));
      case 3:
        return of(Kind::call, several(1, 3), functions[below(8)]);
      case 4:
        return of(Kind::call, several(1, 2), "sqrt");
      case 5:
        return of(Kind::norm, {sum()}, coin() ? "norm" : "abs");
      case 6:
        return of(Kind::inner, several(2, 3));
      case 7:
        return of(Kind::cases, {sum(), index_relation(), sum(), of(Kind::word, {}, "otherwise")});
      case 8:
        return shape();
      default:
        return leaf();
    }
  }
  Node shape() {
    Node node = of(Kind::symbol, {}, "R");
    node.font = Font::blackboard;
    if (coin())
      node.sup = {
          of(Kind::product,
             {not_upright(), of(Kind::group, {of(Kind::product, {not_upright(), not_upright()})}, "{"),
              not_upright()})};
    else
      node.sup = {not_upright()};
    return node;
  }
  Node script_sum() {
    const Deeper deeper(depth_);
    auto node = coin()   ? of(Kind::add, {italic(), Node()})
                : coin() ? of(Kind::product, {italic(), italic()})
                         : italic();
    return node;
  }
  Node italic() { return of(Kind::symbol, {}, coin() ? "i" : "lambda"); }
  Node script_element() {
    switch (below(6)) {
      case 0:
        return of(Kind::wildcard, {});
      case 1:
        return of(Kind::word, {}, coin() ? "fm" : "+");
      case 2:
        return of(Kind::group, {italic()}, "(");
      default:
        return script_sum();
    }
  }
  void scripts(Node& node) {
    if (node.font == Font::blackboard) return;
    node.primes = static_cast<std::uint8_t>(below(5) == 0 ? 1 + below(2) : 0);
    // Functions with an index are written before their arguments where that makes no difference only.
    if (below(2) == 0) node.sub.push_back(script_element());
    if (!node.sub.empty() && coin()) node.sub.push_back(script_element());
    if (below(3) == 0) node.sup.push_back(script_element());
    if (node.kind != Kind::number && below(4) == 0) node.transposed = true;
  }

  std::mt19937_64 random_;
  std::size_t depth_ = 0, made_ = 0, most_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_latex_printing)

BOOST_AUTO_TEST_CASE(every_generated_tree_is_read_back_from_its_latex) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::string shortest;  // of those that fail: what it is about is seen best there
  for (std::uint64_t i = 0; i < 8'000; ++i) {
    const auto node = Generator(seed + i).sum();
    const auto latex = to_latex(node);
    const auto read = parsed("(" + latex + ")");  // in a statement `\\dots` can separate
    const bool same = read.problems.empty() && read.statements.size() == 1 &&
                      same_tree(read.statements[0].left.parts.at(0), node);
    if (!same && (shortest.empty() || latex.size() < shortest.find('\n')))
      shortest = latex + "\nread:  " + said(read) + "\nmeant: " + tree(node);
  }
  BOOST_TEST(shortest == "");
}

BOOST_AUTO_TEST_CASE(what_papers_write_is_printed_as_papers_write_it) {
  const auto printed = [](const std::string& formula) {
    return to_latex(parsed(formula).statements.at(0).left);
  };
  BOOST_TEST(printed(R"(x_0\odot(W_l x_l+b_l)+x_l)") == R"(x_{0} \odot (W_{l} x_{l} + b_{l}) + x_{l})");
  BOOST_TEST(printed(R"(\sum_{i<j}\langle\mathbf e_i,\mathbf e_j\rangle)") ==
             R"(\sum_{i < j} \langle \mathbf{e}_{i}, \mathbf{e}_{j} \rangle)");
  BOOST_TEST(printed(R"(\hat y_{ui}^{(l)\top}/2)") == R"(\frac{\hat{y}_{u i}^{(l) \top}}{2})");
}

BOOST_AUTO_TEST_SUITE_END()
