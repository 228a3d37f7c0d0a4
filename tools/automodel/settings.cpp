#include <toml++/toml.h>
#include <fstream>
#include <map>
#include <sstream>
#include <variant>

#include "actors/session/suggest.hpp"
#include "tools/automodel/settings.hpp"

namespace automodel::tools {
namespace {

using Target = std::variant<std::string*, double*, std::uint32_t*, std::uint64_t*, std::vector<std::string>*>;

std::map<std::string, Target> targets(Settings& s) {
  return {{"store", &s.store},
          {"durability", &s.durability},
          {"data_dir", &s.data_dir},
          {"log_level", &s.log_level},
          {"evolve.goal", &s.metric},
          {"evolve.label", &s.label},
          {"evolve.split", &s.split},
          {"evolve.ratios", &s.ratios},
          {"evolve.budget", &s.budget},
          {"evolve.workers", &s.workers},
          {"evolve.threads", &s.threads},
          {"evolve.max_latency_ms", &s.max_latency_ms},
          {"evolve.max_model_mb", &s.max_model_mb},
          {"evolve.worker_memory_mb", &s.worker_memory_mb},
          {"evolve.max_parameters", &s.max_parameters},
          {"node.listen", &s.endpoint},
          {"node.name", &s.node_name},
          {"node.roles", &s.roles},
          {"node.cluster", &s.cluster},
          {"node.join", &s.join},
          {"node.keys", &s.keys},
          {"node.lost_after", &s.lost_after},
          {"metrics.listen", &s.metrics},
          {"console.timeout", &s.timeout}};
}

std::string place(const std::filesystem::path& file, const toml::source_region& region) {
  return file.string() + ":" + std::to_string(region.begin.line) + ":" + std::to_string(region.begin.column);
}

bool assign_list(const toml::node& node, std::vector<std::string>& list) {
  const toml::array* values = node.as_array();
  if (!values) return false;
  std::vector<std::string> read;
  for (const toml::node& value : *values) {
    if (!value.is_string()) return false;
    read.push_back(value.as_string()->get());
  }
  list = std::move(read);
  return true;
}

bool assign(const toml::node& node, const Target& target) {
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&target)) return assign_list(node, **list);
  if (auto* const* text = std::get_if<std::string*>(&target)) {
    if (!node.is_string()) return false;
    **text = node.as_string()->get();
    return true;
  }
  if (auto* const* number = std::get_if<double*>(&target)) {
    const auto value = node.value<double>();
    if (!node.is_number() || !(*value >= 0)) return false;
    **number = *value;
    return true;
  }
  if (!node.is_integer() || node.as_integer()->get() < 0) return false;
  const auto value = static_cast<std::uint64_t>(node.as_integer()->get());
  if (auto* const* small = std::get_if<std::uint32_t*>(&target)) {
    if (value > 0xFFFFFFFFu) return false;
    **small = static_cast<std::uint32_t>(value);
  } else {
    *std::get<std::uint64_t*>(target) = value;
  }
  return true;
}

const char* wanted(const Target& target) {
  if (std::holds_alternative<std::string*>(target)) return "text in quotes";
  if (std::holds_alternative<std::vector<std::string>*>(target)) return "a list of texts: [\"a\", \"b\"]";
  return std::holds_alternative<double*>(target) ? "a number that is not negative"
                                                 : "a whole number that is not negative";
}

Result<void> read_table(const toml::table& table, const std::string& prefix,
                        const std::map<std::string, Target>& known, const std::filesystem::path& file) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const auto at = known.find(name);
    const auto section = known.lower_bound(name + ".");
    const bool is_section = section != known.end() && section->first.starts_with(name + ".");
    if (is_section && node.is_table()) {
      if (auto read = read_table(*node.as_table(), name + ".", known, file); !read) return read;
    } else if (at == known.end()) {
      std::vector<std::string> names;
      for (const auto& [other, unused] : known) names.push_back(other);
      return fail("config.unknown_key", "no setting is called '" + name + "'", place(file, node.source()),
                  actors::suggestion(name, names));
    } else if (!assign(node, at->second)) {
      return fail("config.wrong_type", "'" + name + "' must be " + wanted(at->second),
                  place(file, node.source()));
    }
  }
  return {};
}

}  // namespace

Result<Settings> read_settings(const std::filesystem::path& file, Settings defaults) {
  std::ifstream in(file);
  if (!in) return fail("config.no_such_file", "cannot read the config file", file.string());
  std::ostringstream text;
  text << in.rdbuf();
  try {
    const toml::table table = toml::parse(text.str(), file.string());
    if (auto read = read_table(table, "", targets(defaults), file); !read) return fail(read.error());
  } catch (const toml::parse_error& e) {
    return fail("config.syntax", std::string(e.description()), place(file, e.source()), "the file is TOML");
  }
  return defaults;
}

}  // namespace automodel::tools
