// Inputs, rows and values for checks of programs.
#include <algorithm>

#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint64_t kRows = 1, kValues = 2;  // streams of random numbers

}  // namespace

InputSpec made_up_inputs(std::size_t singles, std::size_t bags, std::size_t denses, std::uint32_t values,
                         std::uint32_t max_bag) {
  InputSpec out;
  const auto add = [&](std::size_t count, Field::Kind kind, const char* what) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& field = out.fields.emplace_back();
      field.kind = kind;
      field.source = what + std::to_string(i);
    }
  };
  add(singles, Field::Kind::single, "single");
  add(bags, Field::Kind::bag, "bag");
  add(denses, Field::Kind::dense, "dense");
  out.max_bag = bags > 0 ? max_bag : 0;
  return with_values(out, values);
}

InputSpec with_values(const InputSpec& inputs, std::uint32_t values) {
  InputSpec out;
  out.max_bag = inputs.max_bag;
  for (const auto& field : inputs.fields) {
    auto& made = out.fields.emplace_back();
    made.kind = field.kind;
    made.source = field.source;
    if (field.kind == Field::Kind::dense) continue;
    made.cardinality = values;
    made.offset = out.table_rows;
    out.table_rows += values + 1;
  }
  return out;
}

Batch random_batch(const InputSpec& inputs, std::size_t rows, std::uint64_t seed) {
  Random random(seed, kRows);
  Batch out;
  out.rows = rows;
  const auto code = [&](const Field& field) {
    const bool missing = field.cardinality == 0 || random.uniform() < 0.1;
    return static_cast<std::int64_t>(field.offset) + (missing ? 0 : 1 + random.below(field.cardinality));
  };
  for (std::size_t r = 0; r < rows; ++r) {
    for (const auto& field : inputs.fields) {
      if (field.kind == Field::Kind::single) out.singles.push_back(code(field));
      if (field.kind == Field::Kind::dense) out.dense.push_back(static_cast<float>(random.normal()));
      if (field.kind != Field::Kind::bag) continue;
      const auto length = random.below(inputs.max_bag + 1);
      for (std::uint32_t l = 0; l < inputs.max_bag; ++l) out.bags.push_back(l < length ? code(field) : -1);
    }
    out.labels.push_back(static_cast<float>(random.below(2)));
  }
  return out;
}

Result<TensorValues> random_values(const Program& program, const InputSpec& inputs, std::uint64_t seed,
                                   double spread) {
  const auto assembled = assemble(program, inputs);
  if (!assembled) return fail(assembled.error());
  Random random(seed, kValues);
  TensorValues out;
  for (std::size_t i = 0; i < assembled->tensors.size(); ++i) {
    const auto& spec = assembled->tensors[i];
    std::vector<float> first(count_of(spec.shape));
    initialise(spec, i, inputs, seed, first);
    auto& values = out[spec.name];
    for (const auto value : first) values.push_back(value + spread * random.normal());
  }
  return out;
}

}  // namespace automodel::recsys
