#include "recsys/models/net.hpp"

#include <algorithm>

#include "recsys/models/threads.hpp"
#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {

Rows view(const Batch& batch, const InputSpec& spec, std::size_t first, std::size_t count) {
  Rows out{count, spec.singles(), spec.bags(), spec.max_bag, spec.denses()};
  out.single_codes = batch.singles.data() + first * out.singles;
  out.bag_codes = batch.bags.data() + first * out.bags * out.max_bag;
  out.dense = batch.dense.data() + first * out.denses;
  out.candidates = batch.candidates;
  out.history = spec.history;
  out.shared_items = batch.shared_items;
  if (spec.users.rows() > 0) out.users = batch.users.data() + first;
  if (spec.items.rows() > 0)
    out.items = batch.items.data() + (batch.shared_items ? 0 : first * batch.candidates);
  if (spec.history > 0) {
    out.past = batch.history.data() + first * spec.history;
    out.ages = batch.ages.data() + first * spec.history;
  }
  return out;
}

Rows Rows::part(std::size_t first, std::size_t count) const {
  auto out = *this;
  out.rows = count;
  out.single_codes += first * singles;
  out.bag_codes += first * bags * max_bag;
  out.dense += first * denses;
  if (users) out.users += first;
  if (items && !shared_items) out.items += first * candidates;
  if (past) out.past += first * history;
  if (ages) out.ages += first * history;
  return out;
}

struct Net::Impl {
  TorchModule model;
  std::vector<NoiseSpec> noise;
  std::vector<std::vector<float>> masks;
  bool penalised = false;
  at::Tensor output;
};

Net::Net(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Net::Net(Net&&) noexcept = default;
Net& Net::operator=(Net&&) noexcept = default;
Net::~Net() = default;

Result<Net> Net::compile(const Program& program, const InputSpec& inputs, std::uint32_t threads) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  auto impl = std::make_unique<Impl>();
  const auto done = guarded("compiling the model", [&] {
    make_threads(std::max(1U, threads));
    impl->model = compile_module(program, *assembled, at::kFloat);
    impl->noise = program.noise;
    impl->masks.resize(program.noise.size());
    impl->penalised = program.penalised;
  });
  if (!done) return fail(done.error());
  return Net(std::move(impl));
}

const std::vector<TensorSpec>& Net::parameters() const { return impl_->model.specs; }

std::span<std::byte> Net::data(std::size_t index) {
  auto& t = impl_->model.tensors[index];
  return {static_cast<std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.nbytes())};
}

std::span<const std::byte> Net::data(std::size_t index) const {
  const auto& t = impl_->model.tensors[index];
  return {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.nbytes())};
}

std::span<float> Net::values(std::size_t index) {
  auto& t = impl_->model.tensors[index];
  return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}

std::span<const float> Net::gradient(std::size_t index) const {
  const auto& gradient = impl_->model.tensors[index].grad();
  if (!gradient.defined()) return {};
  return {gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel())};
}

std::span<float> Net::mask(std::size_t index, std::size_t rows) {
  impl_->masks[index].resize(rows * static_cast<std::size_t>(impl_->noise[index].width));
  return impl_->masks[index];
}

Result<void> Net::forward(const Rows& rows, std::span<float> logits) {
  return guarded("forward pass", [&] {
    for (std::size_t i = 0; i < impl_->noise.size(); ++i) {
      const auto& noise = impl_->noise[i];
      impl_->model.module.setattr(
          noise.name,
          borrow(mask(i, rows.rows).data(), {static_cast<std::int64_t>(rows.rows), noise.width}, at::kFloat));
    }
    impl_->output = impl_->model.forward(rows, true);
    const auto plain = impl_->output.detach().contiguous();
    std::copy_n(plain.data_ptr<float>(), plain.numel(), logits.begin());
  });
}

Result<void> Net::backward(std::span<const float> gradient, Penalty penalty) {
  return guarded("backward pass", [&] {
    for (auto& tensor : impl_->model.tensors) tensor.mutable_grad() = at::Tensor();
    const bool with = penalty == Penalty::with;
    impl_->model.differentiate(impl_->output, borrow(gradient.data(), impl_->output.sizes(), at::kFloat),
                               with ? 1 / static_cast<float>(impl_->output.size(0)) : 0);
    impl_->output = at::Tensor();
    if (impl_->penalised && penalty == Penalty::with) impl_->model.penalty().backward();
    for (auto& tensor : impl_->model.tensors) {
      if (tensor.grad().defined()) tensor.mutable_grad() = tensor.grad().contiguous();
    }
  });
}

Result<void> Net::infer(const Rows& rows, std::span<float> logits) const {
  return guarded("scoring", [&] {
    const torch::NoGradGuard no_gradients;
    const auto output = impl_->model.forward(rows, false).contiguous();
    std::copy_n(output.data_ptr<float>(), output.numel(), logits.begin());
  });
}

}  // namespace automodel::recsys
