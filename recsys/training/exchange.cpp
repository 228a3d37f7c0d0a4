#include "recsys/training/exchange.hpp"

#include <algorithm>
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

template <class F>
void Exchange::for_each_sent(F&& work) const {
  auto table = tables_.begin();
  for (std::size_t i = 0; i + 1 < first_.size(); ++i) {
    const auto first = first_[i], count = first_[i + 1] - first;
    if (table == tables_.end() || table->index != i) {
      work(first, count);
      continue;
    }
    if (count > 0)
      for (const auto row : rows_) work(first + row * table->width, table->width);
    ++table;
  }
}

void Exchange::write_sent() {
  auto to = sent_.begin();
  for_each_sent([&](std::size_t first, std::size_t count) {
    to = std::copy_n(numbers_.begin() + static_cast<std::ptrdiff_t>(first), count, to);
  });
}

void Exchange::read_sent() {
  auto from = sent_.begin();
  for_each_sent([&](std::size_t first, std::size_t count) {
    std::copy_n(from, count, numbers_.begin() + static_cast<std::ptrdiff_t>(first));
    from += static_cast<std::ptrdiff_t>(count);
  });
}

Result<void> Exchange::add_up(std::span<const SparseTable> tables, std::span<const std::uint32_t> rows,
                              std::uint32_t threads, const std::function<void()>& add) {
  tables_ = tables;
  rows_ = rows;
  std::size_t sent = 0;
  for_each_sent([&](std::size_t, std::size_t count) { sent += count; });
  sent_.assign(sent, 0.0F);
  std::fill(numbers_.begin(), numbers_.end(), 0.0F);
  const auto add_own = [&] {
    read_sent();
    add();
    write_sent();
  };
  Result<void> done;
  if (threads == 1) {
    add_own();
    done = group_.sum(sent_);
  } else {
    done = group_.sum_in_turn(sent_, add_own);
  }
  if (done) read_sent();
  return done;
}

std::span<const float> Exchange::gradient(std::size_t index) const {
  return std::span(numbers_).subspan(first_[index], first_[index + 1] - first_[index]);
}

}  // namespace automodel::recsys
