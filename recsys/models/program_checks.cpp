#include "recsys/models/program_checks.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "recsys/models/fit_check.hpp"
#include "recsys/models/inference.hpp"
#include "recsys/models/threads.hpp"
#include "recsys/models/torch_module.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint32_t kFewValues = 5;
constexpr std::size_t kFewRows = 16, kEntries = 40;
constexpr double kSpread = 0.1, kSmallGradient = 1e-3, kMostError = 1e-4;

/// The sum of the logits, each with a weight of its own, what is added to the loss, and the penalty: a
/// function of all tensors, whose gradients are looked at.
class Probe {
 public:
  Probe(const Program& program, const Assembled& assembled, const InputSpec& inputs, std::uint64_t seed)
      : model_(compile_module(program, assembled, at::kDouble)),
        penalised_(program.penalised),
        inputs_(inputs),
        batch_(random_batch(inputs_, kFewRows, seed, checked_candidates(program))) {
    Random random(seed, 3);
    for (std::size_t r = 0; r < kFewRows * batch_.candidates; ++r) weights_.push_back(random.normal());
  }

  const std::vector<TensorSpec>& tensors() const { return model_.specs; }
  double* values(std::size_t i) { return model_.tensors[i].data_ptr<double>(); }
  void set(const TensorValues& values) {
    for (std::size_t i = 0; i < model_.specs.size(); ++i) {
      const auto& from = values.at(model_.specs[i].name);
      std::copy(from.begin(), from.end(), this->values(i));
    }
  }
  /// The largest difference that it makes to any logit whether all rows share the candidates of the first.
  double difference_of_sharing() {
    const torch::NoGradGuard no_gradients;
    auto shared = batch_, repeated = batch_;
    shared.shared_items = true;
    shared.items.resize(batch_.candidates);
    for (std::size_t i = 0; i < repeated.items.size(); ++i)
      repeated.items[i] = shared.items[i % batch_.candidates];
    const auto one = model_.forward(view(shared, inputs_, 0, kFewRows), false),
               other = model_.forward(view(repeated, inputs_, 0, kFewRows), false);
    return (one - other).abs().max().item<double>();
  }
  /// Empty where the output does not depend on the tensor.
  const at::Tensor& gradient(std::size_t i) const { return model_.tensors[i].grad(); }

  double value() {
    const torch::NoGradGuard no_gradients;
    return output().item<double>();
  }
  void take_gradients() {
    for (auto& tensor : model_.tensors) tensor.mutable_grad() = at::Tensor();
    auto out = output();
    if (out.requires_grad()) out.backward();
    for (auto& tensor : model_.tensors) {
      if (tensor.grad().defined()) tensor.mutable_grad() = tensor.grad().contiguous();
    }
  }

 private:
  at::Tensor output() {
    const auto logits = model_.forward(view(batch_, inputs_, 0, kFewRows), false);
    auto out = (logits * borrow(weights_.data(), logits.sizes(), at::kDouble)).sum();
    if (model_.adds_to_loss) out = out + model_.added.sum();
    return penalised_ ? out + model_.penalty() : out;
  }

  TorchModule model_;
  bool penalised_;
  const InputSpec& inputs_;
  Batch batch_;
  std::vector<double> weights_;
};

Result<void> check_finite(Probe& probe, const char* where) {
  if (!std::isfinite(probe.value()))
    return fail("models.not_finite", "the output is not finite with " + std::string(where));
  probe.take_gradients();
  for (std::size_t i = 0; i < probe.tensors().size(); ++i) {
    const auto& gradient = probe.gradient(i);
    if (gradient.defined() && !at::isfinite(gradient).all().item<bool>()) {
      return fail("models.not_finite",
                  "the gradient of '" + probe.tensors()[i].name + "' is not finite with " + where, {},
                  "a root, a norm, a logarithm or a quotient at zero?");
    }
  }
  return {};
}

/// Catalogues are ranked, and all items are candidates in training, in the shared form.
Result<void> check_sharing(Probe& probe, const Program& program) {
  constexpr double kSame = 1e-9;
  if (!program.ranks() || probe.difference_of_sharing() < kSame) return {};
  return fail("models.bad_program",
              "the logits of candidates differ when items are given once for all rows, as [1, C]");
}

/// Central differences. One of several steps must agree: a large one may step over the kink of a rectifier,
/// and a small one loses digits.
GradientCheck compare(Probe& probe, std::size_t tensor, std::size_t index, double automatic) {
  GradientCheck out{probe.tensors()[tensor].name, index, automatic, 0, INFINITY};
  double& weight = probe.values(tensor)[index];
  const double kept = weight;
  for (const double h : {1e-5, 1e-6, 1e-7}) {
    weight = kept + h;
    const double above = probe.value();
    weight = kept - h;
    const double below = probe.value();
    weight = kept;
    const double numeric = (above - below) / (2 * h);
    const double error =
        std::abs(numeric - automatic) / std::max({std::abs(numeric), std::abs(automatic), kSmallGradient});
    if (error >= out.error) continue;
    out.error = error;
    out.numeric = numeric;
  }
  return out;
}

/// Numbers of every tensor in turn, at random places.
void compare_gradients(Probe& probe, std::uint64_t seed, ProgramReport& report) {
  Random random(seed, 4);
  std::vector<at::Tensor> automatic;
  for (std::size_t i = 0; i < probe.tensors().size(); ++i) {
    const auto gradient = probe.gradient(i);
    automatic.push_back(gradient);
    if (!gradient.defined() || gradient.count_nonzero().item<std::int64_t>() == 0)
      report.without_gradient.push_back(probe.tensors()[i].name);
  }
  for (std::size_t n = 0; n < kEntries && !automatic.empty(); ++n) {
    const auto tensor = n % automatic.size();
    const auto index = random.below(static_cast<std::uint32_t>(count_of(probe.tensors()[tensor].shape)));
    const auto& gradient = automatic[tensor];
    report.gradients.push_back(
        compare(probe, tensor, index, gradient.defined() ? gradient.data_ptr<double>()[index] : 0));
    report.gradient_error = std::max(report.gradient_error, report.gradients.back().error);
  }
}

Result<void> check_gradients(const Program& program, const InputSpec& inputs, std::uint64_t seed,
                             ProgramReport& report) {
  const auto few = with_values(inputs, kFewValues);
  const auto assembled = assemble(program, few);
  if (!assembled) return fail(assembled.error());
  const auto first = random_values(program, few, seed, 0),
             random = random_values(program, few, seed, kSpread);
  if (!first || !random) return fail(first ? random.error() : first.error());
  Result<void> checked;
  const auto done = guarded("checking the model", [&] {
    make_threads(1);
    Probe probe(program, *assembled, few, seed);
    probe.set(*first);
    checked = check_finite(probe, "the first values");
    if (!checked) return;
    probe.set(*random);
    checked = check_finite(probe, "random values");
    if (checked) checked = check_sharing(probe, program);
    if (checked) compare_gradients(probe, seed, report);
  });
  if (!done) return done;
  if (!checked) return checked;
  for (const auto& entry : report.gradients) {
    if (entry.error <= kMostError) continue;
    return fail("models.wrong_gradient",
                "'" + entry.tensor + "': the automatic gradient of number " + std::to_string(entry.index) +
                    " is " + short_text(entry.automatic) + ", the numeric one " + short_text(entry.numeric));
  }
  return {};
}

Result<void> check_values(const Assembled& assembled, const TensorValues& values) {
  const auto bad = [](const std::string& why) { return fail("models.bad_values", why); };
  for (const auto& spec : assembled.tensors) {
    const auto found = values.find(spec.name);
    if (found == values.end()) return bad("there are no values for '" + spec.name + "'");
    if (found->second.size() == count_of(spec.shape)) continue;
    return bad("'" + spec.name + "' has " + std::to_string(count_of(spec.shape)) + " numbers, not " +
               std::to_string(found->second.size()));
  }
  for (const auto& [name, unused] : values) {
    if (std::none_of(assembled.tensors.begin(), assembled.tensors.end(),
                     [&](const TensorSpec& spec) { return spec.name == name; }))
      return bad("the program has no tensor '" + name + "'");
  }
  return {};
}

bool is_of(const Batch& batch, const InputSpec& inputs) {
  const auto rows = batch.rows, items = (batch.shared_items ? 1 : rows) * batch.candidates;
  return batch.singles.size() == rows * inputs.singles() &&
         batch.bags.size() == rows * inputs.bags() * inputs.max_bag &&
         batch.dense.size() == rows * inputs.denses() &&
         batch.users.size() == (inputs.users.rows() > 0 ? rows : 0) &&
         batch.items.size() == (inputs.items.rows() > 0 ? items : 0) &&
         batch.history.size() == rows * inputs.history && batch.ages.size() == rows * inputs.history;
}

}  // namespace

Result<ProgramAnswers> run_program(const Program& program, const InputSpec& inputs, const Batch& batch,
                                   const TensorValues& values, const TensorValues* noise) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  if (auto same = check_values(*assembled, values); !same) return fail(same.error());
  if (!is_of(batch, inputs)) return fail("models.bad_values", "the batch is not of these inputs");
  for (const auto& spec : program.noise) {
    const auto size = batch.rows * static_cast<std::size_t>(spec.width);
    if (noise && (!noise->contains(spec.name) || noise->at(spec.name).size() != size))
      return fail("models.bad_values",
                  "there are not " + std::to_string(size) + " numbers for '" + spec.name + "'");
  }
  ProgramAnswers out;
  const auto done = guarded("running the model", [&] {
    const torch::NoGradGuard no_gradients;
    auto model = compile_module(program, *assembled, at::kDouble);
    for (std::size_t i = 0; i < model.specs.size(); ++i) {
      const auto& from = values.at(model.specs[i].name);
      model.tensors[i].copy_(borrow(from.data(), model.specs[i].shape, at::kDouble));
    }
    const auto rows = static_cast<std::int64_t>(batch.rows);
    for (std::size_t i = 0; noise && i < program.noise.size(); ++i) {
      const auto& [name, width] = std::tie(program.noise[i].name, program.noise[i].width);
      model.module.setattr(name, borrow(noise->at(name).data(), {rows, width}, at::kDouble));
    }
    const auto numbers = [](const at::Tensor& tensor) {
      const auto plain = tensor.contiguous();
      return std::vector<double>(plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel());
    };
    out.logits = numbers(model.forward(view(batch, inputs, 0, batch.rows), noise != nullptr));
    if (program.adds_to_loss) out.added = numbers(model.added);
  });
  if (!done) return fail(done.error());
  return out;
}

Result<ProgramReport> check_program(const Program& program, const InputSpec& inputs, std::uint64_t seed) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  for (const auto& look_up : program.look_ups) {
    if (look_up.int8) return fail("models.bad_program", "'" + look_up.name + "' is int8: it has no gradient");
  }
  ProgramReport out;
  out.parameters = assembled->values();
  if (auto good = check_gradients(program, inputs, seed, out); !good) return fail(good.error());
  if (auto good = check_fit(program, inputs, seed, out); !good) return fail(good.error());
  return out;
}

}  // namespace automodel::recsys
