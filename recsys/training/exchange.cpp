#include "recsys/training/exchange.hpp"

#include <cstring>
#include <string>

namespace automodel::recsys {

Result<double> Exchange::begin(const Result<double>& loss, std::string_view found,
                               std::span<const std::size_t> sizes) {
  const double own_loss = loss.value_or(0);
  std::string mine(sizeof own_loss, '\0');
  std::memcpy(mine.data(), &own_loss, sizeof own_loss);
  mine += found;
  const auto all = gather_if_well(group_, loss ? Result<void>() : fail(loss.error()), mine);
  if (!all) return fail(all.error());
  double sum = 0;
  std::vector<bool> somewhere(sizes.size());
  for (std::uint32_t rank = 0; rank < group_.size(); ++rank) {
    const auto of_rank = std::string_view(*all).substr(rank * mine.size(), mine.size());
    double one = 0;
    std::memcpy(&one, of_rank.data(), sizeof one);
    sum += one;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      if (of_rank[sizeof one + i] != 0) somewhere[i] = true;
  }
  first_ = {0};
  for (std::size_t i = 0; i < sizes.size(); ++i)
    first_.push_back(first_.back() + (somewhere[i] ? sizes[i] : 0));
  numbers_.resize(first_.back());
  return sum;
}

std::span<float> Exchange::own(std::size_t index) {
  return std::span(numbers_).subspan(first_[index], first_[index + 1] - first_[index]);
}

std::span<const float> Exchange::gradient(std::size_t index) const {
  return std::span(numbers_).subspan(first_[index], first_[index + 1] - first_[index]);
}

}  // namespace automodel::recsys
