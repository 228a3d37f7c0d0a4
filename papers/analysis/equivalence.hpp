// Whether two cards say the same program, whatever their symbols are called.
#pragma once

#include <string>

#include "papers/compile.hpp"

namespace automodel::papers {

/// 16 hexadecimal digits that depend on the typed terms alone: not on the names of quantities, indices, sizes and hyper-parameters, nor
/// on the order of summands and factors, nor on how a computation is split into equations, nor on the defaults of numbers (but for
/// how many entries a list such as `hidden` has, since each is a layer). By colour refinement (Weisfeiler, Leman 1968) of the graph of
/// terms, axes, weights, sizes and loops: equal programs always have equal digits; different ones differ but for graphs that
/// refinement cannot tell apart, which no method in the library is. Of a card without problems; else empty.
std::string program_fingerprint(const CompiledCard& card);

/// The same program, trained by the same loss against as many sampled items. False where a card has problems.
bool same_method(const CompiledCard& a, const CompiledCard& b);

}  // namespace automodel::papers
