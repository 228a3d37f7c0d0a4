// Model families. Until methods are cards of equations, a method is TorchScript text made from an input spec.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"

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
  std::string name;  // lr, fm, deepfm, dcnv2, popularity, itemknn
  std::string title;
  std::string source;  // paper
  bool trained_by_gradient = true;
  std::vector<Parameter> parameters;  // besides the common lr, batch, l2
};

const std::vector<Method>& methods();
/// What every method that is trained by gradient has: lr, batch, l2. A method's own defaults come first (see
/// `complete_settings`).
const std::vector<Parameter>& common_parameters();
/// Errors: models.unknown_method, with the nearest name as hint.
Result<const Method*> find_method(std::string_view name);
/// Fills in defaults and checks names and values. Errors: models.unknown_setting, models.bad_setting.
Result<Settings> complete_settings(const Method& method, const Settings& given);

struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string init;  // zeros, xavier, normal(0.01)
  bool by_value =
      false;  // rows belong to the values of fields: the rows of missing values (code 0) begin as zeros
  bool int8 = false;  // quantised: not trained
};

/// Noise that the trainer draws for every batch: a mask [batch, width] of 0 and 1 / (1 - rate), called
/// `name`.
struct NoiseSpec {
  std::string name;
  std::int64_t width = 0;
  double rate = 0;
};

/// TorchScript text of `forward(self, singles, bags, dense, noise: bool) -> logits [batch]` and its
/// parameters. With `noise` it reads the masks.
struct Program {
  std::string script;
  std::vector<TensorSpec> parameters;
  std::vector<NoiseSpec> noise;
};
/// Missing settings have their defaults. With `int8_table` the embedding table is int8 with one scale a row
/// (`table_scale`). Errors: models.unknown_method, models.unknown_setting, models.bad_setting,
/// models.no_inputs, models.nothing_to_quantize.
Result<Program> program(std::string_view method, const Settings& settings, const InputSpec& inputs,
                        bool int8_table = false);

}  // namespace automodel::recsys
