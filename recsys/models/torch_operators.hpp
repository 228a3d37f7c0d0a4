// Private to recsys: operators of ours for LibTorch, in float and double, with exact gradients. Scripts do
// not name them: a training puts them in the place of what they compute (fuse.cpp).
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace automodel::recsys::operators {

/// max(0, x weight^T + bias) * mask: x [..., in], weight [out, in], bias [out], mask [rows, out] or
/// undefined, where rows is the product of x's leading dimensions. "automodel::layer".
at::Tensor layer(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const c10::optional<at::Tensor>& mask);

/// torch.einsum(equation, [a, b]): as one matrix product, or as many small ones. "automodel::product".
at::Tensor product(const at::Tensor& a, const at::Tensor& b, std::string equation);

/// The sum over a and b of x[z, a, c] y[z, b, c] weight[d, a, b]: [z, c, d]. The products of x and y are made
/// for a few rows at a time. "automodel::crossed".
at::Tensor crossed(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight);

/// Sums of v [z, c, e] weighted by the softmax over c of <q, k> / divisor, with q [z, a, d] and k [z, c, d], where
/// `hidden` (broadcast to [z, a, c]) is false: [z, a, e], zeros where all is hidden. Without `a` in q and hidden: none
/// in the result. "automodel::attended".
at::Tensor attended(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& hidden,
                    double divisor);

/// Makes LibTorch know them; safe to call again.
void make_known();

}  // namespace automodel::recsys::operators
