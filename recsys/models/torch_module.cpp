#include "recsys/models/torch_module.hpp"

#include <torch/csrc/autograd/autograd.h>

namespace automodel::recsys {
namespace {

/// Optimised graphs profile their first runs and differentiate by themselves: that costs more than it brings
/// to trainings of a few hundred steps.
using Plain = torch::jit::GraphOptimizerEnabledGuard;

}  // namespace

at::Tensor borrow(const void* data, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), shape, at::TensorOptions().dtype(type));
}

namespace {

/// What the script's forward is called with, in its order.
std::vector<c10::IValue> arguments(const Rows& rows, const Sources& sources, at::ScalarType real) {
  const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const auto n = whole(rows.rows);
  const auto s = sources.fields ? whole(rows.singles) : 0, m = sources.fields ? whole(rows.bags) : 0,
             l = sources.fields ? whole(rows.max_bag) : 0, d = sources.fields ? whole(rows.denses) : 0;
  std::vector<c10::IValue> out = {borrow(rows.single_codes, {n, s}, at::kLong),
                                  borrow(rows.bag_codes, {n, m, l}, at::kLong),
                                  borrow(rows.dense, {n, d}, at::kFloat).to(real)};
  if (sources.only_fields()) return out;
  const auto c = sources.items ? whole(rows.candidates) : 0, t = whole(sources.history);
  out.emplace_back(sources.users ? borrow(rows.users, {n}, at::kLong) : at::zeros({n}, at::kLong));
  out.emplace_back(borrow(rows.items, {rows.shared_items ? 1 : n, c}, at::kLong));
  out.emplace_back(borrow(rows.past, {n, t}, at::kLong));
  out.emplace_back(borrow(rows.ages, {n, t}, at::kFloat).to(real));
  return out;
}

}  // namespace

at::Tensor TorchModule::forward(const Rows& rows, bool with_noise) {
  const Plain plain(false);
  auto given = arguments(rows, sources, real);
  given.emplace_back(with_noise);
  const auto result = module.forward(std::move(given));
  TORCH_CHECK(result.isTuple() == adds_to_loss, "forward gives ", result.tagKind(), " where ",
              adds_to_loss ? "logits and what they add to the loss are" : "a tensor is", " needed");
  auto out = adds_to_loss ? result.toTupleRef().elements()[0].toTensor() : result.toTensor();
  const auto n = static_cast<std::int64_t>(rows.rows), c = static_cast<std::int64_t>(rows.candidates);
  if (sources.only_fields()) {
    TORCH_CHECK(out.dim() == 1 && out.size(0) == n, "forward gives ", out.sizes(), " where [", n,
                "] is needed: one logit a row");
  } else {
    TORCH_CHECK(out.dim() == 2 && out.size(0) == n && out.size(1) == c, "forward gives ", out.sizes(),
                " where [", n, ", ", c, "] is needed: one logit a row and candidate");
  }
  TORCH_CHECK(out.scalar_type() == real, "forward gives numbers of type ", out.scalar_type(), " where ", real,
              " is needed");
  if (adds_to_loss) {
    added = result.toTupleRef().elements()[1].toTensor();
    TORCH_CHECK(added.dim() == 1 && added.size(0) == n && added.scalar_type() == real, "forward adds ",
                added.sizes(), " to the loss where [", n, "] is needed: one number a row");
  }
  return out;
}

void TorchModule::differentiate(const at::Tensor& logits, const at::Tensor& gradient, float of_row) {
  std::vector<at::Tensor> outputs, gradients;
  const auto add = [&](const at::Tensor& output, const at::Tensor& by) {
    if (!output.requires_grad()) return;
    outputs.push_back(output);
    gradients.push_back(by);
  };
  add(logits, gradient);
  if (adds_to_loss && of_row != 0) add(added, at::full_like(added, of_row));
  added = at::Tensor();
  if (!outputs.empty()) torch::autograd::backward(outputs, gradients);
}

at::Tensor TorchModule::penalty() {
  const Plain plain(false);
  auto out = module.get_method("penalty")({}).toTensor();
  TORCH_CHECK(out.dim() == 0 && out.scalar_type() == real, "penalty gives ", out.sizes(),
              " where a single number is needed");
  return out;
}

namespace {

/// `out` has its tensors.
void define(const Program& program, const Assembled& assembled, const std::string& look_ups,
            TorchModule& out) {
  for (std::size_t i = 0; i < out.specs.size(); ++i)
    out.module.register_parameter(out.specs[i].name, out.tensors[i], out.specs[i].int8);
  for (const auto& noise : program.noise)
    out.module.register_buffer(noise.name, at::zeros({1, noise.width}, out.real));
  if (program.sources.graph) {
    const auto ids = [](const std::vector<std::uint32_t>& rows) {
      const std::vector<std::int64_t> wide(rows.begin(), rows.end());
      return borrow(wide.data(), {static_cast<std::int64_t>(wide.size())}, at::kLong).clone();
    };
    out.module.register_buffer("graph_users", ids(assembled.graph.users));
    out.module.register_buffer("graph_items", ids(assembled.graph.items));
    out.module.register_buffer("all_users", at::arange(assembled.users, at::kLong));
    out.module.register_buffer("all_items", at::arange(assembled.items, at::kLong));
  }
  if (!look_ups.empty()) out.module.define(look_ups);
  out.module.define(program.script);
  TORCH_CHECK(out.module.find_method("forward"), "the script does not define forward");
  TORCH_CHECK(out.module.find_method("penalty").has_value() == program.penalised,
              program.penalised ? "the script does not define penalty"
                                : "the script defines penalty, but its program is not penalised");
  check_operations(out.module);
}

}  // namespace

TorchModule compile_module(const Program& program, const Assembled& assembled, at::ScalarType real) {
  TorchModule out;
  out.specs = assembled.tensors;
  out.real = real;
  out.sources = program.sources;
  out.adds_to_loss = program.adds_to_loss;
  for (const auto& spec : assembled.tensors) {
    auto tensor = at::zeros(spec.shape, spec.int8 ? at::kChar : real);
    if (!spec.int8) tensor.requires_grad_(true);
    out.tensors.push_back(tensor);
  }
  define(program, assembled, assembled.look_ups, out);
  return out;
}

TorchModule compile_module(const Program& program, const Assembled& assembled,
                           std::vector<at::Tensor> tensors, const std::vector<GivenLookUp>& given) {
  TorchModule out;
  out.specs = assembled.tensors;
  out.sources = program.sources;
  out.adds_to_loss = program.adds_to_loss;
  out.tensors = std::move(tensors);
  auto look_ups = assembled.look_ups_of_ids;
  for (const auto& one : given) {
    out.module.register_buffer(one.rows, at::zeros({1}));
    look_ups += "def " + one.look_up +
                "(self, singles: Tensor, bags: Tensor, dense: Tensor) -> Tensor:\n    return self." +
                one.rows + "\n";
  }
  define(program, assembled, look_ups, out);
  return out;
}

}  // namespace automodel::recsys
