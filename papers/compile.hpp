// The compiler's front door: a card -> a typed method -> a script. Pure: what recsys makes of it is in papers/methods.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "papers/document/family.hpp"
#include "papers/meaning/term.hpp"
#include "papers/program/script.hpp"

namespace automodel::papers {

using Settings = std::map<std::string, std::string>;  // "k" -> "16", "hidden" -> "128,64"

/// What the data brings.
struct InputCounts {
  std::int64_t fields = 0, categorical_fields = 0, dense_features = 0;
  std::int64_t values = 0;  // rows of a look-up's tables: of all fields' values, and one a dense field
  std::int64_t users = 0, items = 0;  // rows of tables of users and of items
};

/// What whoever compiles a card may say besides it.
struct CompileRequest {
  Settings settings;                  // of the card's hyper-parameters; `dim` is k, `layers` is L
  std::map<std::string, std::string> define;  // sizes that the card leaves open: "d" -> "16"
};

/// A card that was understood, or all that is wrong with it. Does not depend on data.
struct CompiledCard {
  Method method;
  Typed typed;
  SizeValues sizes;                // of hyper-parameters
  Settings settings;       // of hyper-parameters, complete
  std::vector<Problem> problems;   // none: it is whole
};

/// A hyper-parameter's value as settings write it: "16", "128,64".
std::string setting_text(const std::vector<double>& value);

/// Never fails: see `problems`. `name` is for messages.
/// `find` gives the cards that it extends.
CompiledCard compile_card(std::string name, std::string text, const CompileRequest& request = {}, const FindCard& find = {});

/// The problems as one error: the first one's code and text, the place as "FILE:LINE".
Error as_error(const std::vector<Problem>& problems, const Source& source);

/// The sizes that the data gives, added to those of the hyper-parameters.
SizeValues sizes_for(const CompiledCard& card, const InputCounts& inputs);

/// Errors: those of `as_error` and `generate`.
Result<Script> script_for(const CompiledCard& card, const InputCounts& inputs, const ScriptLimits& limits = {});

/// What the head's `parameter_count` says for these inputs: `n` fields, `N` rows of tables (`N_c` without those of dense fields),
/// `N_u` and `N_v` rows of tables of users and of items, `h_1`, `h_2`, … widths of `hidden` (`h_{1,1}` of `hidden_1`), and the hyper-parameters. Nothing where the card states none. Errors: papers.bad_count_formula.
Result<std::optional<std::int64_t>> stated_parameter_count(const CompiledCard& card, const InputCounts& inputs);

}  // namespace automodel::papers
