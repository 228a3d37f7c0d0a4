// Whether a program does what a program must, on small made-up inputs; and its plain values, for whoever
// wants to compare them with his own arithmetic. Nothing here needs a data set.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// Inputs with so many fields; every single and bag field has `values` values besides the missing one, and so
/// many users and items are known where `sources` has them.
InputSpec made_up_inputs(std::size_t singles, std::size_t bags, std::size_t denses, std::uint32_t values = 5,
                         std::uint32_t max_bag = 3, const Sources& sources = {});
/// As many fields of each kind, as long bags and histories as `inputs` has, in its order; but `values` values
/// a field, users and items.
InputSpec with_values(const InputSpec& inputs, std::uint32_t values);
/// Rows with random values (one in ten is missing), bags of any length from none, normal dense numbers,
/// labels of 0 and 1. Where the inputs have them, users and `candidates` items a row (one in ten unknown, but
/// candidate 0 never), and histories of any length: the first row's is empty, the second's is full.
/// For inputs of `made_up_inputs` or `with_values`, and any other.
Batch random_batch(const InputSpec& inputs, std::size_t rows, std::uint64_t seed, std::size_t candidates = 1);
/// How many candidates a row has in checks of this program: 1, or 3 where it ranks.
std::size_t checked_candidates(const Program& program);

/// The numbers of every tensor of a program (`Assembled::tensors` has names and shapes), row-major.
using TensorValues = std::map<std::string, std::vector<double>>;

/// The first values that training with this seed begins with, plus normal numbers of deviation `spread`.
/// Errors: those of `assemble`.
Result<TensorValues> random_values(const Program& program, const InputSpec& inputs, std::uint64_t seed,
                                   double spread);

/// What a program gives for a batch.
struct ProgramAnswers {
  std::vector<double> logits;  // [rows, candidates]
  std::vector<double> added;   // [rows] to the loss; empty where it adds nothing
};
/// In double precision, with exactly these values: without noise, or as in training with this, [rows, width]
/// by name. Errors: those of `assemble`; models.bad_values (a tensor or noise missing, unknown or of another
/// size; a batch that is not of these inputs); models.failed (LibTorch's words), models.out_of_memory.
Result<ProgramAnswers> run_program(const Program& program, const InputSpec& inputs, const Batch& batch,
                                   const TensorValues& values, const TensorValues* noise = nullptr);

/// One number of a tensor, and what it does to the output.
struct GradientCheck {
  std::string tensor;
  std::size_t index = 0;  // in the tensor, row-major
  double automatic = 0, numeric = 0;
  double error = 0;  // difference by the larger of both, or by 1e-3 where both are smaller
};

struct ProgramReport {
  std::uint64_t parameters = 0;               // numbers in all tensors, for the inputs as given
  std::vector<std::string> without_gradient;  // tensors that neither output nor penalty depends on
  std::vector<GradientCheck> gradients;
  double gradient_error = 0;  // the largest
  std::uint32_t steps = 0;    // of Adam, until 256 random rows were learned by heart
  double loss_before = 0, loss_after = 0;
};

/// Checks, on an instance with as many fields of each kind as `inputs` and few values: that logits are
/// finite, one a row and candidate; that candidates which all rows share ([1, C]) have the logits that they
/// have when they are given row by row; that gradients are finite at the first values, those of training, and
/// at random ones; that automatic and numeric gradients agree to 1e-4 (in double precision, 40 numbers over
/// all tensors); that 256 rows with random labels, or random preferences between two items where the program
/// ranks, are learned by the program's loss to under 0.1, or a tenth of the first, in 1000 steps. The large
/// tables of `inputs` are never made. Uses one thread, and leaves the process with one. Errors, with the
/// tensor's name where there is one: models.bad_program, models.no_inputs, models.failed,
/// models.out_of_memory, models.not_finite, models.wrong_gradient, models.does_not_fit.
Result<ProgramReport> check_program(const Program& program, const InputSpec& inputs, std::uint64_t seed);

}  // namespace automodel::recsys
