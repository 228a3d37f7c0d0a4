#include "base/error.hpp"

namespace automodel {

std::string to_string(const Error& error) {
  std::string text = error.message;
  if (!error.where.empty()) text += " (" + error.where + ")";
  if (!error.hint.empty()) text += ". " + error.hint;
  return text;
}

}  // namespace automodel
