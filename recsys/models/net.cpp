#include "recsys/models/net.hpp"

#include <torch/script.h>

#include <algorithm>
#include <new>

#include "recsys/models/threads.hpp"

namespace automodel::recsys {
namespace {

/// LibTorch reports by exceptions; what it says first is enough, the rest is its own stack.
template <class F>
Result<void> guarded(const char* doing, F&& work) {
  try {
    work();
    return {};
  } catch (const std::bad_alloc&) {
    return fail("models.out_of_memory", "not enough memory", doing, "try a smaller batch or dim");
  } catch (const std::exception& e) {
    const std::string words = e.what();
    if (words.find("DefaultCPUAllocator") != std::string::npos) {
      return fail("models.out_of_memory", "not enough memory", doing, "try a smaller batch or dim");
    }
    return fail("models.failed", words.substr(0, words.find("\nException raised")), doing);
  }
}

at::Tensor borrow(const void* data, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), shape, at::TensorOptions().dtype(type));
}

}  // namespace

Rows view(const Batch& batch, const InputSpec& spec, std::size_t first, std::size_t count) {
  Rows out{count, spec.singles(), spec.bags(), spec.max_bag, spec.denses()};
  out.single_codes = batch.singles.data() + first * out.singles;
  out.bag_codes = batch.bags.data() + first * out.bags * out.max_bag;
  out.dense = batch.dense.data() + first * out.denses;
  return out;
}

struct Net::Impl {
  torch::jit::Module module{"model"};
  std::vector<TensorSpec> specs;
  std::vector<at::Tensor> tensors;
  std::vector<NoiseSpec> noise;
  std::vector<std::vector<float>> masks;
  at::Tensor output;

  at::Tensor run(const Rows& rows, bool with_noise) {
    // Optimised graphs profile their first runs and differentiate by themselves: that costs more than it
    // brings to trainings of a few hundred steps.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    const auto n = static_cast<std::int64_t>(rows.rows), s = static_cast<std::int64_t>(rows.singles),
               m = static_cast<std::int64_t>(rows.bags), l = static_cast<std::int64_t>(rows.max_bag),
               d = static_cast<std::int64_t>(rows.denses);
    return module
        .forward({borrow(rows.single_codes, {n, s}, at::kLong), borrow(rows.bag_codes, {n, m, l}, at::kLong),
                  borrow(rows.dense, {n, d}, at::kFloat), with_noise})
        .toTensor();
  }
};

Net::Net(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Net::Net(Net&&) noexcept = default;
Net& Net::operator=(Net&&) noexcept = default;
Net::~Net() = default;

Result<Net> Net::compile(const Program& program, std::uint32_t threads) {
  auto impl = std::make_unique<Impl>();
  const auto done = guarded("compiling the model", [&] {
    make_threads(std::max(1U, threads));
    for (const auto& spec : program.parameters) {
      auto tensor = at::zeros(spec.shape, spec.int8 ? at::kChar : at::kFloat);
      if (!spec.int8) tensor.requires_grad_(true);
      impl->module.register_parameter(spec.name, tensor, spec.int8);
      impl->tensors.push_back(tensor);
    }
    for (const auto& noise : program.noise)
      impl->module.register_buffer(noise.name, at::zeros({1, noise.width}));
    impl->module.define(program.script);
    impl->specs = program.parameters;
    impl->noise = program.noise;
    impl->masks.resize(program.noise.size());
  });
  if (!done) return fail(done.error());
  return Net(std::move(impl));
}

const std::vector<TensorSpec>& Net::parameters() const { return impl_->specs; }

std::span<std::byte> Net::data(std::size_t index) {
  auto& t = impl_->tensors[index];
  return {static_cast<std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.nbytes())};
}

std::span<const std::byte> Net::data(std::size_t index) const {
  const auto& t = impl_->tensors[index];
  return {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.nbytes())};
}

std::span<float> Net::values(std::size_t index) {
  auto& t = impl_->tensors[index];
  return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}

std::span<const float> Net::gradient(std::size_t index) const {
  const auto& gradient = impl_->tensors[index].grad();
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
      impl_->module.setattr(
          noise.name,
          borrow(mask(i, rows.rows).data(), {static_cast<std::int64_t>(rows.rows), noise.width}, at::kFloat));
    }
    impl_->output = impl_->run(rows, true);
    TORCH_CHECK(impl_->output.numel() == static_cast<std::int64_t>(rows.rows), "one logit a row is needed");
    const auto plain = impl_->output.detach().contiguous();
    std::copy_n(plain.data_ptr<float>(), rows.rows, logits.begin());
  });
}

Result<void> Net::backward(std::span<const float> gradient) {
  return guarded("backward pass", [&] {
    for (auto& tensor : impl_->tensors) tensor.mutable_grad() = at::Tensor();
    impl_->output.backward(borrow(gradient.data(), impl_->output.sizes(), at::kFloat));
    impl_->output = at::Tensor();
    for (auto& tensor : impl_->tensors) {
      if (tensor.grad().defined()) tensor.mutable_grad() = tensor.grad().contiguous();
    }
  });
}

Result<void> Net::infer(const Rows& rows, std::span<float> logits) const {
  return guarded("scoring", [&] {
    const torch::NoGradGuard no_gradients;
    const auto output = impl_->run(rows, false).contiguous();
    TORCH_CHECK(output.numel() == static_cast<std::int64_t>(rows.rows), "one logit a row is needed");
    std::copy_n(output.data_ptr<float>(), rows.rows, logits.begin());
  });
}

}  // namespace automodel::recsys
