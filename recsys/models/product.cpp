// Products of two tensors summed over axes: as one matrix product where one factor has no row of its own for
// each entry of an axis that stays, else as many small ones.
#include <ATen/TensorUtils.h>
#include <torch/script.h>

#include <algorithm>
#include <map>
#include <optional>

#include "recsys/models/kernels.hpp"
#include "recsys/models/torch_operators.hpp"

namespace automodel::recsys::operators {
namespace {

/// More multiplications in each matrix than this are LibTorch's business.
constexpr std::int64_t kSmall = 1 << 15;

struct Equation {
  std::string a, b, out;
  std::string each;           // axes of all three: a matrix product for each entry
  std::string rows, columns;  // of `a` and the result; of `b` and the result
  std::string summed;         // of both factors
  bool plain = true;          // no axis of one factor alone, none twice, none out of nothing
};

bool has(const std::string& axes, char axis) { return axes.find(axis) != std::string::npos; }

Equation parse(const std::string& text) {
  Equation out;
  const auto comma = text.find(','), arrow = text.find("->");
  TORCH_CHECK(comma != std::string::npos && arrow != std::string::npos && comma < arrow,
              "no product: ", text);
  out.a = text.substr(0, comma);
  out.b = text.substr(comma + 1, arrow - comma - 1);
  out.out = text.substr(arrow + 2);
  for (const char axis : out.a) {
    const bool in_b = has(out.b, axis), in_out = has(out.out, axis);
    if (!in_b && !in_out) out.plain = false;
    (in_b ? (in_out ? out.each : out.summed) : out.rows) += axis;
  }
  for (const char axis : out.b) {
    if (has(out.a, axis)) continue;
    if (!has(out.out, axis)) out.plain = false;
    out.columns += axis;
  }
  const auto twice = [](std::string axes) {
    std::sort(axes.begin(), axes.end());
    return std::adjacent_find(axes.begin(), axes.end()) != axes.end();
  };
  if (twice(out.a) || twice(out.b) || twice(out.out)) out.plain = false;
  if (out.out.size() != out.each.size() + out.rows.size() + out.columns.size()) out.plain = false;
  return out;
}

std::vector<std::int64_t> positions(const std::string& of, const std::string& axes) {
  std::vector<std::int64_t> out;
  for (const char axis : axes) out.push_back(static_cast<std::int64_t>(of.find(axis)));
  return out;
}

class Product {
 public:
  Product(const Equation& equation, const at::Tensor& a, const at::Tensor& b)
      : equation_(equation), a_(a), b_(b) {
    for (std::size_t i = 0; i < equation.a.size(); ++i)
      sizes_[equation.a[i]] = a.size(static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < equation.b.size(); ++i)
      sizes_[equation.b[i]] = b.size(static_cast<std::int64_t>(i));
  }

  at::Tensor make() const {
    if (equation_.each.empty()) return as_one();
    if (count(equation_.rows) * count(equation_.columns) * count(equation_.summed) <= kSmall)
      return as_many();
    return at::einsum(equation_.a + "," + equation_.b + "->" + equation_.out, {a_, b_});
  }

 private:
  std::int64_t count(const std::string& axes) const {
    std::int64_t out = 1;
    for (const char axis : axes) out *= sizes_.at(axis);
    return out;
  }
  std::vector<std::int64_t> sizes(const std::string& axes) const {
    std::vector<std::int64_t> out;
    for (const char axis : axes) out.push_back(sizes_.at(axis));
    return out;
  }

  /// [first, second] of `t`, as it lies in memory where that can be told by two strides, else copied.
  at::Tensor matrix(const at::Tensor& t, const std::string& of, const std::string& first,
                    const std::string& second) const {
    const std::vector<std::int64_t> shape = {count(first), count(second)}, turned = {shape[1], shape[0]};
    const auto laid = t.permute(positions(of, first + second));
    if (at::detail::computeStride(laid.sizes(), laid.strides(), shape)) return laid.view(shape);
    const auto other = t.permute(positions(of, second + first));
    if (at::detail::computeStride(other.sizes(), other.strides(), turned)) return other.view(turned).t();
    return laid.reshape(shape);
  }

  at::Tensor as_one() const {
    const auto &rows = equation_.rows, &columns = equation_.columns, &summed = equation_.summed;
    const auto product =
        at::mm(matrix(a_, equation_.a, rows, summed), matrix(b_, equation_.b, summed, columns));
    return product.view(sizes(rows + columns)).permute(positions(rows + columns, equation_.out));
  }

  /// The offsets of all entries of `axes` in `t`, the last axis fastest.
  std::vector<std::int64_t> offsets(const at::Tensor& t, const std::string& of,
                                    const std::string& axes) const {
    std::vector<std::int64_t> out = {0};
    for (const char axis : axes) {
      const auto stride = t.stride(static_cast<std::int64_t>(of.find(axis)));
      std::vector<std::int64_t> next;
      next.reserve(out.size() * static_cast<std::size_t>(sizes_.at(axis)));
      for (const auto before : out) {
        for (std::int64_t i = 0; i < sizes_.at(axis); ++i) next.push_back(before + i * stride);
      }
      out = std::move(next);
    }
    return out;
  }
  kernels::Places places(const at::Tensor& t, const std::string& of, const std::string& rows,
                         const std::string& columns) const {
    return {offsets(t, of, equation_.each), offsets(t, of, rows), offsets(t, of, columns)};
  }

  at::Tensor as_many() const {
    auto out = at::empty(sizes(equation_.out), a_.options());
    const auto &rows = equation_.rows, &columns = equation_.columns, &summed = equation_.summed;
    const auto of_a = places(a_, equation_.a, rows, summed), of_b = places(b_, equation_.b, summed, columns),
               of_out = places(out, equation_.out, rows, columns);
    if (a_.scalar_type() == at::kFloat) {
      kernels::small_products(a_.data_ptr<float>(), of_a, b_.data_ptr<float>(), of_b, out.data_ptr<float>(),
                              of_out);
    } else {
      kernels::small_products(a_.data_ptr<double>(), of_a, b_.data_ptr<double>(), of_b,
                              out.data_ptr<double>(), of_out);
    }
    return out;
  }

  const Equation& equation_;
  const at::Tensor &a_, &b_;
  std::map<char, std::int64_t> sizes_;
};

class ProductFunction : public torch::autograd::Function<ProductFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a,
                            const at::Tensor& b, const std::string& equation) {
    context->save_for_backward({a, b});
    context->saved_data["equation"] = equation;
    return Product(parse(equation), a, b).make();
  }

  /// Each factor's gradient is the product of the result's with the other factor.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto equation = parse(context->saved_data["equation"].toStringRef());
    const auto& given = gradients[0];
    at::Tensor da, db;
    if (context->needs_input_grad(0))
      da = Product(parse(equation.out + "," + equation.b + "->" + equation.a), given, saved[1]).make();
    if (context->needs_input_grad(1))
      db = Product(parse(equation.out + "," + equation.a + "->" + equation.b), given, saved[0]).make();
    return {da, db, {}};
  }
};

struct Factors {
  at::Tensor a, b;
  std::string equation;
};

/// An axis of the result that one factor has with one entry, and the other with several, is the other's
/// alone: then the rows of that one are those of one matrix product.
std::optional<Factors> without_shared_axis(const at::Tensor& a, const at::Tensor& b,
                                           const std::string& text) {
  const auto equation = parse(text);
  if (!equation.plain || static_cast<std::size_t>(a.dim()) != equation.a.size() ||
      static_cast<std::size_t>(b.dim()) != equation.b.size())
    return {};
  for (const char axis : equation.each) {
    const auto in_a = equation.a.find(axis), in_b = equation.b.find(axis);
    const auto of_a = static_cast<std::int64_t>(in_a), of_b = static_cast<std::int64_t>(in_b);
    if ((a.size(of_a) == 1) == (b.size(of_b) == 1)) continue;
    auto letters_a = equation.a, letters_b = equation.b;
    const bool from_a = a.size(of_a) == 1;
    (from_a ? letters_a : letters_b).erase(from_a ? in_a : in_b, 1);
    return Factors{from_a ? a.select(of_a, 0) : a, from_a ? b : b.select(of_b, 0),
                   letters_a + "," + letters_b + "->" + equation.out};
  }
  return {};
}

}  // namespace

at::Tensor product(const at::Tensor& a, const at::Tensor& b, std::string equation) {
  if (const auto alone = without_shared_axis(a, b, equation))
    return product(alone->a, alone->b, alone->equation);
  const auto parsed = parse(equation);
  const bool mine = parsed.plain && a.scalar_type() == b.scalar_type() &&
                    (a.scalar_type() == at::kFloat || a.scalar_type() == at::kDouble) &&
                    static_cast<std::size_t>(a.dim()) == parsed.a.size() &&
                    static_cast<std::size_t>(b.dim()) == parsed.b.size();
  bool same = mine;
  for (std::size_t i = 0; same && i < parsed.b.size(); ++i) {
    const auto at_a = parsed.a.find(parsed.b[i]);
    if (at_a != std::string::npos)
      same = a.size(static_cast<std::int64_t>(at_a)) == b.size(static_cast<std::int64_t>(i));
  }
  // An axis of one entry broadcasts; LibTorch knows how, and says what is wrong.
  if (!same) return at::einsum(equation, {a, b});
  return ProductFunction::apply(a, b, equation);
}

}  // namespace automodel::recsys::operators
