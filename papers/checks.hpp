// Whether a compiled card does what its equations say, before anybody trains it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "papers/interpreter/interpreter.hpp"
#include "papers/methods.hpp"
#include "recsys/models/program_checks.hpp"

namespace automodel::papers {

/// One row of a batch with one of its candidates as the equations see it: the value of every look-up for every field, the user,
/// the candidate and the history, by the tables' numbers; no noise. Names of tensors as in `recsys::assemble`.
GivenValues given_values(const Script& script, const recsys::InputSpec& inputs, const recsys::Batch& batch, std::size_t row,
                         std::size_t candidate, const recsys::TensorValues& values);

/// The largest difference between the script's and the interpreter's answers, relative to the larger of 1 and the answer, over
/// `rows` random rows with random weights: without noise, and where the card draws from the normal distribution also with the same
/// noise for both. So too of what a card adds to its loss. Errors: papers.*, models.*.
Result<double> disagreement(const CompiledCard& card, const recsys::InputSpec& inputs, std::size_t rows, std::uint64_t seed);

struct CardReport {
  double disagreement = 0;               // with the interpreter
  std::uint32_t shapes = 0;              // numbers of fields and settings with which it was compiled and run
  std::int64_t parameters = 0;           // for `inputs`
  std::optional<std::int64_t> stated;    // as the card's formula says
  recsys::ProgramReport program;
};

/// All checks: the program for two numbers of fields and the smallest and largest choice of every setting; the interpreter's
/// answers to 1e-5; the stated number of parameters; and those of `recsys::check_program`. Errors: papers.disagrees,
/// papers.wrong_count, papers.*, models.*.
Result<CardReport> check_card(const std::string& name, const std::string& text, const CompileRequest& request,
                              const recsys::InputSpec& inputs, std::uint64_t seed, const Cards& added = {});

}  // namespace automodel::papers
