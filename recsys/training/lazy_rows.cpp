#include "recsys/training/lazy_rows.hpp"

#include <algorithm>
#include <cmath>

namespace automodel::recsys {
namespace {

constexpr double kBeta1 = 0.9F, kBeta2 = 0.999F;
constexpr float kEpsilon = 1e-8F;
const double kFade = kBeta1 / std::sqrt(kBeta2);  // of the moment over the root, in a step

}  // namespace

double SkippedSteps::correction(std::uint64_t step) {
  const auto t = static_cast<double>(step);
  return std::sqrt(1 - std::pow(kBeta2, t)) / (1 - std::pow(kBeta1, t));
}

/// sums_[k] = sum over j = 1..k of fade^j correction(step - 1 - k + j): one more step before all others makes
/// it fade * (the correction of the first skipped step + what was).
void SkippedSteps::begin(std::uint64_t step, float rate) {
  if (fades_.empty()) {
    begun_ = step;
    fades_.emplace_back(1, 1);
    for (std::size_t k = 1; k <= kRemembered; ++k)
      fades_.emplace_back(fades_.back().first * kBeta1, fades_.back().second * kBeta2);
  }
  step_ = step;
  rate_ = rate;
  const auto of_before = static_cast<double>(step - 1);
  rescales_.push_back(static_cast<float>(std::sqrt(1 - std::pow(kBeta2, of_before))));
  corrections_.push_back(step > 1 ? correction(step - 1) : 0);
  sums_.assign(std::min<std::uint64_t>(kRemembered, step - begun_) + 1, 0);
  for (std::size_t k = 1; k < sums_.size(); ++k)
    sums_[k] = kFade * (corrections_[corrections_.size() - k] + sums_[k - 1]);
  if (sums_.size() > kRemembered) whole_.push_back(sums_.back());
}

SkippedSteps::Factors SkippedSteps::since(std::uint64_t last) const {
  const auto k = step_ - 1 - last, at = last + 1 - begun_;
  const float rescale = rescales_[at];
  if (k <= kRemembered)
    return {static_cast<float>(fades_[k].first), static_cast<float>(fades_[k].second),
            static_cast<float>(rate_ * sums_[k]), rescale};
  return {0, static_cast<float>(std::exp(static_cast<double>(k) * std::log(kBeta2))),
          static_cast<float>(rate_ * whole_[at]), rescale};
}

std::uint32_t TouchedRows::take(std::int64_t code) {
  auto& met = met_[static_cast<std::size_t>(code)];
  if (met.batch != batch_) {
    met = {batch_, static_cast<std::uint32_t>(rows_.size())};
    rows_.push_back(static_cast<std::uint32_t>(code));
  }
  return met.number;
}

/// Codes below 0 are none, and stay so.
void TouchedRows::take_all(std::span<const std::int64_t> codes, std::vector<std::int64_t>& numbers) {
  constexpr std::size_t kAhead = 16;  // codes before its turn that a code's place is asked for
  numbers.resize(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (i + kAhead < codes.size() && codes[i + kAhead] >= 0)
      __builtin_prefetch(&met_[static_cast<std::size_t>(codes[i + kAhead])], 1);
    numbers[i] = codes[i] < 0 ? -1 : std::int64_t{take(codes[i])};
  }
}

void TouchedRows::number(Rows& rows) {
  if (++batch_ == 0) {  // after 2^32 batches
    std::fill(met_.begin(), met_.end(), Met{});
    batch_ = 1;
  }
  rows_.clear();
  take_all({rows.single_codes, rows.rows * rows.singles}, singles_);
  take_all({rows.bag_codes, rows.rows * rows.bags * rows.max_bag}, bags_);
  rows.single_codes = singles_.data();
  rows.bag_codes = bags_.data();
}

void LazyTable::expect(std::size_t row, std::span<const float> weights, const AdamState& moments) const {
  constexpr std::size_t kLine = 64 / sizeof(float);  // numbers in a line of the cache
  __builtin_prefetch(&last[row], 1);
  for (const auto* numbers : {weights.data(), moments.first.data(), moments.second.data()}) {
    const float* const first = numbers + row * width;
    for (std::size_t i = 0; i < width; i += kLine) __builtin_prefetch(first + i, 1);
    __builtin_prefetch(first + width - 1, 1);  // rows need not begin with a line
  }
}

void LazyTable::catch_up(std::size_t row, std::span<float> weights, AdamState& moments,
                         const SkippedSteps& skipped, std::uint64_t step) {
  const auto before = last[row];
  last[row] = static_cast<std::uint32_t>(step - 1);
  if (before + 1 >= step) return;
  float* const w = weights.data() + row * width;
  float* const m = moments.first.data() + row * width;
  float* const v = moments.second.data() + row * width;
  // Never touched: nothing moves it.
  if (std::all_of(v, v + width, [](float x) { return x == 0; })) return;
  const auto factors = skipped.since(before);
  for (std::size_t i = 0; i < width; ++i) {
    w[i] -= factors.move * m[i] / (std::sqrt(v[i]) + kEpsilon * factors.rescale);
    m[i] *= factors.first;
    v[i] *= factors.second;
  }
}

}  // namespace automodel::recsys
