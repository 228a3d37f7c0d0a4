// The methods that recsys brings itself, by name. Training and serving take any program: this is but one
// source of them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/program.hpp"

namespace automodel::recsys {

using Settings = std::map<std::string, std::string>;

/// A hyper-parameter that a method declares.
struct Parameter {
  std::string name;
  std::string default_value;
  std::vector<std::string> choices;  // what a search may try, from small to large
  std::string meaning;
};

/// What the catalogue says of a method.
struct Method {
  std::string name;  // lr, fm, deepfm, dcnv2, popularity, itemknn, ease
  std::string title;
  std::string source;  // paper
  bool trained_by_gradient = true;
  std::vector<Parameter> parameters;  // besides the common ones
};

const std::vector<Method>& methods();
/// What training itself reads, for every method that is trained by gradient: lr, batch, l2, unknown.
const std::vector<Parameter>& common_parameters();
/// Errors: models.unknown_method, with the nearest name as hint.
Result<const Method*> find_method(std::string_view name);
/// Fills in defaults and checks names and values. Errors: models.unknown_setting, models.bad_setting.
Result<Settings> complete_settings(const Method& method, const Settings& given);
/// Fills in the defaults of the common ones and checks their values; others stay as they are. Errors:
/// models.bad_setting.
Result<Settings> complete_common(Settings given);

/// The program of a method that is trained by gradient. Missing settings have their defaults. Errors:
/// models.unknown_method, models.unknown_setting, models.bad_setting, models.no_inputs.
Result<Program> program(std::string_view method, const Settings& settings, const InputSpec& inputs);

/// What training asks of a method: see TrainOptions.
struct Configured {
  Settings settings;                                         // complete
  std::function<Result<Program>(const InputSpec&)> program;  // empty: it is counted or solved, not trained
  Sources sources = {};  // what the inputs are to have; those of the program
};
/// Errors: models.unknown_method, models.unknown_setting, models.bad_setting.
Result<Configured> configure(std::string_view method, const Settings& given);

}  // namespace automodel::recsys
