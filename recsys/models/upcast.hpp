// Private to recsys: checkpoints of earlier versions.
#pragma once

#include "recsys/models/checkpoint.hpp"

namespace automodel::recsys {

/// From "AMMODEL1" to the present: gives the checkpoint the program that its method and settings stood for,
/// and its tensors their present names and shapes. Errors: models.*, where there is no such method.
Result<void> upcast(Checkpoint& checkpoint);

}  // namespace automodel::recsys
