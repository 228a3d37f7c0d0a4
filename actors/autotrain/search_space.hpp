// What AutoTrain may choose among: methods and, for each setting, a short ladder of values. A few methods open every
// goal; every other card of the library may be tried later, with the hyper-parameters that it declares.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace automodel::actors::autotrain {

using Settings = std::map<std::string, std::string>;

/// One setting: its values from small to large.
struct Knob {
  std::string name;
  std::string default_value;  // one of `choices`
  std::vector<std::string> choices;
};

struct SearchMethod {
  std::string name;
  std::vector<Knob> knobs;
  bool opens = false;  // is among the baselines of every goal
};

/// Methods that are trained by gradient: those that open a goal, simple ones first; then the library's others, by name.
const std::vector<SearchMethod>& search_methods();
/// Methods that count instead of training: only baselines.
const std::vector<std::string>& counting_methods();
/// Null where there is no such method.
const SearchMethod* find_search_method(std::string_view name);

Settings default_settings(const SearchMethod& method);

/// A point in the unit cube: each knob's place on its ladder. A value that is not on it counts as the
/// default.
std::vector<double> position(const SearchMethod& method, const Settings& settings);

/// Settings that differ from `settings` in one knob by one rung.
std::vector<Settings> neighbours(const SearchMethod& method, const Settings& settings);

}  // namespace automodel::actors::autotrain
