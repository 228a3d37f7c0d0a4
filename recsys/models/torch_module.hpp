// Private to recsys, and the only header with LibTorch's: a program compiled. Its functions throw as LibTorch
// does; `guarded` makes values of that.
#pragma once

#include <torch/script.h>

#include <new>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/models/net.hpp"
#include "recsys/models/program.hpp"

namespace automodel::recsys {

struct TorchModule {
  torch::jit::Module module{"model"};
  std::vector<TensorSpec> specs;
  std::vector<at::Tensor> tensors;  // one a spec; zeros at first
  at::ScalarType real = at::kFloat;
  Sources sources;
  bool adds_to_loss = false;
  at::Tensor added;  // [rows], of the last forward of a program that adds to its loss

  /// Logits [rows], or [rows, candidates] where there are other sources than fields; `rows` must stay until
  /// gradients are taken.
  at::Tensor forward(const Rows& rows, bool with_noise);
  /// Adds to the gradients of the tensors that of the loss, whose gradient by `logits` is `gradient`, and
  /// `of_row` times that of each row's addition to it; both are of the last forward.
  void differentiate(const at::Tensor& logits, const at::Tensor& gradient, float of_row);
  at::Tensor penalty();  // only of a program that is penalised
};

/// Throws where a method does what is not on the list of operations (operations.cpp).
void check_operations(const torch::jit::Module& module);

/// Compiles with tensors (but for int8) of the type `real`, and checks the operations.
TorchModule compile_module(const Program& program, const Assembled& assembled, at::ScalarType real);

/// A look-up over fields whose rows are put into the module's tensor `rows` [batch, fields, shape…] before
/// each run.
struct GivenLookUp {
  std::string look_up, rows;
};
/// The same with these tensors, one a spec, in float.
TorchModule compile_module(const Program& program, const Assembled& assembled, std::vector<at::Tensor> tensors,
                           const std::vector<GivenLookUp>& given);

at::Tensor borrow(const void* data, at::IntArrayRef shape, at::ScalarType type);

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

}  // namespace automodel::recsys
