#include "recsys/training/loop.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "recsys/models/inference.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/losses.hpp"

namespace automodel::recsys {
namespace {

constexpr std::size_t kWholeBytes = 256U << 20U;
constexpr std::uint32_t kFewValues = 100;  // a field with more is an id

/// Appends row `position` of width `width`.
template <class T>
void copy_row(const std::vector<T>& from, std::size_t position, std::size_t width, T* to) {
  std::copy_n(from.data() + position * width, width, to);
}

}  // namespace

Loop::Loop(Net& net, const InputEncoder& encoder, std::span<const float> labels,
           std::span<const std::uint32_t> rows, const Settings& settings, const Program& program,
           std::uint64_t seed)
    : net_(net),
      encoder_(encoder),
      labels_(labels),
      rows_(rows),
      program_(program),
      seed_(seed),
      batch_size_(static_cast<std::size_t>(number(settings, "batch"))),
      rate_(static_cast<float>(number(settings, "lr"))),
      l2_(static_cast<float>(number(settings, "l2"))),
      unknown_(number(settings, "unknown")) {
  const auto& spec = encoder.spec();
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto size = net.values(i).size();
    moments_.push_back({std::vector<float>(size), std::vector<float>(size)});
  }
  std::size_t position = 0;
  for (const auto& field : spec.fields) {
    if (field.kind != Field::Kind::single) continue;
    if (field.cardinality > kFewValues) hidden_.push_back({position, field.offset});
    ++position;
  }
  const auto bytes =
      8 * spec.singles() + 8 * spec.bags() * spec.max_bag + 4 * spec.denses() + 16 + 12 * spec.history;
  whole_ = rows.size() * bytes <= kWholeBytes;
  if (whole_) encoder_.encode(rows_, {}, all_);
}

void Loop::gather(std::span<const std::uint32_t> positions) {
  if (!whole_) {
    std::vector<std::uint32_t> rows;
    for (const auto p : positions) rows.push_back(rows_[p]);
    encoder_.encode(rows, {}, batch_);
  } else {
    const auto& spec = encoder_.spec();
    const auto s = spec.singles(), m = spec.bags() * spec.max_bag, d = spec.denses();
    batch_.rows = positions.size();
    batch_.singles.resize(positions.size() * s);
    batch_.bags.resize(positions.size() * m);
    batch_.dense.resize(positions.size() * d);
    const auto t = static_cast<std::size_t>(spec.history);
    batch_.users.resize(all_.users.empty() ? 0 : positions.size());
    batch_.items.resize(all_.items.empty() ? 0 : positions.size());
    batch_.history.resize(positions.size() * t);
    batch_.ages.resize(positions.size() * t);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (!all_.users.empty()) batch_.users[i] = all_.users[positions[i]];
      if (!all_.items.empty()) batch_.items[i] = all_.items[positions[i]];
      copy_row(all_.history, positions[i], t, batch_.history.data() + i * t);
      copy_row(all_.ages, positions[i], t, batch_.ages.data() + i * t);
      copy_row(all_.singles, positions[i], s, batch_.singles.data() + i * s);
      copy_row(all_.bags, positions[i], m, batch_.bags.data() + i * m);
      copy_row(all_.dense, positions[i], d, batch_.dense.data() + i * d);
    }
  }
  batch_.labels.resize(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) batch_.labels[i] = labels_[rows_[positions[i]]];
}

void Loop::hide_ids(Random& random) {
  if (unknown_ <= 0) return;
  const auto width = encoder_.spec().singles();
  for (std::size_t i = 0; i < batch_.rows; ++i) {
    for (const auto& field : hidden_) {
      if (random.uniform() < unknown_) batch_.singles[i * width + field.position] = field.unknown;
    }
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
  gather(positions);
  hide_ids(random);
  draw_masks(positions.size(), random);
  logits_.resize(positions.size());
  gradient_.resize(positions.size());
  const auto rows = view(batch_, encoder_.spec(), 0, positions.size());
  if (auto done = net_.forward(rows, logits_); !done) return fail(done.error());
  const double loss =
      loss_and_gradient(program_.loss, {positions.size(), 1, batch_.labels}, logits_, gradient_);
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
  std::vector<std::uint32_t> order(rows_.size());
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
