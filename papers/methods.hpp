// Cards as methods that recsys trains.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "papers/compile.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/method.hpp"
#include "recsys/models/program.hpp"

namespace automodel::papers {

InputCounts counts_of(const recsys::InputSpec& inputs);
recsys::Program to_program(const Script& script);
recsys::Sources sources_of(const Script& script);
/// Errors: those of `script_for`.
Result<recsys::Sources> sources_of(const CompiledCard& card);

/// Cards besides the library's: text by name.
using Cards = std::map<std::string, std::string, std::less<>>;

/// The text of a card: of the library or of `added` by its name, else of a file (its name ends in .md). Errors:
/// papers.no_such_card, with the nearest name.
Result<std::string> card_text(std::string_view name_or_file, const Cards& added = {});

/// What a card (its name or file) can extend: cards of the library, those of `added`, then files beside its own, `NAME.md`.
FindCard relatives_of(std::string_view name_or_file, const Cards& added = {});

/// What the trainer needs of a method: a card of the library or of `added`, a card's file (a name that ends in .md), or a method that recsys
/// counts rather than trains. Errors: papers.*, models.unknown_method with the nearest name, models.unknown_setting,
/// models.bad_setting.
Result<recsys::Configured> configure(std::string_view method, const Settings& settings, const Cards& added = {});

}  // namespace automodel::papers
