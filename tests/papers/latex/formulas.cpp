// What formulas are read as.
#include <boost/test/unit_test.hpp>

#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

namespace {

void reads(const std::string& formula, const std::string& expected) {
  BOOST_TEST_CONTEXT(formula) BOOST_TEST(said(formula) == expected);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_latex_formulas)

BOOST_AUTO_TEST_CASE(what_stands_side_by_side_is_one_flat_product) {
  reads(R"(x_0 x_l^\top w_l)", "(product x_{0} x_{l}^T w_{l})");
  reads(R"(2 a \cdot b \times c)", "(product 2 a b c)");
  reads(R"(a {b c} d)", "(product a b c d)");
  reads(R"(W(x))", "(product W (group:( x))");
  reads(R"(f(x, y))", "(product f (list:, x y))");
}

BOOST_AUTO_TEST_CASE(juxtaposition_binds_tighter_than_odot_and_odot_tighter_than_plus) {
  reads(R"(x_0 \odot (W_l x_l + b_l) + x_l)",
        "(add (hadamard x_{0} (group:( (add (product W_{l} x_{l}) b_{l}))) x_{l})");
  reads(R"(x_0 \odot W_l x_l)", "(hadamard x_{0} (product W_{l} x_{l}))");
  reads(R"(a \odot b \otimes c \oplus d \circ e)", "(hadamard (direct (outer (hadamard a b) c) d) e)");
  reads(R"(a b / c d)", "(divide (product a b) (product c d))");
  reads(R"(a - b + c)", "(add (subtract a b) c)");
}

BOOST_AUTO_TEST_CASE(a_minus_in_front_takes_its_term_and_behind_an_operator_one_factor) {
  reads(R"(-a b + c)", "(add (negate (product a b)) c)");
  reads(R"(a \cdot -b c)", "(product a (negate b) c)");
  reads(R"(a + -b)", "(add a (negate b))");
  reads(R"(--a)", "(negate (negate a))");
}

BOOST_AUTO_TEST_CASE(a_sum_runs_to_the_next_plus_of_its_level) {
  reads(R"(b + \sum_{i=1}^{n} w_i + c)", "(add (add b (big:sum w_{i})_{(relation:= i 1)}^{n}) c)");
  reads(R"(\sum_{i=1}^{n} \sum_{j=i+1}^{n} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
        "(big:sum (big:sum (inner b:e_{i} b:e_{j}))_{(relation:= j (add i 1))}^{n})_{(relation:= i 1)}^{n}");
  reads(R"(\sum_{i<j} x_i \odot x_j)", "(big:sum (hadamard x_{i} x_{j}))_{(relation:< i j)}");
  reads(R"(\sum_{1 \le i < j \le n} x_i)",
        "(big:sum x_{i})_{(relation:<= (relation:< (relation:<= 1 i) j) n)}");
  reads(R"(\sum_{u \in \mathcal{N}_i} e_u)", "(big:sum e_{u})_{(relation:in u c:N_{i})}");
  reads(R"(\sum_{\substack{i=1 \\ j \ne i}}^{n} x)", "(big:sum x)_{(relation:= i 1), (relation:!= j i)}^{n}");
  reads(R"(\prod_k p_k)", "(big:prod p_{k})_{k}");
  reads(R"(\sum_{t=1}^{T} h_t)", "(big:sum h_{t})_{(relation:= t 1)}^{T}");
  reads(R"({a \sum_i b_i} c)", "(product (group:{ (product a (big:sum b_{i})_{i})) c)");
  reads(R"(\sum_i -x_i)", "(big:sum (negate x_{i}))_{i}");
}

BOOST_AUTO_TEST_CASE(max_min_and_mean_are_big_with_an_index_and_functions_without) {
  reads(R"(\max_j x_j)", "(big:max x_{j})_{j}");
  reads(R"(\max(0, 1 - x))", "(call:max 0 (subtract 1 x))");
  reads(R"(\min\{a, b\})", "(call:min a b)");
  reads(R"(\mathrm{mean}_{t} h_t)", "(big:mean h_{t})_{t}");
  reads(R"(d_{\max})", "d_{\"max\"}");
}

BOOST_AUTO_TEST_CASE(functions_take_brackets_or_one_factor) {
  reads(R"(\sigma(x))", "(call:sigma x)");
  reads(R"(\sigma x)", "(product sigma x)");
  reads(R"(\sigma)", "sigma");
  reads(R"(\mathrm{ReLU}(W x))", "(call:relu (product W x))");
  reads(R"(\text{ReLU}\left(x\right))", "(call:relu x)");
  reads(R"(\operatorname{softmax}_j(a_{ij}))", "(call:softmax a_{(product i j)})_{j}");
  reads(R"(\mathrm{MLP}_1([a; b]))", "(call:mlp (list:; a b))_{1}");
  reads(R"(\exp x + y \log \hat{y})", "(add (call:exp x) (product y (call:log y_hat)))");
  reads(R"(\log_2 x)", "(call:log x)_{2}");
  reads(R"(\log \sigma(x))", "(call:log (call:sigma x))");
  reads(R"(\tanh(x)^2 \tanh^2(x))", "(product (call:tanh x)^{2} (call:tanh x)^{2})");
  reads(R"(\sigma_1(x)_j)", "(group:( (call:sigma x)_{1})_{j}");
  reads(R"(\mathrm{Attention}(Q, K, V))", "(call:attention Q K V)");
  reads(R"(\mathrm{softmax}(x)^\top y)", "(product (call:softmax x)^T y)");
  reads(R"(\mathbf{MLP}(x))", "(call:mlp x)");
}

BOOST_AUTO_TEST_CASE(what_a_bare_function_takes_is_asked_where_it_is_not_clear) {
  const auto read = parsed(R"(\tanh W x)");
  BOOST_REQUIRE_EQUAL(read.problems.size(), 1u);
  BOOST_TEST(read.problems[0].message == "how much of this tanh takes is not clear: write brackets");
  BOOST_TEST((read.problems[0].candidates ==
              std::vector<std::string>{R"(\mathrm{tanh}(W x))", R"(\mathrm{tanh}(W) \cdot x)"}));
}

BOOST_AUTO_TEST_CASE(scripts_are_lists_of_what_stands_in_them) {
  reads(R"(W^{(l)}_{ij})", "W_{(product i j)}^{(group:( l)}");
  reads(R"(x_{l+1} x_{i,j} x_{:,j} x_{*} x_\cdot)", "(product x_{(add l 1)} x_{i, j} x_{*, j} x_{*} x_{*})");
  reads(R"(y_\mathrm{fm} y_{\text{cross}, i} y^{\mathrm{deep}})",
        "(product y_{\"fm\"} y_{\"cross\", i} y^{\"deep\"})");
  reads(R"(d_{d_\mathrm{model}})", "d_{d_{\"model\"}}");
  reads(R"(x_12)", "(product x_{1} 2)");
  reads(R"(e_{i^+} x^{-1} s^-)", "(product e_{i^{\"+\"}} x^{(negate 1)} s^{\"-\"})");
  reads(R"({x_i}_j {a b}^2)", "(product (group:{ x_{i})_{j} (group:{ (product a b))^{2})");
}

BOOST_AUTO_TEST_CASE(transposes_are_top_or_t_at_the_end_of_a_superscript) {
  reads(R"(x^\top x^T x^{T} x^{\intercal} x^\mathsf{T} x^{\mathrm{T}})", "(product x^T x^T x^T x^T x^T x^T)");
  reads(R"(W^{(l)\top} W^{(l)T} W^{l+1\top})",
        "(product W^{(group:( l)}^T W^{(group:( l)}^T W^{(add l 1)}^T)");
  reads(R"(x^{T-1} x^{2T} x^{(T)})", "(product x^{(subtract T 1)} x^{(product 2 T)} x^{(group:( T)})");
  reads(R"(\mathbb{R}^T 2^T)", "(product B:R^{T} 2^{T})");
}

BOOST_AUTO_TEST_CASE(the_last_index_of_a_family_is_no_transposition) {
  reads(R"([x_t]_{t=1}^{T})", "(group:[ x_{t})_{(relation:= t 1)}^{T}");
  reads(R"([x_t]_{t=1}^T)", "(group:[ x_{t})_{(relation:= t 1)}^{T}");
  reads(R"([x_t]^T_{t=1})", "(group:[ x_{t})_{(relation:= t 1)}^{T}");
  reads(R"([x_t]^T)", "(group:[ x_{t})^T");
  reads(R"([x_t]_{t=1}^\top)", "(group:[ x_{t})_{(relation:= t 1)}^T");
}

BOOST_AUTO_TEST_CASE(fonts_and_decorations_are_part_of_a_symbol) {
  reads(R"(\mathbf{x} \boldsymbol{\alpha} \bm W \mathcal{N} \mathbb{R} \mathrm{deep})",
        "(product b:x b:alpha b:W c:N B:R u:deep)");
  reads(R"(\hat{y} \tilde{\mathbf{e}}_i \mathbf{\bar x} \widehat{\alpha} \overline{x})",
        "(product y_hat b:e_tilde_{i} b:x_bar alpha_hat x_bar)");
  reads(R"(\varepsilon \ell \Theta)", "(product epsilon ell Theta)");
  reads(R"(\mathbf{1}^\top x)", "(product b:1^T x)");
  reads(R"(\mathbf{a + b} c \mathbf{a b}^2 x_{\mathrm{e^2}})",
        "(product (group:{ (add b:a b:b)) c (group:{ (product b:a b:b))^{2} x_{\"e\"^{2}})");
  reads(R"(x' y^{\prime\prime} z^\prime_i)", "(product x' y'' z'_{i})");
}

BOOST_AUTO_TEST_CASE(brackets_are_groups_lists_norms_and_inner_products) {
  reads(R"([a; b] [a, b] (a, b))", "(product (list:; a b) (list:, a b) (list:, a b))");
  reads(R"([a \| b] [a \Vert b \Vert c] (a \mid b))", "(product (list:| a b) (list:| a b c) (list:| a b))");
  reads(R"([e_1; \dots; e_n])", "(list:; e_{1} ... e_{n})");
  reads(R"(\|x\|_2^2 \lVert w \rVert |a| \left| b \right| \left\| c \right\|_F)",
        "(product (norm:norm x)_{2}^{2} (norm:norm w) (norm:abs a) (norm:abs b) (norm:norm c)_{F})");
  reads(R"([2 \|x\|^2] + (\lambda \|w\|))",
        "(add (group:[ (product 2 (norm:norm x)^{2})) (group:( (product lambda (norm:norm w))))");
  reads(R"(x \| y)", "(list:| x y)");
  reads(R"(\langle a, b, c \rangle^2)", "(inner a b c)^{2}");
  reads(R"(\bigl( a + b \bigr) \Big[ c \Big])", "(product (group:( (add a b)) (group:[ c))");
  reads(R"(\sigma(\cdot) X[:, j])", "(product (call:sigma *) X (list:, * j))");
  reads(R"([a, b; c])", "(list:; (list:, a b) c)");
  reads(R"(\begin{bmatrix} a \\ b \end{bmatrix} \begin{pmatrix} a & b \end{pmatrix})",
        "(product (list:; a b) (list:, a b))");
}

BOOST_AUTO_TEST_CASE(fractions_roots_and_binomials_are_calls_and_quotients) {
  reads(R"(\frac{a+b}{c} \frac12 \sqrt{x} \sqrt[3]{x} \binom{n}{2})",
        "(product (divide (add a b) c) (divide 1 2) (call:sqrt x) (call:sqrt x 3) (call:binom n 2))");
  reads(R"(3.25 + .5)", "(add 3.25 0.5)");
}

BOOST_AUTO_TEST_CASE(cases_are_values_and_conditions) {
  reads(R"(\begin{cases} x & \text{if } x > 0 \\ \alpha x & \text{otherwise} \end{cases})",
        "(cases x (relation:> x 0) (product alpha x) \"otherwise\")");
  reads(R"(\begin{cases} 1, & i = j, \\ 0, & \text{otherwise.} \\ \end{cases})",
        "(cases 1 (relation:= i j) 0 \"otherwise\")");
}

BOOST_AUTO_TEST_CASE(a_dimension_that_is_a_product_is_not_two_dimensions) {
  reads(R"(\mathbb{R}^{d \times k})", "B:R^{(product d k)}");
  reads(R"(\mathbb{R}^{nk})", "B:R^{(group:{ (product n k))}");
  reads(R"(\mathbb{R}^{2d \times k})", "B:R^{(product (group:{ (product 2 d)) k)}");
  reads(R"(\mathbb{R}^{(n+1) \times d \times 3})", "B:R^{(product (group:( (add n 1)) d 3)}");
  reads(R"(\mathbb{R}^{|V| \times d})", "B:R^{(product (norm:abs V) d)}");
}

BOOST_AUTO_TEST_CASE(spacing_and_unicode_say_what_they_look_like) {
  reads(R"(a\,b\;\! c~d \displaystyle e \label{eq:1})", "(product a b c d e)");
  reads("α · x ≤ β", "(relation:<= (product alpha x) beta)");
  reads("a − b % a remark\n + c", "(add (subtract a b) c)");
}

BOOST_AUTO_TEST_CASE(every_node_knows_its_place) {
  const std::string text = R"(x_{l+1} = x_0 \odot (W_l x_l + b_l) + x_l)";
  Macros macros;
  const auto read = parse_formula(math(text, 100), macros);
  BOOST_REQUIRE(read.problems.empty());
  const auto of = [&](const Node& node) {
    return text.substr(node.span.begin - 100, node.span.end - node.span.begin);
  };
  const auto& equation = read.statements.at(0);
  BOOST_TEST(of(equation.left) == "x_{l+1}");
  BOOST_TEST(of(equation.left.sub[0]) == "l+1");
  const auto& product = equation.right.parts[0];
  BOOST_TEST(of(product) == R"(x_0 \odot (W_l x_l + b_l))");
  BOOST_TEST(of(product.parts[1]) == "(W_l x_l + b_l)");
  BOOST_TEST(of(product.parts[1].parts[0].parts[0].parts[1]) == "x_l");
  BOOST_TEST(equation.span.begin == 100u);
  BOOST_TEST(equation.span.end == 100u + text.size());
}

BOOST_AUTO_TEST_SUITE_END()
