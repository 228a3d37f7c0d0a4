#include "recsys/models/replica.hpp"

#include <algorithm>

#include "recsys/models/look_up_rows.hpp"
#include "recsys/models/torch_fuse.hpp"
#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

/// A look-up over fields: its rows are gathered by us, and the script finds them in a tensor.
struct GivenRows {
  GivenLookUp names;
  std::vector<std::int64_t> shape;
  LookUpShape of;
  std::size_t table = kNone, dense = kNone;  // among the tensors
  at::Tensor rows;
};

std::size_t find(const std::vector<TensorSpec>& specs, const std::string& name) {
  const auto at =
      std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; });
  return at == specs.end() ? kNone : static_cast<std::size_t>(at - specs.begin());
}

/// A name that nothing else in the module has.
std::string free_name(std::string name, const Program& program, const std::vector<TensorSpec>& specs) {
  const auto taken = [&] {
    return find(specs, name) != kNone ||
           std::any_of(program.look_ups.begin(), program.look_ups.end(),
                       [&](const LookUp& l) { return l.name == name; }) ||
           std::any_of(program.noise.begin(), program.noise.end(),
                       [&](const NoiseSpec& n) { return n.name == name; });
  };
  while (taken()) name += '_';
  return name;
}

std::vector<GivenRows> given_rows(const Program& program, const std::vector<TensorSpec>& specs) {
  std::vector<GivenRows> out;
  for (const auto& look_up : program.look_ups) {
    if (look_up.of_ids()) continue;
    GivenRows given;
    given.names = {look_up.name, free_name(look_up.name + "_rows", program, specs)};
    given.shape = look_up.shape;
    given.of = {static_cast<std::size_t>(look_up.width()), look_up.fields == LookUp::all};
    given.table = find(specs, look_up.name + "_table");
    given.dense = find(specs, look_up.name + "_dense");
    out.push_back(std::move(given));
  }
  return out;
}

}  // namespace

struct Replica::Impl {
  TorchModule model;
  std::vector<NoiseSpec> noise;
  std::vector<std::vector<float>> masks;
  std::vector<GivenRows> given;
  std::vector<std::vector<float>> gradients;  // of tables and dense rows that are given; empty: of the others
  std::vector<bool> touched;                  // gradients that are not all zero
  std::vector<std::span<const float>> in_place_of;  // tensors; empty: the tensor itself
  Rows rows;
  bool penalised = false;
  int fused = 0;
  at::Tensor output;

  std::span<const float> values(std::size_t index) const {
    if (index == kNone) return {};
    if (!in_place_of[index].empty()) return in_place_of[index];
    const auto& t = model.tensors[index];
    return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
  }
  void lay_out_gradients() {
    for (auto& tensor : model.tensors) {
      if (tensor.grad().defined() && !tensor.grad().is_contiguous())
        tensor.mutable_grad() = tensor.grad().contiguous();
    }
  }
  /// To add to.
  std::span<float> own(std::size_t index) {
    if (index == kNone) return {};
    touched[index] = true;
    return gradients[index];
  }
};

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

Result<Replica> Replica::make(const Program& program, const InputSpec& inputs, Net& net) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  auto impl = std::make_unique<Impl>();
  const auto done = guarded("compiling the model for training", [&] {
    std::vector<at::Tensor> shared;
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      auto tensor = borrow(net.values(i).data(), net.parameters()[i].shape, at::kFloat);
      shared.push_back(tensor.requires_grad_(true));
    }
    impl->given = given_rows(program, assembled->tensors);
    std::vector<GivenLookUp> names;
    for (const auto& given : impl->given) names.push_back(given.names);
    impl->model = compile_module(program, *assembled, std::move(shared), names);
    impl->noise = program.noise;
    impl->masks.resize(program.noise.size());
    impl->penalised = program.penalised;
    impl->gradients.resize(assembled->tensors.size());
    impl->touched.resize(assembled->tensors.size());
    impl->in_place_of.resize(assembled->tensors.size());
    for (const auto& given : impl->given) {
      for (const auto index : {given.table, given.dense}) {
        if (index != kNone) impl->gradients[index].resize(net.values(index).size());
      }
    }
    impl->fused = fuse_for_training(impl->model.module, program.noise);
  });
  if (!done) return fail(done.error());
  return Replica(std::move(impl));
}

int Replica::fused() const { return impl_->fused; }

void Replica::use_rows(std::size_t index, std::span<const float> values) {
  impl_->in_place_of[index] = values;
  clear();
  impl_->gradients[index].resize(values.size());
}

std::span<float> Replica::mask(std::size_t index, std::size_t rows) {
  impl_->masks[index].resize(rows * static_cast<std::size_t>(impl_->noise[index].width));
  return impl_->masks[index];
}

Result<void> Replica::forward(const Rows& rows, std::span<float> logits) {
  return guarded("forward pass", [&] {
    auto& module = impl_->model.module;
    impl_->rows = rows;
    auto& seen = impl_->rows;
    if (!impl_->model.sources.fields) seen.singles = seen.bags = seen.denses = 0;
    const auto count = static_cast<std::int64_t>(rows.rows);
    for (std::size_t i = 0; i < impl_->noise.size(); ++i) {
      const auto& noise = impl_->noise[i];
      module.setattr(noise.name, borrow(mask(i, rows.rows).data(), {count, noise.width}, at::kFloat));
    }
    for (auto& given : impl_->given) {
      std::vector<std::int64_t> shape = {count, static_cast<std::int64_t>(given.of.fields(seen))};
      shape.insert(shape.end(), given.shape.begin(), given.shape.end());
      given.rows = at::empty(shape, at::kFloat);
      gather_rows(given.of, seen, impl_->values(given.table), impl_->values(given.dense),
                  {given.rows.data_ptr<float>(), static_cast<std::size_t>(given.rows.numel())});
      given.rows.requires_grad_(true);
      module.setattr(given.names.rows, given.rows);
    }
    impl_->output = impl_->model.forward(rows, true);
    const auto plain = impl_->output.detach().contiguous();
    std::copy_n(plain.data_ptr<float>(), plain.numel(), logits.begin());
  });
}

Result<void> Replica::backward(std::span<const float> gradient, float of_row) {
  return guarded("backward pass", [&] {
    auto output = std::move(impl_->output);
    impl_->output = at::Tensor();
    impl_->model.differentiate(output, borrow(gradient.data(), output.sizes(), at::kFloat), of_row);
    for (auto& given : impl_->given) {
      const auto& by_rows = given.rows.grad();
      if (!by_rows.defined()) continue;
      const auto plain = by_rows.contiguous();
      scatter_rows(given.of, impl_->rows, {plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())},
                   impl_->own(given.table), impl_->own(given.dense));
      given.rows = at::Tensor();
    }
    impl_->lay_out_gradients();
  });
}

Result<void> Replica::penalise() {
  return guarded("backward pass", [&] {
    if (!impl_->penalised) return;
    auto penalty = impl_->model.penalty();
    if (penalty.requires_grad()) penalty.backward();
    impl_->lay_out_gradients();
    // Tables whose rows are given have a gradient here too.
    for (std::size_t i = 0; i < impl_->gradients.size(); ++i) {
      const auto& by_penalty = impl_->model.tensors[i].grad();
      if (impl_->gradients[i].empty() || !by_penalty.defined()) continue;
      const auto plain = by_penalty.contiguous();
      const auto own = impl_->own(i);
      for (std::size_t n = 0; n < own.size(); ++n) own[n] += plain.data_ptr<float>()[n];
    }
  });
}

std::span<const float> Replica::gradient(std::size_t index) const {
  if (!impl_->gradients[index].empty()) {
    if (!impl_->touched[index]) return {};
    return impl_->gradients[index];
  }
  const auto& tensor = impl_->model.tensors[index];
  if (!tensor.grad().defined()) return {};
  return {tensor.grad().data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

void Replica::clear() {
  for (auto& tensor : impl_->model.tensors) tensor.mutable_grad() = at::Tensor();
  for (std::size_t i = 0; i < impl_->gradients.size(); ++i) {
    if (impl_->touched[i]) std::fill(impl_->gradients[i].begin(), impl_->gradients[i].end(), 0.0F);
    impl_->touched[i] = false;
  }
}

}  // namespace automodel::recsys
