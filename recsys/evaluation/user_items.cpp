#include "recsys/evaluation/user_items.hpp"

namespace automodel::recsys {

UserItems::UserItems(const Dataset& data, std::span<const std::uint32_t> rows)
    : offsets_(data.users() + 1), items_(rows.size()) {
  for (const auto row : rows) ++offsets_[data.user()[row] + 1];
  for (std::size_t user = 0; user < data.users(); ++user) offsets_[user + 1] += offsets_[user];
  std::vector<std::uint64_t> next(offsets_.begin(), offsets_.end() - 1);
  for (const auto row : rows) items_[next[data.user()[row]]++] = data.item()[row];
  std::uint64_t kept = 0;
  for (std::size_t user = 0; user < data.users(); ++user) {
    const auto first = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[user]),
               last = items_.begin() + static_cast<std::ptrdiff_t>(offsets_[user + 1]);
    std::sort(first, last);
    const auto own = static_cast<std::uint64_t>(std::unique(first, last) - first);
    std::copy_n(first, own, items_.begin() + static_cast<std::ptrdiff_t>(kept));
    offsets_[user] = kept;
    kept += own;
  }
  offsets_.back() = kept;
  items_.resize(kept);
}

std::span<const std::uint32_t> UserItems::of(std::uint32_t user) const {
  if (user + std::size_t{1} >= offsets_.size()) return {};
  return std::span(items_).subspan(offsets_[user], offsets_[user + 1] - offsets_[user]);
}

}  // namespace automodel::recsys
