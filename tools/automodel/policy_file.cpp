#include "tools/automodel/policy_file.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "actors/decisions/record.hpp"
#include "actors/session/suggest.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using actors::Parameter;

std::string place(const std::filesystem::path& file, const toml::source_region& region) {
  return file.string() + ":" + std::to_string(region.begin.line) + ":" + std::to_string(region.begin.column);
}

bool is_whole(const Parameter& parameter) { return std::holds_alternative<std::uint32_t*>(parameter.value); }

bool assign(const Parameter& parameter, const toml::node& node) {
  const auto value = node.value<double>();
  if (!node.is_number() || !value || !(*value >= parameter.least && *value <= parameter.most)) return false;
  if (!is_whole(parameter)) {
    *std::get<double*>(parameter.value) = *value;
    return true;
  }
  if (!node.is_integer()) return false;
  *std::get<std::uint32_t*>(parameter.value) = static_cast<std::uint32_t>(*value);
  return true;
}

std::string wanted(const Parameter& parameter) {
  return std::string(is_whole(parameter) ? "a whole number" : "a number") + " from " +
         actors::number(parameter.least) + " to " + actors::number(parameter.most);
}

Result<void> read_table(const toml::table& table, const std::string& prefix,
                        const std::vector<Parameter>& known, const std::filesystem::path& file) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const bool is_section = std::ranges::any_of(
        known, [&](const Parameter& parameter) { return parameter.name.starts_with(name + "."); });
    if (is_section && node.is_table()) {
      if (auto read = read_table(*node.as_table(), name + ".", known, file); !read) return read;
      continue;
    }
    const auto at = std::ranges::find(known, name, &Parameter::name);
    if (at == known.end()) {
      std::vector<std::string> names;
      for (const auto& parameter : known) names.push_back(parameter.name);
      return fail("policy.unknown_key", "no parameter of a policy is called '" + name + "'",
                  place(file, node.source()), actors::suggestion(name, names));
    }
    if (!assign(*at, node))
      return fail("policy.wrong_value", "'" + name + "' must be " + wanted(*at), place(file, node.source()),
                  at->meaning);
  }
  return {};
}

}  // namespace

Result<actors::Policy> read_policy(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail("policy.no_such_file", "cannot read the policy", file.string(),
                "a TOML file with [coordinator], [autotrain], [autoperf]: see automodel replay --help");
  actors::Policy policy;
  try {
    const toml::table table = toml::parse(text.str(), file.string());
    if (auto read = read_table(table, "", actors::parameters(policy), file); !read) return fail(read.error());
  } catch (const toml::parse_error& e) {
    return fail("policy.syntax", std::string(e.description()), place(file, e.source()), "the file is TOML");
  }
  return policy;
}

std::string policy_help() {
  actors::Policy policy;
  std::string text;
  for (const auto& parameter : actors::parameters(policy))
    text += "  " + pad_right(parameter.name, 32) + pad_right(actors::number(parameter.get()), 8) +
            parameter.meaning + "\n";
  return text;
}

}  // namespace automodel::tools
