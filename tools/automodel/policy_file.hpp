// A policy of the agents' choices from a TOML file: for `replay --what-if`.
#pragma once

#include <filesystem>

#include "actors/decisions/policy.hpp"
#include "base/error.hpp"

namespace automodel::tools {

/// What the file does not name stays as nodes have it. Errors, with file, line and column:
/// policy.no_such_file, policy.syntax, policy.unknown_key (with the nearest), policy.wrong_value.
Result<actors::Policy> read_policy(const std::filesystem::path& file);

/// One line for each parameter: name, what a node has, what it means.
std::string policy_help();

}  // namespace automodel::tools
