// Private to recsys: a part of check_program.
#pragma once

#include "recsys/models/program_checks.hpp"

namespace automodel::recsys {

/// Learns 256 random rows by heart; fills `steps` and losses. Errors: models.does_not_fit, models.not_finite,
/// those of Net.
Result<void> check_fit(const Program& program, const InputSpec& inputs, std::uint64_t seed,
                       ProgramReport& report);

}  // namespace automodel::recsys
