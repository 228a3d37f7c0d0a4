// What the files of `automodel paper` share.
#pragma once

#include "papers/compile.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {

/// Everything that is wrong with a card, as a compiler shows it. Gives the exit status.
int print_problems(const Program& program, const papers::CompiledCard& card);

/// `add` and `changes`.
void add_paper_cards(CLI::App& all, Program& program);

}  // namespace automodel::tools
