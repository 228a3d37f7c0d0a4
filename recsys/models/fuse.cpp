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

  /// Comes first, and what it leaves is to be cleaned up: else its products are taken one by one.
  void attentions(torch::jit::Block& block) {
    for (auto* node : block.nodes()) {
      for (auto* inner : node->blocks()) attentions(*inner);
      if (node->kind() == c10::aten::softmax) attention(*node);
    }
  }
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

  /// The two factors of an einsum with this equation; nothing where it is another.
  static std::optional<std::pair<Value*, Value*>> factors(const Value* value, const std::string& equation) {
    if (!is(value, "aten::einsum")) return {};
    const auto text = torch::jit::toIValue(value->node()->input(0));
    const auto* list = value->node()->input(1)->node();
    if (!text || text->toStringRef() != equation || list->kind() != c10::prim::ListConstruct ||
        list->inputs().size() != 2)
      return {};
    return std::pair{list->input(0), list->input(1)};
  }
  /// What is computed of the value, where that is one thing, and by this operation.
  static Node* only_user(const Value* value, const char* operation) {
    if (value->uses().size() != 1) return nullptr;
    auto* user = value->uses()[0].user;
    return value->uses()[0].offset == 0 && user->kind() == c10::Symbol::fromQualString(operation) ? user
                                                                                                  : nullptr;
  }
  static std::optional<double> real_number(const Value* value) {
    const auto known = torch::jit::toIValue(value);
    if (!known || !known->isScalar()) return {};
    return known->toScalar().toDouble();
  }

  /// einsum(softmax((einsum(q, k) / divisor).masked_fill(hidden, -1e9)).masked_fill(hidden, 0), v), of a
  /// sequence of queries or of one.
  void attention(Node& softmax) {
    constexpr double kNever = -1e8;
    const auto* masked = softmax.input(0);
    if (!is_only(masked, "aten::masked_fill")) return;
    auto* const hidden = masked->node()->input(1);
    const auto least = real_number(masked->node()->input(2));
    const auto* divided = masked->node()->input(0);
    if (!least || *least > kNever || !is_only(divided, "aten::div") || divided->node()->inputs().size() != 2)
      return;
    const auto divisor = real_number(divided->node()->input(1));
    const auto* scores = divided->node()->input(0);
    if (!divisor || scores->uses().size() != 1) return;
    const auto dimension = whole_number(softmax.input(1));
    if (dimension != 1 && dimension != 2) return;
    const bool many = dimension == 2;
    const auto of_scores = factors(scores, many ? "zab,zcb->zac" : "za,zba->zb");
    auto* const cleared = only_user(softmax.output(), "aten::masked_fill");
    if (!of_scores || !cleared || cleared->input(1) != hidden || real_number(cleared->input(2)) != 0) return;
    auto* const list = only_user(cleared->output(), "prim::ListConstruct");
    if (!list || list->output()->uses().size() != 1) return;
    auto* const sum = list->output()->uses()[0].user;
    const auto of_sum = factors(sum->output(), many ? "zab,zbc->zac" : "za,zab->zb");
    if (!of_sum || sum->owningBlock() != softmax.owningBlock()) return;
    torch::jit::WithInsertPoint guard(sum);
    replace(sum->output(), "automodel::attended",
            {of_scores->first, of_scores->second, of_sum->second, hidden, graph_.insertConstant(*divisor)});
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
  fuser.attentions(*graph->block());
  torch::jit::EliminateDeadCode(graph);
  fuser.run(*graph->block());
  torch::jit::EliminateDeadCode(graph);
  return fuser.count();
}

}  // namespace automodel::recsys
