#include "recsys/training/work.hpp"

#include <ATen/record_function.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>
#include <string_view>

#include "recsys/models/program_checks.hpp"
#include "recsys/models/threads.hpp"
#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {
namespace {

constexpr std::size_t kRows = 2048;

/// Made of other operators, which are counted instead.
const std::set<std::string_view> kComposite = {"aten::matmul",
                                               "aten::einsum",
                                               "aten::linear",
                                               "aten::flatten",
                                               "aten::reshape",
                                               "aten::to",
                                               "aten::_to_copy",
                                               "aten::contiguous",
                                               "aten::clone",
                                               "aten::square",
                                               "aten::softmax",
                                               "aten::layer_norm",
                                               "aten::embedding_backward"};
/// Views, memory and bookkeeping: nothing is read or written.
const std::set<std::string_view> kFree = {"aten::empty",
                                          "aten::empty_like",
                                          "aten::empty_strided",
                                          "aten::as_strided",
                                          "aten::as_strided_",
                                          "aten::resize_",
                                          "aten::resize_as_",
                                          "aten::detach",
                                          "aten::view",
                                          "aten::_unsafe_view",
                                          "aten::_reshape_alias",
                                          "aten::expand",
                                          "aten::permute",
                                          "aten::transpose",
                                          "aten::t",
                                          "aten::unsqueeze",
                                          "aten::squeeze",
                                          "aten::select",
                                          "aten::slice",
                                          "aten::alias",
                                          "aten::unflatten",
                                          "aten::narrow",
                                          "aten::unbind",
                                          "aten::split",
                                          "aten::set_",
                                          "detach",
                                          "aten::chunk",
                                          "aten::expand_as",
                                          "aten::result_type",
                                          "aten::is_nonzero",
                                          "aten::item"};
/// Numbers are moved, not computed.
const std::set<std::string_view> kMoves = {
    "aten::copy_",        "aten::cat",        "aten::stack", "aten::zero_",  "aten::fill_",
    "aten::index_select", "aten::embedding",  "aten::zeros", "aten::ones",   "aten::ones_like",
    "aten::_cat",         "aten::zeros_like", "aten::index", "aten::gather", "aten::select_backward"};

struct Counter {
  double products = 0, others = 0, bytes = 0;
};
thread_local Counter* counting = nullptr;

double numbers_in(const c10::IValue& value) {
  if (value.isTensor() && value.toTensor().defined()) return static_cast<double>(value.toTensor().numel());
  if (!value.isTensorList()) return 0;
  double out = 0;
  for (const auto& tensor : value.toTensorVector()) out += static_cast<double>(tensor.numel());
  return out;
}

double bytes_in(const c10::IValue& value) {
  double out = 0;
  const auto add = [&](const at::Tensor& tensor) {
    if (tensor.defined())
      out += static_cast<double>(tensor.numel()) * static_cast<double>(tensor.element_size());
  };
  if (value.isTensor()) add(value.toTensor());
  if (value.isTensorList()) {
    for (const auto& tensor : value.toTensorVector()) add(tensor);
  }
  return out;
}

/// What is known of an operator only when it begins.
struct Begun : at::ObserverContext {
  double bytes = 0;   // of its arguments
  double summed = 0;  // of a matrix product: how many products one number of the result is the sum of
};

std::unique_ptr<at::ObserverContext> at_begin(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  if (!counting || kFree.contains(name) || kComposite.contains(name) || !name.starts_with("aten::"))
    return nullptr;
  auto out = std::make_unique<Begun>();
  const auto inputs = function.inputs();
  for (const auto& value : inputs) out->bytes += bytes_in(value);
  const bool three = name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv";
  const bool two = name == "aten::mm" || name == "aten::bmm" || name == "aten::mv" || name == "aten::dot";
  if (three || two) out->summed = static_cast<double>(inputs[three ? 1 : 0].toTensor().size(-1));
  return out;
}

void at_end(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* begun = static_cast<Begun*>(context);
  if (!begun || !counting) return;
  double results = 0;
  for (const auto& value : function.outputs()) {
    results += numbers_in(value);
    counting->bytes += bytes_in(value);
  }
  counting->bytes += begun->bytes;
  counting->products += 2 * results * begun->summed;
  if (begun->summed == 0 && !kMoves.contains(std::string_view(function.name()))) counting->others += results;
}

/// With as many candidates as the program learns from.
Batch batch_of(const Program& program, const InputSpec& inputs) {
  if (!program.ranks() || program.negatives > 0)
    return random_batch(inputs, kRows, 1, program.negatives + std::size_t{1});
  auto out = random_batch(inputs, kRows, 1);
  out.shared_items = true;
  out.candidates = inputs.items.rows() - 1;
  out.items.resize(out.candidates);
  std::iota(out.items.begin(), out.items.end(), std::int64_t{1});
  return out;
}

}  // namespace

Result<Work> count_work(const Program& program, const InputSpec& inputs) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  const auto batch = batch_of(program, inputs);
  Counter counter;
  const auto done = guarded("counting what the model does", [&] {
    auto model = compile_module(program, *assembled, at::kFloat);
    for (const auto& noise : program.noise)
      model.module.setattr(noise.name, at::ones({static_cast<std::int64_t>(kRows), noise.width}));
    const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(at_begin, at_end)
                                                       .needsInputs(true)
                                                       .needsOutputs(true)
                                                       .scopes({at::RecordScope::FUNCTION}));
    counting = &counter;
    const auto logits = model.forward(view(batch, inputs, 0, kRows), true);
    if (logits.requires_grad()) logits.backward(at::ones_like(logits));
    counting = nullptr;
    at::removeCallback(handle);
  });
  counting = nullptr;
  if (!done) return fail(done.error());
  const double rows = kRows;
  return Work{counter.products / rows, counter.others / rows, counter.bytes / rows};
}

double matrix_product_rate(std::uint32_t threads) {
  constexpr std::int64_t kSize = 1024;
  make_threads(threads);
  const at::Tensor a = at::ones({kSize, kSize}), b = at::ones({kSize, kSize});
  auto out = at::mm(a, b);
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    at::mm_out(out, a, b);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * kSize * kSize * kSize / best;
}

}  // namespace automodel::recsys
