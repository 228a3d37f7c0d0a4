// Inputs, rows and values for checks of programs.
#include <algorithm>
#include <numeric>
#include <set>

#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint64_t kRows = 1, kValues = 2;  // streams of random numbers
constexpr double kMissing = 0.1;

Vocabulary made_up(std::uint32_t size) {
  Vocabulary out{std::vector<std::uint32_t>(size)};
  std::iota(out.codes.begin(), out.codes.end(), 0U);
  return out;
}

/// A row of the vocabulary that is not the unknown.
std::int64_t known(const Vocabulary& vocabulary, Random& random) {
  return 1 + static_cast<std::int64_t>(random.below(vocabulary.rows() - 1));
}

/// Each user but the last chose up to three items.
Graph made_up_graph(std::uint32_t size) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t user = 1; user < size; ++user)
    for (std::uint32_t n = 1; n <= 3; ++n) edges.emplace(user, 1 + user * n % size);
  Graph out;
  for (const auto& [user, item] : edges) {
    out.users.push_back(user);
    out.items.push_back(item);
  }
  return out;
}

void add_ids(const InputSpec& inputs, std::size_t candidates, Random& random, Batch& out) {
  out.candidates = candidates;
  const std::size_t longest = inputs.history;
  out.history.resize(out.rows * longest);
  out.ages.resize(out.rows * longest);
  for (std::size_t r = 0; r < out.rows; ++r) {
    if (inputs.users.rows() > 0)
      out.users.push_back(random.uniform() < kMissing ? 0 : known(inputs.users, random));
    if (inputs.items.rows() == 0) continue;
    for (std::size_t c = 0; c < candidates; ++c)
      out.items.push_back(c > 0 && random.uniform() < kMissing ? 0 : known(inputs.items, random));
    const auto length = r == 0 ? 0 : r == 1 ? longest : random.below(static_cast<std::uint32_t>(longest) + 1);
    double age = 0;
    for (std::size_t t = 0; t < length; ++t) {  // from the latest back
      const auto at = r * longest + longest - 1 - t;
      out.history[at] = known(inputs.items, random);
      age += 10 * random.uniform();
      out.ages[at] = static_cast<float>(age);
    }
  }
}

}  // namespace

InputSpec made_up_inputs(std::size_t singles, std::size_t bags, std::size_t denses, std::uint32_t values,
                         std::uint32_t max_bag, const Sources& sources) {
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
  if (sources.users) out.users = made_up(values);
  if (sources.items) out.items = made_up(values);
  out.history = sources.history;
  if (sources.graph) out.graph = made_up_graph(values);
  return with_values(out, values);
}

InputSpec with_values(const InputSpec& inputs, std::uint32_t values) {
  InputSpec out;
  out.max_bag = inputs.max_bag;
  out.history = inputs.history;
  if (inputs.users.rows() > 0) out.users = made_up(values);
  if (inputs.items.rows() > 0) out.items = made_up(values);
  if (!inputs.graph.users.empty()) out.graph = made_up_graph(values);
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

Batch random_batch(const InputSpec& inputs, std::size_t rows, std::uint64_t seed, std::size_t candidates) {
  Random random(seed, kRows);
  Batch out;
  out.rows = rows;
  const auto code = [&](const Field& field) {
    const bool missing = field.cardinality == 0 || random.uniform() < kMissing;
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
  add_ids(inputs, candidates, random, out);
  return out;
}

std::size_t checked_candidates(const Program& program) { return program.ranks() ? 3 : 1; }

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
