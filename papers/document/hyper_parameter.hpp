// One entry of [parameters]. For the head's own sources only: it shows toml++.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string_view>
#include <vector>

#include "papers/document/card.hpp"

namespace automodel::papers {

/// Lines and columns of toml++ (columns count characters) -> bytes of the document.
class Places {
 public:
  Places(std::string_view toml, std::uint32_t offset);

  std::uint32_t begin() const { return offset_; }
  Span of(const toml::source_region& region) const;
  std::string_view text(const toml::source_region& region) const;

 private:
  std::size_t at(const toml::source_position& position) const;

  std::string_view toml_;
  std::uint32_t offset_;
  std::vector<std::size_t> lines_;
};

/// None where a problem says why.
std::optional<HyperParameter> read_hyper_parameter(const toml::key& key, const toml::node& value,
                                                   const Places& places, std::vector<Problem>& problems);

}  // namespace automodel::papers
