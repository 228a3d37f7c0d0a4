#include "recsys/models/fit_check.hpp"

#include <algorithm>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/adam.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint32_t kRows = 256, kMostSteps = 1000;
constexpr float kRate = 0.01F;
constexpr double kSmallLoss = 0.1;

/// Rows that can be told apart by their first field, whatever the method crosses: it has another value in
/// each, and the labels are random. Where there are only dense fields, the sign of the first is the label.
Batch rows_to_learn(const InputSpec& inputs, std::uint64_t seed) {
  auto out = random_batch(inputs, kRows, seed);
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
    } else {
      auto& x = out.dense[r * inputs.denses()];
      x += x < 0 ? -0.5F : 0.5F;
      out.labels[r] = x > 0 ? 1.0F : 0.0F;
    }
  }
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
  if (distinct.singles() == 0 && distinct.bags() > 0 && distinct.max_bag == 0)
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
    const auto mask = net->mask(i, kRows);
    std::fill(mask.begin(), mask.end(), 1.0F);  // nothing is silenced
  }
  const auto batch = rows_to_learn(distinct, seed);
  const auto rows = view(batch, distinct, 0, kRows);
  std::vector<float> logits(kRows), gradient(kRows);
  for (report.steps = 0;; ++report.steps) {
    if (auto done = net->forward(rows, logits); !done) return done;
    double loss = 0;
    for (std::size_t r = 0; r < kRows; ++r) {
      loss += log_loss(logits[r], batch.labels[r]) / kRows;
      gradient[r] = (sigmoid(logits[r]) - batch.labels[r]) / kRows;
    }
    if (!std::isfinite(loss)) return not_finite("the log loss", report.steps);
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
                  " steps their log loss is " + short_text(report.loss_after) + ", " +
                  short_text(report.loss_before) + " at first",
              {}, idle.empty() ? "does the output depend on every field?" : "without gradient: " + idle);
}

}  // namespace automodel::recsys
