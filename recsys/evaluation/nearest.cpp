#include "recsys/evaluation/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace automodel::recsys {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

std::string suggest(std::string_view wrong, std::span<const std::string> known) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 2) + 1;
  std::string list;
  for (const auto& name : known) {
    list += (list.empty() ? "" : ", ") + name;
    const auto distance = edit_distance(wrong, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = &name;
    }
  }
  return (best ? "did you mean '" + *best + "'? " : std::string()) + "known: " + list;
}

}  // namespace automodel::recsys
