#include <torch/custom_class.h>
#include <torch/library.h>
#include <torch/script.h>

#include "recsys/models/kernels.hpp"
#include "recsys/models/torch_operators.hpp"

namespace automodel::recsys::operators {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// Calls `work` with a null pointer of the tensor's type, float or double.
template <class F>
void with_type(const at::Tensor& tensor, F&& work) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble, "numbers of type ",
              tensor.scalar_type());
  if (tensor.scalar_type() == at::kFloat) {
    work(static_cast<float*>(nullptr));
  } else {
    work(static_cast<double*>(nullptr));
  }
}

std::size_t whole(std::int64_t n) { return static_cast<std::size_t>(n); }

class Layer : public Function<Layer> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const c10::optional<at::Tensor>& given) {
    const auto mask = given.value_or(at::Tensor());
    const auto inputs = x.reshape({-1, weight.size(1)});
    auto y = at::mm(inputs, weight.t());
    const auto shift = bias.contiguous();
    with_type(y, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::bias_relu_mask(y.data_ptr<T>(), shift.data_ptr<T>(),
                              mask.defined() ? mask.data_ptr<T>() : nullptr, whole(y.size(0)),
                              whole(y.size(1)));
    });
    context->save_for_backward({inputs, weight, y, mask});
    context->saved_data["shape"] = x.sizes().vec();
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return shape.size() == 2 ? y : y.view(shape);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &inputs = saved[0], &weight = saved[1], &y = saved[2], &mask = saved[3];
    const auto dy = gradients[0].reshape({-1, weight.size(0)}).contiguous();
    auto dz = at::empty_like(dy), dbias = at::empty({dy.size(1)}, dy.options());
    with_type(dy, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::bias_relu_mask_backward(dy.data_ptr<T>(), y.data_ptr<T>(),
                                       mask.defined() ? mask.data_ptr<T>() : nullptr, dz.data_ptr<T>(),
                                       dbias.data_ptr<T>(), whole(dy.size(0)), whole(dy.size(1)));
    });
    at::Tensor dx;
    if (context->needs_input_grad(0))
      dx = at::mm(dz, weight).view(context->saved_data["shape"].toIntVector());
    return {dx, at::mm(dz.t(), inputs), dbias, {}};
  }
};

class Crossed : public Function<Crossed> {
 public:
  static constexpr std::int64_t kPanel = 128;  // rows (z, c) at a time: their products stay in the cache

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& y,
                            const at::Tensor& weight) {
    const auto rows_of = [](const at::Tensor& t) {  // [z, a, c] -> [z c, a]
      return t.permute({0, 2, 1}).contiguous().view({-1, t.size(1)});
    };
    const auto xs = rows_of(x), ys = rows_of(y), w = weight.reshape({weight.size(0), -1}).contiguous();
    const auto rows = xs.size(0), a = xs.size(1), b = ys.size(1);
    auto out = at::empty({rows, weight.size(0)}, xs.options());
    auto panel = at::empty({std::min(kPanel, rows), a * b}, xs.options());
    for (std::int64_t first = 0; first < rows; first += kPanel) {
      const auto count = std::min(kPanel, rows - first);
      fill(panel, xs, ys, first, count);
      auto part = out.narrow(0, first, count);
      at::mm_out(part, panel.narrow(0, 0, count), w.t());
    }
    context->save_for_backward({xs, ys, w});
    context->saved_data["z"] = x.size(0);
    return out.view({x.size(0), x.size(2), weight.size(0)});
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &xs = saved[0], &ys = saved[1], &w = saved[2];
    const auto rows = xs.size(0), a = xs.size(1), b = ys.size(1), d = w.size(0);
    const auto dout = gradients[0].contiguous().view({rows, d});
    auto panel = at::empty({std::min(kPanel, rows), a * b}, xs.options()), dpanel = at::empty_like(panel);
    auto dx = at::empty_like(xs), dy = at::empty_like(ys), dw = at::zeros_like(w);
    for (std::int64_t first = 0; first < rows; first += kPanel) {
      const auto count = std::min(kPanel, rows - first);
      fill(panel, xs, ys, first, count);
      const auto of_part = dout.narrow(0, first, count);
      dw.addmm_(of_part.t(), panel.narrow(0, 0, count));
      auto dpart = dpanel.narrow(0, 0, count);
      at::mm_out(dpart, of_part, w);
      with_type(xs, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        kernels::outer_backward(dpanel.data_ptr<T>(), xs.data_ptr<T>() + first * a,
                                ys.data_ptr<T>() + first * b, dx.data_ptr<T>() + first * a,
                                dy.data_ptr<T>() + first * b, whole(count), whole(a), whole(b));
      });
    }
    const auto z = context->saved_data["z"].toInt();
    const auto back = [&](const at::Tensor& t) { return t.view({z, -1, t.size(1)}).permute({0, 2, 1}); };
    return {back(dx), back(dy), dw.view({d, a, b})};
  }

 private:
  static void fill(const at::Tensor& panel, const at::Tensor& xs, const at::Tensor& ys, std::int64_t first,
                   std::int64_t count) {
    const auto a = xs.size(1), b = ys.size(1);
    with_type(xs, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::outer(xs.data_ptr<T>() + first * a, ys.data_ptr<T>() + first * b, panel.data_ptr<T>(),
                     whole(count), whole(a), whole(b));
    });
  }
};

}  // namespace

at::Tensor layer(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const c10::optional<at::Tensor>& mask) {
  // A mask has a row for each row of a batch: with other dimensions between it broadcasts, which is not ours.
  if (mask && x.dim() != 2) return Layer::apply(x, weight, bias, c10::nullopt) * *mask;
  return Layer::apply(x, weight, bias, mask ? c10::make_optional(mask->contiguous()) : c10::nullopt);
}

at::Tensor crossed(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight) {
  return Crossed::apply(x, y, weight);
}

void make_known() {
  static const auto registered =
      torch::RegisterOperators()
          .op("automodel::layer(Tensor x, Tensor weight, Tensor bias, Tensor? mask) -> Tensor", &layer)
          .op("automodel::product(Tensor a, Tensor b, str equation) -> Tensor", &product)
          .op("automodel::attended(Tensor q, Tensor k, Tensor v, Tensor hidden, float divisor) -> Tensor", &attended)
          .op("automodel::crossed(Tensor x, Tensor y, Tensor weight) -> Tensor", &crossed);
}

}  // namespace automodel::recsys::operators
