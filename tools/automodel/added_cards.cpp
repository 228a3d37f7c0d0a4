#include "tools/automodel/added_cards.hpp"

#include <filesystem>

#include "tools/automodel/stores.hpp"

namespace automodel::tools {

Result<std::vector<events::MethodRowT>> added_methods(const Settings& settings) {
  std::vector<events::MethodRowT> found;
  std::error_code unreadable;
  if (!std::filesystem::exists(settings.store, unreadable)) return found;
  auto store = open_for_reading(settings.store);
  if (!store) return fail(store.error());
  for (auto& row : storage::stored_memory(**store).all<events::MethodRowT>("methods"))
    if (!row.card.empty()) found.push_back(std::move(row));
  return found;
}

Result<papers::Cards> added_cards(const Settings& settings) {
  auto methods = added_methods(settings);
  if (!methods) return fail(methods.error());
  papers::Cards cards;
  for (auto& method : *methods) cards.emplace(std::move(method.method), std::move(method.card));
  return cards;
}

}  // namespace automodel::tools
