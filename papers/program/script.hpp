// Typed terms -> TorchScript. Sizes are numbers here: of the hyper-parameters and of the data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "papers/meaning/term.hpp"

namespace automodel::papers {

/// A statement of the script and the equation that it computes.
struct EquationCode {
  std::uint32_t line = 0;
  std::string card;  // the extended card that has the line; empty: the card itself
  std::string latex, code;
};

struct ScriptParameter {
  std::string name, latex, key;  // key: as in Typed
  std::vector<std::int64_t> shape;
  std::string init;
};

struct ScriptLookUp {
  std::string name, latex, key;
  std::vector<std::int64_t> shape;  // of one field's value
  std::string init;
  bool categorical_only = false;
  Owner owner = Owner::field;
};

/// What the script reads. `history`: the longest; a script that reads more than fields also has items.
struct ScriptSources {
  bool fields = false, users = false, items = false;
  std::int64_t history = 0;
  bool graph = false;  // then users and items too
  bool of_interactions() const { return users || items || history > 0; }
};

/// A dropout mask of every row, or numbers of the standard normal distribution: [batch, width].
struct ScriptNoise {
  std::string name;
  std::int64_t width = 0;
  double rate = 0;
  std::string key = {};  // of the quantity that is drawn; empty: a mask
  std::vector<std::int64_t> shape = {};  // of that quantity
};

/// `forward(self, singles, bags, dense, noise: bool) -> [batch]`: the argument of the answer's sigma, or the answer. Of what reads
/// users, items or histories `forward(self, singles, bags, dense, users, items, history, ages, noise: bool) -> [batch, candidates]`.
/// A card that adds to its loss gives both: the answers, and [batch].
struct Script {
  std::string text;
  ScriptSources sources;
  std::string loss = "logloss";  // as the card says
  std::uint32_t negatives = 0;
  bool adds_to_loss = false;
  std::vector<ScriptParameter> parameters;  // in the order in which the equations meet them
  std::vector<ScriptLookUp> look_ups;
  std::vector<ScriptNoise> noise;
  std::vector<EquationCode> equations;
};

/// Values of everything that a size or a rate can be: hyper-parameters by name ("hidden[1]" for lists) and input sizes.
using SizeValues = std::map<std::string, double>;

struct ScriptLimits {
  std::int64_t parameters = 1'000'000'000;  // numbers in all weights together, tables not counted
  std::int64_t axes = 10'000'000;           // entries of any one axis
};

/// Errors: papers.unknown_size (a size that nothing determines, with its place in the card), papers.bad_size,
/// papers.too_large.
Result<Script> generate(const Method& method, const Typed& typed, const SizeValues& values, const ScriptLimits& limits = {});

}  // namespace automodel::papers
