// Attention over short sequences, one small problem after the other: scores, their softmax and the weighted
// sum stay in the cache, and so do their gradients, for which scores are worked out again (as in Dao et al.,
// NeurIPS 2022). What is hidden at the ends of a row, as later positions and padding are, is not computed.
#include <torch/script.h>

#include <limits>

#include "recsys/models/kernels.hpp"
#include "recsys/models/torch_operators.hpp"

namespace automodel::recsys::operators {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// Scores of one problem, at most: LibTorch's own operators are as good for more.
constexpr std::int64_t kMostScores = 1 << 14;

kernels::AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const at::Tensor& hidden) {
  const auto whole = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  return {whole(q.size(0)), whole(q.size(1)), whole(k.size(1)), whole(q.size(2)),
          whole(v.size(2)), hidden.stride(0), hidden.stride(1), hidden.stride(2)};
}

class Attended : public Function<Attended> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const at::Tensor& hidden, double divisor) {
    const auto queries = q.contiguous(), keys = k.contiguous(), values = v.contiguous();
    auto out = at::empty({q.size(0), q.size(1), v.size(2)}, q.options());
    auto sums = at::empty({q.size(0), q.size(1)}, q.options());
    const auto shape = shape_of(q, k, v, hidden);
    const auto work = [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::attend(shape, {queries.data_ptr<T>(), keys.data_ptr<T>(), values.data_ptr<T>()},
                      hidden.data_ptr<bool>(), static_cast<T>(1 / divisor), out.data_ptr<T>(),
                      sums.data_ptr<T>());
    };
    if (q.scalar_type() == at::kFloat) work(static_cast<float*>(nullptr));
    if (q.scalar_type() == at::kDouble) work(static_cast<double*>(nullptr));
    context->save_for_backward({queries, keys, values, hidden, sums});
    context->saved_data["divisor"] = divisor;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &q = saved[0], &k = saved[1], &v = saved[2], &hidden = saved[3], &sums = saved[4];
    const auto dout = gradients[0].contiguous();
    auto dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    const auto shape = shape_of(q, k, v, hidden);
    const double divisor = context->saved_data["divisor"].toDouble();
    const auto work = [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::attend_backward(shape, {q.data_ptr<T>(), k.data_ptr<T>(), v.data_ptr<T>()},
                               hidden.data_ptr<bool>(), static_cast<T>(1 / divisor), sums.data_ptr<T>(),
                               dout.data_ptr<T>(), {dq.data_ptr<T>(), dk.data_ptr<T>(), dv.data_ptr<T>()});
    };
    if (q.scalar_type() == at::kFloat) work(static_cast<float*>(nullptr));
    if (q.scalar_type() == at::kDouble) work(static_cast<double*>(nullptr));
    return {dq, dk, dv, {}, {}};
  }
};

at::Tensor plainly(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& hidden,
                   double divisor) {
  const auto scores = at::matmul(q, k.transpose(1, 2)) / divisor;
  const auto alpha = at::softmax(scores.masked_fill(hidden, -1e9), 2).masked_fill(hidden, 0.0);
  return at::matmul(alpha, v);
}

}  // namespace

at::Tensor attended(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& hidden,
                    double divisor) {
  if (q.dim() == 2) return attended(q.unsqueeze(1), k, v, hidden.unsqueeze(1), divisor).squeeze(1);
  const auto type = q.scalar_type();
  const bool fits = q.dim() == 3 && k.dim() == 3 && v.dim() == 3 && hidden.dim() == 3 &&
                    hidden.scalar_type() == at::kBool && (type == at::kFloat || type == at::kDouble) &&
                    k.scalar_type() == type && v.scalar_type() == type && k.size(0) == q.size(0) &&
                    v.size(0) == q.size(0) && k.size(2) == q.size(2) && v.size(1) == k.size(1) &&
                    q.size(1) * k.size(1) <= kMostScores;
  if (!fits) return plainly(q, k, v, hidden, divisor);
  return Attended::apply(q, k, v, hidden.expand({q.size(0), q.size(1), k.size(1)}), divisor);
}

}  // namespace automodel::recsys::operators
