#include "recsys/models/ease.hpp"

#include <algorithm>

#include "recsys/models/torch_module.hpp"

namespace automodel::recsys {

void Ease::number_items(const Dataset& data, std::span<const std::uint32_t> positive) {
  std::vector<bool> there(data.items());
  for (const auto row : positive) there[data.item()[row]] = true;
  for (std::uint32_t item = 0; item < there.size(); ++item)
    if (there[item]) items_.push_back(item);
  numbers_.assign(data.items(), static_cast<std::uint32_t>(items_.size()));
  for (std::uint32_t n = 0; n < items_.size(); ++n) numbers_[items_[n]] = n;
}

/// Equation 8 of the paper: P = (X'X + lambda I)^-1, B_ij = -P_ij / P_jj off the diagonal, B_jj = 0. X'X +
/// lambda I is positive definite, so that P comes from its Cholesky factor.
Result<Ease> Ease::fit(const Dataset& data, std::span<const float> labels,
                       std::span<const std::uint32_t> rows, double lambda) {
  std::vector<std::uint32_t> positive;
  for (const auto row : rows)
    if (labels[row] > 0.5F) positive.push_back(row);
  Ease out{UserItems(data, positive)};
  out.number_items(data, positive);
  const auto n = out.items_.size();
  if (n > most_items) {
    return fail("models.too_many_items",
                "EASE solves for all pairs of items, and there are " + std::to_string(n) +
                    " with a positive row; it takes at most " + std::to_string(most_items),
                data.name(), "itemknn keeps only each item's neighbours");
  }
  const auto done = guarded("solving EASE", [&] {
    const torch::NoGradGuard no_gradients;
    out.table_.assign(n * n, 0.0F);
    for (std::uint32_t user = 0; user < data.users(); ++user) {
      for (const auto a : out.liked_.of(user)) {
        float* own = out.table_.data() + out.numbers_[a] * n;
        for (const auto b : out.liked_.of(user)) own[out.numbers_[b]] += 1;
      }
    }
    for (std::size_t i = 0; i < n; ++i) out.table_[i * n + i] += static_cast<float>(lambda);
    const auto size = static_cast<std::int64_t>(n);
    auto table = borrow(out.table_.data(), {size, size}, at::kFloat);
    auto factor = at::linalg_cholesky(table);
    table.copy_(at::cholesky_inverse(factor));
    const auto diagonal = table.diagonal().clone();
    table.div_(-diagonal);  // by columns
    table.diagonal().zero_();
  });
  if (!done) return fail(done.error());
  return out;
}

float Ease::weight(std::uint32_t from, std::uint32_t to) const {
  const auto n = items_.size();
  const auto place = [&](std::uint32_t item) { return item < numbers_.size() ? numbers_[item] : n; };
  return place(from) < n && place(to) < n ? table_[place(from) * n + place(to)] : 0.0F;
}

float Ease::score(std::uint32_t user, std::uint32_t item) const {
  float sum = 0;
  for (const auto liked : liked_.of(user)) sum += weight(liked, item);
  return sum;
}

void Ease::scores(std::uint32_t user, std::span<float> out) const {
  const auto n = items_.size();
  std::vector<float> sums(n);
  for (const auto liked : liked_.of(user)) {
    const float* own = table_.data() + numbers_[liked] * n;
    for (std::size_t i = 0; i < n; ++i) sums[i] += own[i];
  }
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t i = 0; i < n; ++i) out[items_[i]] = sums[i];
}

}  // namespace automodel::recsys
