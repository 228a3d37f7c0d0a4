#include "recsys/training/loop.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "recsys/models/values.hpp"

namespace automodel::recsys {

Loop::Loop(Net& net, const InputEncoder& encoder, Batches& batches, const Settings& settings,
           const Program& program, std::uint64_t seed)
    : net_(net),
      encoder_(encoder),
      batches_(batches),
      program_(program),
      seed_(seed),
      batch_size_(static_cast<std::size_t>(number(settings, "batch"))),
      rate_(static_cast<float>(number(settings, "lr"))),
      l2_(static_cast<float>(number(settings, "l2"))) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto size = net.values(i).size();
    moments_.push_back({std::vector<float>(size), std::vector<float>(size)});
  }
}

/// Inverted dropout (Srivastava et al., JMLR 2014, section 10). Eight units share one draw of 64 bits, a byte
/// each, so the rate is rounded to 1/256, and what is kept is scaled by exactly the share that is kept.
void Loop::draw_masks(std::size_t rows, Random& random) {
  for (std::size_t i = 0; i < program_.noise.size(); ++i) {
    const auto mask = net_.mask(i, rows);
    const auto cut = static_cast<std::uint64_t>(std::lround(program_.noise[i].rate * 256));
    const float kept = 256.0F / static_cast<float>(256 - cut);
    float* out = mask.data();
    std::size_t left = mask.size();
    while (left > 0) {
      auto bits = random.next();
      const auto units = std::min<std::size_t>(8, left);
      for (std::size_t u = 0; u < units; ++u, bits >>= 8U) out[u] = (bits & 255U) < cut ? 0.0F : kept;
      out += units;
      left -= units;
    }
  }
}

/// Gives the sum of the rows' losses.
Result<double> Loop::step(std::span<const std::uint32_t> positions, Random& random) {
  const auto& batch = batches_.gather(positions, random);
  draw_masks(positions.size(), random);
  logits_.resize(positions.size() * batch.candidates);
  gradient_.resize(logits_.size());
  const auto rows = view(batch, encoder_.spec(), 0, positions.size());
  if (auto done = net_.forward(rows, logits_); !done) return fail(done.error());
  const double loss = loss_and_gradient(program_.loss, batches_.targets(), logits_, gradient_);
  if (!std::isfinite(loss)) {
    return fail("training.nan", "the loss is no longer a number at step " + std::to_string(steps + 1), {},
                "try a smaller lr");
  }
  if (auto done = net_.backward(gradient_); !done) return fail(done.error());
  ++steps;
  for (std::size_t i = 0; i < moments_.size(); ++i) {
    const auto gradient = net_.gradient(i);
    if (!gradient.empty()) adam_step(net_.values(i), gradient, moments_[i], steps, rate_, l2_);
  }
  return loss;
}

Result<double> Loop::epoch(std::uint32_t number) {
  Random random(seed_, number);
  std::vector<std::uint32_t> order(batches_.size());
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t i = order.size(); i > 1; --i) {  // Fisher & Yates
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  }
  double loss = 0;
  for (std::size_t first = 0; first < order.size(); first += batch_size_) {
    const auto part = std::span(order).subspan(first, std::min(batch_size_, order.size() - first));
    const auto sum = step(part, random);
    if (!sum) return fail(sum.error());
    loss += *sum;
  }
  return loss / static_cast<double>(std::max<std::size_t>(1, order.size()));
}

}  // namespace automodel::recsys
