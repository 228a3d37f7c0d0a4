// Private to recsys: a model's bytes. Layout, little-endian: "AMMODEL2", u64 length of head, head (JSON),
// tensors one after the other in the head's order, u64 XXH3 of everything before. The head says: kind,
// method, settings, label, features (expressions), inputs (InputSpec), program (Program, not of methods that
// are counted), description (the method in words and equations), tensors ([name, type, shape]), state
// (numbers of an unfinished training). Whoever has the bytes needs nothing else to run the model: method and
// settings only say where it came from.
//
// "AMMODEL1" had no program: its method was one of four that recsys wrote. It is read, never written.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/method.hpp"
#include "recsys/models/net.hpp"

namespace automodel::recsys {

struct StoredTensor {
  std::string name;
  std::string type;  // f32, i8, u8
  std::vector<std::int64_t> shape;
  std::string bytes;
};

struct Checkpoint {
  std::string kind = "model";  // model, resume
  std::string method;
  Settings settings;
  std::string label;
  std::vector<std::string> features;
  InputSpec inputs;
  std::optional<Program> program;  // none: the method is counted
  std::string description;
  std::vector<StoredTensor> tensors;
  std::string state;  // JSON text; empty: none

  const StoredTensor* find(std::string_view name) const;
};

std::string write_checkpoint(const Checkpoint& checkpoint);
/// Errors: serving.bad_checkpoint.
Result<Checkpoint> read_checkpoint(std::string_view bytes);

StoredTensor store(std::string name, std::span<const float> values);
StoredTensor store(std::string name, std::string bytes);
/// The tensors of a net, named as in its program.
void store_parameters(const Net& net, std::vector<StoredTensor>& out);
/// Errors: serving.bad_checkpoint where the program makes no sense for the inputs, or a tensor is missing or
/// of another shape or type than they say.
Result<void> check_parameters(const Checkpoint& checkpoint);
void load_parameters(const Checkpoint& checkpoint, Net& net);  // after check_parameters
/// Copies a stored f32 tensor; false where it is missing or of another size.
bool load_values(const Checkpoint& checkpoint, std::string_view name, std::span<float> out);

}  // namespace automodel::recsys
