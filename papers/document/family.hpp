// A card together with those that it extends.
#pragma once

#include <functional>
#include <string>

#include "papers/document/card.hpp"

namespace automodel::papers {

/// The text of the card that `extends = "name"` means.
using FindCard = std::function<Result<std::string>(const std::string& name)>;

/// Reads the card and its ancestors, at most 8, as one: the eldest's paragraphs first; of heads the child's
/// word counts, but for the stated number of parameters, which is never taken over. Spans are places of the
/// one `Source`, which tells the documents apart. Problems: those of `read_card` and of `find`,
/// papers.circular, papers.too_large.
ReadCard read_family(std::string name, std::string text, const FindCard& find);

}  // namespace automodel::papers
