// A user as people name it.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// The code of a user. A mistyped one should be noticed: it is refused rather than served what is popular.
/// Errors: data.no_such_user.
Result<std::uint32_t> known_user(const Dataset& data, const std::string& id);

}  // namespace automodel::recsys
