#include "recsys/training/loop.hpp"

#include <algorithm>
#include <cmath>

#include "recsys/models/values.hpp"

namespace automodel::recsys {

Loop::Loop(Net& net, Workers& workers, Batches& batches, const Settings& settings, std::uint64_t seed)
    : workers_(workers),
      batches_(batches),
      seed_(seed),
      batch_size_(static_cast<std::size_t>(number(settings, "batch"))),
      rate_(static_cast<float>(number(settings, "lr"))),
      l2_(static_cast<float>(number(settings, "l2"))) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto size = net.values(i).size();
    moments_.push_back({std::vector<float>(size), std::vector<float>(size)});
  }
}

/// Gives the sum of the rows' losses.
Result<double> Loop::step(std::span<const std::uint32_t> positions, Random& random) {
  const auto& batch = batches_.gather(positions, random);
  const auto loss = workers_.differentiate(batch, batches_.targets(), moments_, seed_, steps + 1, rate_);
  if (!loss) return fail(loss.error());
  if (!std::isfinite(*loss)) {
    return fail("training.nan", "the loss is no longer a number at step " + std::to_string(steps + 1), {},
                "try a smaller lr");
  }
  ++steps;
  workers_.take_step(moments_, steps, rate_, l2_);
  return loss;
}

Result<double> Loop::epoch(std::uint32_t number) {
  Random random(seed_, number);
  const auto order = shuffled(batches_.size(), random);
  double loss = 0;
  workers_.begin(steps);
  for (std::size_t first = 0; first < order.size(); first += batch_size_) {
    const auto part = std::span(order).subspan(first, std::min(batch_size_, order.size() - first));
    const auto sum = step(part, random);
    if (!sum) return fail(sum.error());
    loss += *sum;
  }
  workers_.end(moments_, steps, rate_);
  return loss / static_cast<double>(std::max<std::size_t>(1, order.size()));
}

}  // namespace automodel::recsys
