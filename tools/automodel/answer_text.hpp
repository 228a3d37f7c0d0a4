// A node's answers as text for people. Pure.
#pragma once

#include <span>
#include <string>

#include "events/codec.hpp"

namespace automodel::tools {

/// `json` as the node answered a question about `topic`; what is no JSON is shown as it came.
std::string answer_text(const std::string& topic, const std::string& json);

/// What explains recommendations whose scores do not go down from the first to the last; else nothing.
std::string order_text(std::span<const float> scores);

/// Items with rank, score, title and where each came from, and `order_text`.
std::string recommendations_text(const events::RecommendationsT& items);

}  // namespace automodel::tools
