// Compares two versions of the schemas by name: what a reader of the older one would miss in the newer.
#pragma once

#include <flatbuffers/idl.h>

#include <string>
#include <vector>

namespace automodel::events::testing {

/// "Goal.metric: float, was string": everything of `released` that `current` lost or changed. flatc --conform
/// lets a field go, and cannot tell a rename. A field may become required, where every program wrote it: the
/// golden records and stores say whether what they wrote can still be read.
inline std::vector<std::string> lost(const flatbuffers::Parser& released,
                                     const flatbuffers::Parser& current) {
  const auto type_name = [](const flatbuffers::Type& type) {
    std::string name = flatbuffers::kTypeNames[type.base_type];
    if (type.element != flatbuffers::BASE_TYPE_NONE)
      name += std::string(" of ") + flatbuffers::kTypeNames[type.element];
    if (type.struct_def) name += " " + type.struct_def->name;
    if (type.enum_def) name += " " + type.enum_def->name;
    return name;
  };
  std::vector<std::string> changes;
  for (const auto* table : released.structs_.vec) {
    const auto* now = current.LookupStruct("automodel.events." + table->name);
    if (!now) {
      changes.push_back(table->name + ": gone");
      continue;
    }
    for (const auto* field : table->fields.vec) {
      const auto* kept = now->fields.Lookup(field->name);
      const std::string name = table->name + "." + field->name;
      if (!kept)
        changes.push_back(name + ": gone");
      else if (kept->value.offset != field->value.offset)
        changes.push_back(name + ": renumbered");
      else if (type_name(kept->value.type) != type_name(field->value.type))
        changes.push_back(name + ": " + type_name(kept->value.type) + ", was " +
                          type_name(field->value.type));
      else if (kept->value.constant != field->value.constant ||
               (field->IsRequired() && !kept->IsRequired()) || kept->deprecated != field->deprecated)
        changes.push_back(name + ": another default, no longer required, or deprecated");
    }
  }
  for (const auto* one : released.enums_.vec) {
    const auto* now = current.enums_.Lookup("automodel.events." + one->name);
    for (const auto* value : one->Vals()) {
      const auto* kept = now ? now->Lookup(value->name) : nullptr;
      if (!kept || kept->GetAsUInt64() != value->GetAsUInt64())
        changes.push_back(one->name + "." + value->name + (kept ? ": renumbered" : ": gone"));
    }
  }
  return changes;
}

}  // namespace automodel::events::testing
