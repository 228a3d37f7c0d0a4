// Finds, in a script's graph, what our operators compute. A pattern that is not there exactly is left alone.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <optional>

#include "recsys/models/torch_fuse.hpp"
#include "recsys/models/torch_operators.hpp"

namespace automodel::recsys {
namespace {

using torch::jit::Node;
using torch::jit::Value;

bool is(const Value* value, const char* operation) {
  return value->node()->kind() == c10::Symbol::fromQualString(operation);
}
/// Computed by the operation and used once.
bool is_only(const Value* value, const char* operation) {
  return is(value, operation) && value->uses().size() == 1;
}

std::optional<std::int64_t> whole_number(const Value* value) {
  const auto known = torch::jit::toIValue(value);
  if (!known || !known->isInt()) return {};
  return known->toInt();
}

class Fuser {
 public:
  Fuser(torch::jit::Module& module, torch::jit::Graph& graph, const std::vector<NoiseSpec>& noise)
      : module_(module), graph_(graph), noise_(noise) {}

  void run(torch::jit::Block& block) {
    for (auto* node : block.nodes()) {
      for (auto* inner : node->blocks()) run(*inner);
      const auto kind = node->kind();
      if (kind == c10::aten::relu) layer(*node);
      if (kind == c10::aten::einsum) product(*node);
    }
  }
  int count() const { return count_; }

 private:
  /// The shape of the module's tensor that the value is; empty where it is none.
  std::vector<std::int64_t> shape_of(const Value* value) const {
    const auto* node = value->node();
    if (node->kind() != c10::prim::GetAttr || node->input(0) != graph_.inputs()[0]) return {};
    const auto attribute = module_.attr(node->s(c10::attr::name));
    return attribute.isTensor() ? attribute.toTensor().sizes().vec() : std::vector<std::int64_t>();
  }
  bool is_mask(const Value* value, std::int64_t width) const {
    return shape_of(value).size() == 2 &&
           std::any_of(noise_.begin(), noise_.end(), [&](const NoiseSpec& noise) {
             return noise.name == value->node()->s(c10::attr::name) && noise.width == width &&
                    noise.kind == NoiseSpec::mask;
           });
  }

  /// `node` stays for the cleaning up, with no one who uses it.
  void replace(Value* old, const char* name, at::ArrayRef<Value*> inputs) {
    auto* node = graph_.create(c10::Symbol::fromQualString(name), inputs, 1);
    node->insertBefore(old->node());
    node->output()->setType(old->type());
    old->replaceAllUsesWith(node->output());
    ++count_;
  }

  /// relu(matmul(x, weight.t()) + bias), and times a mask where that follows.
  void layer(Node& relu) {
    const auto* sum = relu.input(0);
    if (!is_only(sum, "aten::add") || whole_number(sum->node()->input(2)) != 1) return;
    auto *matmul = sum->node()->input(0), *bias = sum->node()->input(1);
    if (!is_only(matmul, "aten::matmul")) return;
    auto *x = matmul->node()->input(0), *turned = matmul->node()->input(1);
    if (!is(turned, "aten::t")) return;
    auto* weight = turned->node()->input(0);
    const auto shape = shape_of(weight);
    if (shape.size() != 2 || shape_of(bias) != std::vector{shape[0]}) return;
    auto* out = relu.output();
    Value* mask = nullptr;
    if (out->uses().size() == 1 && out->uses()[0].user->kind() == c10::aten::mul) {
      auto* product = out->uses()[0].user;
      auto* other = product->input(out->uses()[0].offset == 0 ? 1 : 0);
      if (product->owningBlock() == relu.owningBlock() && is_mask(other, shape[0])) {
        mask = other;
        out = product->output();
      }
    }
    torch::jit::WithInsertPoint guard(out->node());
    auto* none = mask ? mask : graph_.insertConstant(c10::IValue());
    replace(out, "automodel::layer", {x, weight, bias, none});
  }

  /// einsum of two tensors; of x.unsqueeze(2) * y.unsqueeze(1) and a weight.
  void product(Node& einsum) {
    const auto equation = torch::jit::toIValue(einsum.input(0));
    const auto* list = einsum.input(1)->node();
    if (!equation || list->kind() != c10::prim::ListConstruct || list->inputs().size() != 2) return;
    // With the result's axes named, and no others than letters.
    if (equation->toStringRef().find("->") == std::string::npos ||
        equation->toStringRef().find_first_of(". ") != std::string::npos)
      return;
    torch::jit::WithInsertPoint guard(&einsum);
    auto *a = list->input(0), *b = list->input(1);
    const auto text = equation->toStringRef();
    const auto is_crossed = [&](const Value* left, const Value* right) {
      return is_only(left, "aten::unsqueeze") && is_only(right, "aten::unsqueeze") &&
             whole_number(left->node()->input(1)) == 2 && whole_number(right->node()->input(1)) == 1;
    };
    if (text == "zabc,dab->zcd" && is_only(a, "aten::mul")) {
      const auto *x = a->node()->input(0), *y = a->node()->input(1);
      if (is_crossed(x, y)) {
        replace(einsum.output(), "automodel::crossed", {x->node()->input(0), y->node()->input(0), b});
        return;
      }
    }
    replace(einsum.output(), "automodel::product", {a, b, einsum.input(0)});
  }

  torch::jit::Module& module_;
  torch::jit::Graph& graph_;
  const std::vector<NoiseSpec>& noise_;
  int count_ = 0;
};

}  // namespace

int fuse_for_training(torch::jit::Module& module, const std::vector<NoiseSpec>& noise) {
  operators::make_known();
  auto graph = torch::jit::toGraphFunction(module.get_method("forward").function()).graph();
  torch::jit::Inline(*graph);
  {
    torch::jit::WithInsertPoint guard(*graph->nodes().begin());
    graph->inputs().back()->replaceAllUsesWith(graph->insertConstant(true));
  }
  torch::jit::ConstantPropagation(graph);
  Fuser fuser(module, *graph, noise);
  fuser.run(*graph->block());
  torch::jit::EliminateDeadCode(graph);
  return fuser.count();
}

}  // namespace automodel::recsys
