#include "recsys/models/fit_check.hpp"

#include <algorithm>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/adam.hpp"
#include "recsys/training/losses.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint32_t kRows = 256, kMostSteps = 1000;
constexpr float kRate = 0.01F;
constexpr double kSmallLoss = 0.1;

/// Gives row r the value r + 1 of the first of these fields that there is: singles, bags, dense ones. Where
/// there are only dense fields, the sign of the first is the label.
void tell_apart_by_fields(const InputSpec& inputs, Batch& out) {
  const auto first_of = [&](Field::Kind kind) {
    return std::find_if(inputs.fields.begin(), inputs.fields.end(),
                        [&](const Field& f) { return f.kind == kind; });
  };
  for (std::uint32_t r = 0; r < kRows; ++r) {
    if (inputs.singles() > 0) {
      out.singles[r * inputs.singles()] = first_of(Field::Kind::single)->offset + 1 + r;
    } else if (inputs.bags() > 0) {
      const auto bag = out.bags.begin() + static_cast<std::ptrdiff_t>(r * inputs.bags() * inputs.max_bag);
      std::fill_n(bag, inputs.max_bag, -1);
      *bag = first_of(Field::Kind::bag)->offset + 1 + r;
    } else if (inputs.denses() > 0) {
      auto& x = out.dense[r * inputs.denses()];
      x += x < 0 ? -0.5F : 0.5F;
      out.labels[r] = x > 0 ? 1.0F : 0.0F;
    }
  }
}

/// The same for users and for what was had last. Where there is neither, for the item of row r; a method that
/// ranks can then only learn an order of the items: the lower half of them is preferred to the upper half.
void tell_apart_by_ids(const InputSpec& inputs, bool ranks, Batch& out) {
  const auto candidates = out.candidates;
  for (std::uint32_t r = 0; r < kRows; ++r) {
    if (!out.users.empty()) out.users[r] = 1 + r;
    if (inputs.history > 0) out.history[(r + 1) * inputs.history - 1] = 1 + r;
    if (out.items.empty()) continue;
    auto* items = out.items.data() + r * candidates;
    const bool only_items = out.users.empty() && inputs.history == 0;
    if (only_items && !ranks) items[0] = 1 + r;
    if (only_items && ranks) items[0] = 1 + r % (kRows / 2);
    if (ranks) items[1] = only_items ? kRows - r % (kRows / 2) : 1 + items[0] % kRows;
  }
}

/// Rows that can be told apart by any input that a method may rely on, whatever it crosses, with random
/// labels; or with two candidates each, of which one is preferred.
Batch rows_to_learn(const Program& program, const InputSpec& inputs, std::uint64_t seed) {
  auto out = random_batch(inputs, kRows, seed, program.ranks() ? 2 : 1);
  tell_apart_by_fields(inputs, out);
  tell_apart_by_ids(inputs, program.ranks(), out);
  return out;
}

tl::unexpected<Error> not_finite(const std::string& what, std::uint32_t step) {
  return fail("models.not_finite", what + " is not finite after " + std::to_string(step) + " steps",
              "learning 256 random rows");
}

}  // namespace

Result<void> check_fit(const Program& program, const InputSpec& inputs, std::uint64_t seed,
                       ProgramReport& report) {
  const auto distinct = with_values(inputs, kRows);
  if (program.sources.only_fields() && distinct.singles() == 0 && distinct.bags() > 0 &&
      distinct.max_bag == 0)
    return fail("models.no_inputs", "the longest bag has no place for a value");
  auto net = Net::compile(program, distinct, 1);
  if (!net) return fail(net.error());
  initialise(*net, distinct, seed);
  std::vector<AdamState> moments;
  for (std::size_t i = 0; i < net->parameters().size(); ++i) {
    const auto size = net->values(i).size();
    moments.push_back({std::vector<float>(size), std::vector<float>(size)});
  }
  for (std::size_t i = 0; i < program.noise.size(); ++i) {
    const auto noise = net->mask(i, kRows);
    const bool is_mask = program.noise[i].kind == NoiseSpec::mask;
    std::fill(noise.begin(), noise.end(), is_mask ? 1.0F : 0.0F);  // nothing is silenced or blurred
  }
  const auto batch = rows_to_learn(program, distinct, seed);
  const auto rows = view(batch, distinct, 0, kRows);
  const Targets targets{kRows, batch.candidates,
                        program.ranks() ? std::span<const float>{} : std::span(batch.labels)};
  std::vector<float> logits(kRows * batch.candidates), gradient(logits.size());
  for (report.steps = 0;; ++report.steps) {
    if (auto done = net->forward(rows, logits); !done) return done;
    const double loss = loss_and_gradient(program.loss, targets, logits, gradient) / kRows;
    if (!std::isfinite(loss)) return not_finite("the loss", report.steps);
    if (report.steps == 0) report.loss_before = loss;
    report.loss_after = loss;
    if (loss < std::max(kSmallLoss, report.loss_before / 10)) return {};
    if (report.steps == kMostSteps) break;
    if (auto done = net->backward(gradient, Net::Penalty::without); !done) return done;
    for (std::size_t i = 0; i < moments.size(); ++i) {
      const auto g = net->gradient(i);
      if (std::any_of(g.begin(), g.end(), [](float x) { return !std::isfinite(x); }))
        return not_finite("the gradient of '" + net->parameters()[i].name + "'", report.steps);
      if (!g.empty()) adam_step(net->values(i), g, moments[i], report.steps + 1, kRate, 0);
    }
  }
  std::string idle;
  for (const auto& name : report.without_gradient) idle += (idle.empty() ? "" : ", ") + name;
  return fail("models.does_not_fit",
              "256 random rows are not learned by heart: after " + std::to_string(kMostSteps) +
                  " steps their loss is " + short_text(report.loss_after) + ", " +
                  short_text(report.loss_before) + " at first",
              {}, idle.empty() ? "does the output depend on every input?" : "without gradient: " + idle);
}

}  // namespace automodel::recsys
