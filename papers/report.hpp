// A compiled card for people: every equation beside the code that computes it.
#pragma once

#include <string>

#include "papers/compile.hpp"

namespace automodel::papers {

std::string markdown_report(const CompiledCard& card, const Script& script, const InputCounts& inputs);
/// One file without anything from elsewhere.
std::string html_report(const CompiledCard& card, const Script& script, const InputCounts& inputs);

/// "9 fields (1 of them dense) with 100 values, 6 users": what a script reads.
std::string sources_text(const Script& script, const InputCounts& inputs);

/// Numbers in all weights and tables.
std::int64_t parameter_count(const Script& script, const InputCounts& inputs);

}  // namespace automodel::papers
