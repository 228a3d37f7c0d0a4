// How events name each other, and whose they are. Private to storage/memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "events/codec.hpp"

namespace automodel::storage::references {

/// "autotrain/main#17", empty where there is none.
inline std::string text(const std::unique_ptr<events::EventRefT>& ref) {
  return ref ? events::reference(ref->stream, ref->version) : std::string();
}
inline std::vector<std::string> texts(const std::vector<std::unique_ptr<events::EventRefT>>& refs) {
  std::vector<std::string> names;
  for (const auto& ref : refs)
    if (ref) names.push_back(text(ref));
  return names;
}

/// "autotrain" of "autotrain/main".
inline std::string agent_of(const events::Recorded& event) {
  return event.stream.substr(0, event.stream.find('/'));
}

}  // namespace automodel::storage::references
