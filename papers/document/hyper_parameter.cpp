#include "papers/document/hyper_parameter.hpp"

#include <algorithm>
#include <cmath>

#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

using Values = std::vector<double>;

std::optional<double> number(const toml::node& node) {
  const auto value = node.is_number() ? node.value<double>() : std::nullopt;
  return value && std::isfinite(*value) ? value : std::nullopt;
}

/// 3 or [3, 4].
std::optional<Values> values(const toml::node& node, bool& is_list) {
  is_list = node.is_array();
  Values read;
  if (!is_list) {
    const auto value = number(node);
    if (!value) return std::nullopt;
    return Values{*value};
  }
  for (const auto& entry : *node.as_array()) {
    const auto value = number(entry);
    if (!value) return std::nullopt;
    read.push_back(*value);
  }
  if (read.empty()) return std::nullopt;
  return read;
}

/// See `HyperParameter::choices`.
std::vector<Values> steps(double low, double high, double middle, bool whole) {
  Values all{low, high, middle};
  if (low > 0 && high >= 8 * low) {
    const auto doublings = std::ceil(std::log2(high / low));
    const auto count = std::min(8.0, doublings);
    const auto factor = doublings <= 8 ? 2.0 : std::pow(high / low, 1 / count);
    for (double i = 1; i < count; ++i) all.push_back(std::min(high, low * std::pow(factor, i)));
  } else {
    const auto count = whole && high - low < 8 ? high - low : 4.0;
    for (double i = 1; i < count; ++i) all.push_back(low + (high - low) * i / count);
  }
  if (whole) std::ranges::for_each(all, [](double& value) { value = std::round(value); });
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<Values> choices;
  for (const auto value : all) choices.push_back({value});
  return choices;
}

class Entry {
 public:
  Entry(const toml::key& key, const Places& places, std::vector<Problem>& problems)
      : places_(places), problems_(problems) {
    made_.name = std::string(key.str());
    made_.span = places.of(key.source());
  }

  std::optional<HyperParameter> read(const toml::node& value) {
    made_.span.end = std::max(made_.span.end, places_.of(value.source()).end);
    if (const auto* options = value.as_table())
      with_options(*options);
    else
      with_default(value);
    return failed_ ? std::nullopt : std::optional(std::move(made_));
  }

 private:
  void wrong(std::string message, const toml::source_region& where,
             std::vector<std::string> candidates = {}) {
    problems_.push_back({"papers.head", "parameter '" + made_.name + "': " + std::move(message),
                         places_.of(where), std::move(candidates)});
    failed_ = true;
  }

  void with_default(const toml::node& value) {
    auto read = values(value, made_.is_list);
    if (!read)
      return wrong("a number or a list of numbers was expected", value.source(),
                   {made_.name + " = { default = 10, range = [4, 64] }"});
    made_.value = std::move(*read);
  }

  void with_options(const toml::table& options) {
    static const std::vector<std::string> known{"default", "range", "choices", "meaning"};
    for (const auto& [key, unused] : options)
      if (std::ranges::find(known, key.str()) == known.end()) {
        auto candidates = nearest(key.str(), known);
        wrong("it knows no '" + std::string(key.str()) + "'", key.source(),
              candidates.empty() ? known : candidates);
      }
    const auto* standard = options.get("default");
    if (!standard) return wrong("it has no default", options.source(), {"default = 10"});
    with_default(*standard);
    if (const auto* meaning = options.get("meaning")) {
      if (meaning->is_string())
        made_.meaning = meaning->as_string()->get();
      else
        wrong("its meaning is text in quotes", meaning->source());
    }
    if (const auto* range = options.get("range"); range && !failed_) with_range(*range);
    if (const auto* choices = options.get("choices"); choices && !failed_) with_choices(*choices);
  }

  void with_range(const toml::node& node) {
    bool is_list = false;
    const auto read = values(node, is_list);
    if (!read || read->size() != 2 || !((*read)[0] < (*read)[1]))
      return wrong("its range is [low, high]", node.source(), {"range = [4, 64]"});
    if (made_.is_list)
      return wrong("a list has choices, not a range", node.source(), {"choices = [[64], [128, 64]]"});
    made_.low = (*read)[0];
    made_.high = (*read)[1];
    if (made_.value[0] < *made_.low || made_.value[0] > *made_.high)
      return wrong("its default is not within its range", node.source());
    const auto whole = [](const toml::node& entry) { return entry.is_integer(); };
    const bool integers =
        std::ranges::all_of(*node.as_array(), whole) && made_.value[0] == std::round(made_.value[0]);
    made_.choices = steps(*made_.low, *made_.high, made_.value[0], integers);
  }

  void with_choices(const toml::node& node) {
    const auto* list = node.as_array();
    if (!list || list->empty()) return wrong("its choices are a list", node.source(), {"choices = [8, 16]"});
    made_.choices.clear();
    for (const auto& entry : *list) {
      bool is_list = false;
      auto read = values(entry, is_list);
      if (!read || is_list != made_.is_list)
        return wrong("its choices are of the kind of its default", entry.source());
      if (made_.low && ((*read)[0] < *made_.low || (*read)[0] > *made_.high))
        return wrong("a choice is not within its range", entry.source());
      made_.choices.push_back(std::move(*read));
    }
  }

  const Places& places_;
  std::vector<Problem>& problems_;
  HyperParameter made_;
  bool failed_ = false;
};

}  // namespace

Places::Places(std::string_view toml, std::uint32_t offset) : toml_(toml), offset_(offset), lines_{0} {
  for (std::size_t i = 0; i < toml.size(); ++i)
    if (toml[i] == '\n') lines_.push_back(i + 1);
}

std::size_t Places::at(const toml::source_position& position) const {
  if (position.line == 0) return 0;
  auto at = lines_[std::min<std::size_t>(position.line, lines_.size()) - 1];
  for (auto column = position.column; column > 1 && at < toml_.size(); --column) {
    ++at;
    while (at < toml_.size() && (static_cast<unsigned char>(toml_[at]) & 0xC0) == 0x80) ++at;
  }
  return at;
}

Span Places::of(const toml::source_region& region) const {
  const auto begin = at(region.begin), end = std::max(at(region.end), begin);
  return {offset_ + static_cast<std::uint32_t>(begin), offset_ + static_cast<std::uint32_t>(end)};
}

std::string_view Places::text(const toml::source_region& region) const {
  const auto begin = at(region.begin), end = std::max(at(region.end), begin);
  return toml_.substr(begin, end - begin);
}

std::optional<HyperParameter> read_hyper_parameter(const toml::key& key, const toml::node& value,
                                                   const Places& places, std::vector<Problem>& problems) {
  return Entry(key, places, problems).read(value);
}

}  // namespace automodel::papers
