#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {
namespace {

/// Optimised graphs profile their first runs and differentiate by themselves: that costs more than it brings
/// to trainings of a few hundred steps.
using Plain = torch::jit::GraphOptimizerEnabledGuard;

}  // namespace

at::Tensor borrow(const void* data, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), shape, at::TensorOptions().dtype(type));
}

at::Tensor TorchModule::forward(const Rows& rows, bool with_noise) {
  const Plain plain(false);
  const auto n = static_cast<std::int64_t>(rows.rows), s = static_cast<std::int64_t>(rows.singles),
             m = static_cast<std::int64_t>(rows.bags), l = static_cast<std::int64_t>(rows.max_bag),
             d = static_cast<std::int64_t>(rows.denses);
  auto out = module
                 .forward({borrow(rows.single_codes, {n, s}, at::kLong),
                           borrow(rows.bag_codes, {n, m, l}, at::kLong),
                           borrow(rows.dense, {n, d}, at::kFloat).to(real), with_noise})
                 .toTensor();
  TORCH_CHECK(out.dim() == 1 && out.size(0) == n, "forward gives ", out.sizes(), " where [", n,
              "] is needed: one logit a row");
  TORCH_CHECK(out.scalar_type() == real, "forward gives numbers of type ", out.scalar_type(), " where ", real,
              " is needed");
  return out;
}

at::Tensor TorchModule::penalty() {
  const Plain plain(false);
  auto out = module.get_method("penalty")({}).toTensor();
  TORCH_CHECK(out.dim() == 0 && out.scalar_type() == real, "penalty gives ", out.sizes(),
              " where a single number is needed");
  return out;
}

TorchModule compile_module(const Program& program, const Assembled& assembled, at::ScalarType real) {
  TorchModule out;
  out.specs = assembled.tensors;
  out.real = real;
  for (const auto& spec : assembled.tensors) {
    auto tensor = at::zeros(spec.shape, spec.int8 ? at::kChar : real);
    if (!spec.int8) tensor.requires_grad_(true);
    out.module.register_parameter(spec.name, tensor, spec.int8);
    out.tensors.push_back(tensor);
  }
  for (const auto& noise : program.noise)
    out.module.register_buffer(noise.name, at::zeros({1, noise.width}, real));
  if (!assembled.look_ups.empty()) out.module.define(assembled.look_ups);
  out.module.define(program.script);
  TORCH_CHECK(out.module.find_method("forward"), "the script does not define forward");
  TORCH_CHECK(out.module.find_method("penalty").has_value() == program.penalised,
              program.penalised ? "the script does not define penalty"
                                : "the script defines penalty, but its program is not penalised");
  check_operations(out.module);
  return out;
}

}  // namespace automodel::recsys
