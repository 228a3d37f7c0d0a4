// Writing to a store that only this process writes to. Private to storage/operations.
#pragma once

#include <functional>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// A transaction, with a larger map where it has no room: `apply` may run more than once.
Result<void> write_to(Environment& environment, const std::function<Result<void>(WriteTransaction&)>& apply);

}  // namespace automodel::storage
