// What a program's script may do: a fixed list. A script comes from a card or a file of somebody else's, and
// TorchScript can write files (aten::save), map them (aten::from_file), print, and hand out memory that
// nobody has written (aten::empty, aten::as_strided). Operations that change their argument are not on the
// list either: a model is read by several threads at once.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>

#include <string_view>
#include <unordered_set>

#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {
namespace {

/// Names as in LibTorch's operator schemas, without namespace and overload.
constexpr std::string_view kTensors =
    // one number at a time
    "abs acos add addcdiv addcmul asin asinh atan atan2 ceil celu clamp clamp_max clamp_min cos cosh "
    "div divide elu erf erfc exp exp2 expm1 floor floor_divide gelu glu hardsigmoid hardswish "
    "hardtanh leaky_relu lerp log log10 log1p log2 log_sigmoid logaddexp logit maximum minimum mish "
    "mul multiply nan_to_num neg negative pow prelu reciprocal relu relu6 remainder round rsqrt rsub "
    "selu sigmoid sign silu sin sinh softplus sqrt square sub subtract tan tanh threshold true_divide "
    "trunc where xlogy "
    // truth
    "__and__ __or__ __xor__ bitwise_and bitwise_not bitwise_or bitwise_xor eq ge greater gt isfinite "
    "isinf isnan le less logical_and logical_not logical_or logical_xor lt ne not_equal "
    // over dimensions
    "all amax amin any argmax argmin argsort count_nonzero cummax cummin cumprod cumsum "
    "frobenius_norm linalg_norm linalg_vector_norm log_softmax logcumsumexp logsumexp max mean median "
    "min norm prod softmax sort std std_mean sum topk var var_mean "
    // products and layers
    "adaptive_avg_pool1d adaptive_max_pool1d addbmm addmm addmv addr avg_pool1d avg_pool2d baddbmm "
    "bilinear bmm cdist conv1d conv2d cosine_similarity dot einsum embedding gru gru_cell inner "
    "layer_norm linear lstm lstm_cell matmul max_pool1d max_pool2d mm mv outer rnn_tanh tensordot "
    "vdot "
    // shapes
    "atleast_1d atleast_2d broadcast_tensors broadcast_to cat chunk clone combinations concat "
    "constant_pad_nd contiguous detach diag diag_embed diagonal expand expand_as flatten flip gather index "
    "index_add "
    "index_select masked_fill movedim narrow one_hot pad permute ravel repeat repeat_interleave "
    "reshape reshape_as roll scatter scatter_add select slice split split_with_sizes squeeze stack "
    "swapaxes swapdims t take_along_dim tensor_split tile transpose tril tril_indices triu "
    "triu_indices unbind unflatten unsqueeze view view_as "
    // new ones
    "arange eye full full_like linspace new_full new_ones new_zeros ones ones_like scalar_tensor "
    "tensor zeros zeros_like "
    // types
    "Bool bool BoolImplicit double float Float FloatImplicit Int int IntImplicit item long "
    "ScalarImplicit to type_as "
    // plain numbers, lists and sizes
    "__contains__ __derive_index __getitem__ __is__ __isnot__ __not__ __range_length append dim "
    "extend floordiv len list numel size slice ";
constexpr std::string_view kLanguage =
    "abs CallFunction CallMethod Constant device dtype GetAttr If isinstance ListConstruct ListUnpack "
    "Loop max min NumToTensor RaiseException TupleConstruct TupleIndex TupleSlice TupleUnpack "
    "unchecked_cast unchecked_unwrap_optional Uninitialized ";

/// The words of a text.
std::unordered_set<std::string_view> words(std::string_view text) {
  std::unordered_set<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find(' ');
    out.insert(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

/// Also in the forms that write to `out`.
bool changes_its_argument(const torch::jit::Node& node, std::string_view name) {
  const auto* schema = node.maybeSchema();
  return schema && schema->is_mutable() && name != "append" && name != "extend";
}

bool is_allowed(const torch::jit::Node& node) {
  static const auto tensors = words(kTensors), language = words(kLanguage);
  const std::string_view space = node.kind().ns().toUnqualString(), name = node.kind().toUnqualString();
  if (space == "aten") return tensors.contains(name) && !changes_its_argument(node, name);
  return space == "prim" && language.contains(name);
}

void check_block(const torch::jit::Block& block) {
  for (const auto* node : block.nodes()) {
    TORCH_CHECK(is_allowed(*node), "the script uses ", node->kind().toQualString(),
                ", which is not among the operations of models\n", node->sourceRange().str());
    for (const auto* inner : node->blocks()) check_block(*inner);
  }
}

}  // namespace

void check_operations(const torch::jit::Module& module) {
  for (const auto& method : module.get_methods())
    check_block(*torch::jit::toGraphFunction(method.function()).graph()->block());
}

}  // namespace automodel::recsys
