#include "recsys/models/upcast.hpp"

#include <utility>

namespace automodel::recsys {
namespace {

/// What the tensors of look-ups were called.
constexpr std::pair<const char*, const char*> kRenamed[] = {{"weight", "w_table"},
                                                            {"dense_weight", "w_dense"},
                                                            {"table", "e_table"},
                                                            {"table_scale", "e_scale"},
                                                            {"dense_table", "e_dense"}};

/// The optimiser's moments were numbered like the parameters; now they are named.
void name_moments(std::vector<StoredTensor>& tensors) {
  for (const auto* moment : {"adam.first.", "adam.second."}) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      for (auto& tensor : tensors) {
        if (tensor.name == moment + std::to_string(i)) tensor.name = moment + tensors[i].name;
      }
    }
  }
}

}  // namespace

Result<void> upcast(Checkpoint& checkpoint) {
  const auto method = find_method(checkpoint.method);
  if (!method) return fail(method.error());
  if (!(*method)->trained_by_gradient) return {};
  auto made = program(checkpoint.method, checkpoint.settings, checkpoint.inputs);
  if (!made) return fail(made.error());
  for (const auto& [before, now] : kRenamed) {
    for (auto& tensor : checkpoint.tensors) {
      if (tensor.name != before) continue;
      tensor.name = now;
      if (tensor.shape.size() == 1) tensor.shape.push_back(1);  // weights of dense fields are rows now
    }
  }
  name_moments(checkpoint.tensors);
  const auto* table = checkpoint.find("e_table");
  for (auto& look_up : made->look_ups) look_up.int8 = look_up.name == "e" && table && table->type == "i8";
  checkpoint.program = std::move(*made);
  return {};
}

}  // namespace automodel::recsys
