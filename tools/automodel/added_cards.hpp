// Cards that were added to a store: what people gave AutoTrain, and what it made itself.
#pragma once

#include <vector>

#include "papers/methods.hpp"
#include "storage/memory/memory.hpp"
#include "tools/automodel/settings.hpp"

namespace automodel::tools {

/// Memory's rows of added methods, by name; none where there is no store. Errors: those of open_for_reading.
Result<std::vector<events::MethodRowT>> added_methods(const Settings& settings);
/// Their cards.
Result<papers::Cards> added_cards(const Settings& settings);

}  // namespace automodel::tools
