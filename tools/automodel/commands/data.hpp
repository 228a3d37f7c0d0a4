// What the files of `automodel data` share.
#pragma once

#include "tools/automodel/program.hpp"

namespace automodel::tools {

/// `generate`.
void add_data_generate(CLI::App& all, Program& program);

}  // namespace automodel::tools
