// automodel data generate FILE: made-up interactions of any size, with known truth
#include <iostream>

#include "recsys/data/synthetic.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "tools/automodel/commands/data.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

constexpr std::uint64_t kJudgedRows = 1'000'000;

struct Options {
  std::string file;
  recsys::SyntheticShape shape;
};

/// The AUC of the true probabilities: no model can be expected to do better.
double best_auc(const recsys::SyntheticWorld& world) {
  const auto rows = std::min(world.shape().rows, kJudgedRows);
  std::vector<float> truth(rows), clicks(rows);
  recsys::SyntheticRow row;
  for (std::uint64_t i = 0; i < rows; ++i) {
    world.row(world.shape().rows / rows * i, row);
    truth[i] = static_cast<float>(row.probability);
    clicks[i] = row.click ? 1.0F : 0.0F;
  }
  return recsys::auc(truth, clicks);
}

Result<int> generate(const Program& program, const Options& options) {
  std::filesystem::path file = options.file;
  if (file.extension() != ".inter") file += ".inter";
  auto world = recsys::SyntheticWorld::create(options.shape);
  if (!world) return fail(world.error());
  ProgressLine line;
  const auto watch = line.watch();
  auto written = recsys::write_synthetic(*world, file, [&](std::uint64_t rows) {
    return watch({"writing", rows, options.shape.rows, "rows"});
  });
  if (!written) return fail(written.error());
  const double best = best_auc(*world);
  if (program.json)
    print_json({{"file", file.string()}, {"rows", options.shape.rows}, {"best_auc", best}, {"label", "click>=1"}});
  else
    std::cout << grouped(options.shape.rows) << " rows in " << file.string() << "; the best AUC that a model can be expected to reach is "
              << fixed(best, 4) << "\nautomodel data import " << file.string() << ", then --label 'click>=1'\n";
  return 0;
}

}  // namespace

void add_data_generate(CLI::App& all, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      all, program, "generate", "write made-up interactions of any size, with known truth",
      "  automodel data generate small.inter --rows 100000\n"
      "  automodel data generate large.inter --rows 100000000 --users 1000000 --items 200000\n\n"
      "Clicks follow a model with biases, factors, fields and a pair of fields, so that the best AUC that any model can reach is\n"
      "known and printed. The same seed writes the same file.",
      [&program, options] { return generate(program, *options); });
  command->add_option("file", options->file, "where to; RecBole's form (*.inter)")->required();
  command->add_option("--rows", options->shape.rows, "interactions")->capture_default_str();
  command->add_option("--users", options->shape.users, "of whom few have most rows")->capture_default_str();
  command->add_option("--items", options->shape.items, "of which few have most rows")->capture_default_str();
  command->add_option("--fields", options->shape.fields, "user and item among them, 2 to 18")->capture_default_str();
  command->add_option("--seed", options->shape.seed, "of everything")->capture_default_str();
}

}  // namespace automodel::tools
