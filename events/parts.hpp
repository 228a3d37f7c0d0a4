// Parts that a value must have: the fields that the schemas mark (required). Of a reference to a table it
// cannot be seen whether it is set before it is read, so bytes without such a part are refused as a whole.
#pragma once

#include <flatbuffers/minireflect.h>

#include <span>
#include <string>

#include "events/generated.hpp"

namespace automodel::events::detail {

struct RequiredPart {
  const flatbuffers::TypeTable* table;
  flatbuffers::voffset_t field;
};

/// Of all schemas; cmake/compile_once.py writes the list.
std::span<const RequiredPart> required_parts();

bool is_required(const flatbuffers::TypeTable* table, flatbuffers::voffset_t field);

/// The first part that the table at the root of these bytes must have and lacks:
/// "WorkAssigned.work.proposal". Empty where it lacks none, or where the bytes are damaged before one is
/// found. The bytes may be anything, but must start at a multiple of eight; `name` is the root's:
/// "automodel.events.Event".
std::string missing_part(std::span<const std::uint8_t> bytes, const flatbuffers::TypeTable* root,
                         std::string_view name);

}  // namespace automodel::events::detail
