#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/automodel/bench/train_bench.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

json json_of(const TrainSide& side, const std::string& metric) {
  return {{"rows_per_second", side.rows_per_second},
          {metric, side.quality},
          {"threads", side.threads},
          {"blas_threads", side.blas_threads}};
}

}  // namespace

void print(const TrainBench& bench, const TrainBenchOptions& options, bool in_json) {
  if (in_json) {
    json models = json::array(), rates = json::object();
    for (const auto& row : bench.models) {
      json one = {{"model", row.model},
                  {"ours", json_of(row.ours, row.metric)},
                  {"parameters", row.parameters},
                  {"product_arithmetic_per_row", row.work.products},
                  {"other_arithmetic_per_row", row.work.others},
                  {"bytes_per_row", row.work.bytes},
                  {"share_of_product_rate", row.share}};
      if (!options.alone) one["eager"] = json_of(row.eager, row.metric), one["ratio"] = row.ratio();
      models.push_back(std::move(one));
    }
    for (const auto& [threads, rate] : bench.product_rates) rates[std::to_string(threads)] = rate;
    json out = {{"bench", "train"},         {"machine", json::parse(machine_json(bench.machine))},
                {"models", models},         {"product_rates", rates},
                {"rows", bench.rows},       {"test_rows", bench.test_rows},
                {"epochs", options.epochs}, {"seeds", options.seeds}};
    if (!options.alone) out["geometric_mean"] = bench.geometric_mean;
    std::cout << out.dump() << '\n';
    return;
  }
  print_machine(bench.machine);
  std::cout << "matrix products:";
  for (const auto& [threads, rate] : bench.product_rates)
    std::cout << ' ' << fixed(rate / 1e9, 0) << " GFLOP/s with " << threads
              << (threads == 1 ? " thread" : " threads");
  std::cout << '\n'
            << grouped(bench.rows) << " rows to train, " << grouped(bench.test_rows) << " to test, batch "
            << train_batch << ", " << options.epochs << " epochs, " << options.seeds << " seeds\n\n";
  std::vector<std::vector<std::string>> table = {{"model", "rows/s", "threads", "eager", "threads", "ratio",
                                                  "quality", "eager", "parameters", "kFLOP/row", "kB/row",
                                                  "share"}};
  const auto thousands = [](double value) { return fixed(value / 1000, 1); };
  for (const auto& row : bench.models) {
    const bool eager = !options.alone;
    table.push_back(
        {row.model, grouped(static_cast<std::uint64_t>(row.ours.rows_per_second)),
         std::to_string(row.ours.threads),
         eager ? grouped(static_cast<std::uint64_t>(row.eager.rows_per_second)) : "-",
         eager ? std::to_string(row.eager.threads) + "+" + std::to_string(row.eager.blas_threads) : "-",
         eager ? fixed(row.ratio(), 2) : "-", fixed(row.ours.quality, 4),
         eager ? fixed(row.eager.quality, 4) : "-", grouped(row.parameters),
         thousands(row.work.products + row.work.others), thousands(row.work.bytes),
         fixed(100 * row.share, 0) + " %"});
  }
  std::cout << table_text(table);
  std::cout
      << "\nquality: AUC of the rows to test; of sasrec, whose rows are the positive ones, NDCG@10 over all "
         "items\n";
  if (!options.alone) std::cout << "geometric mean of the ratios: " << fixed(bench.geometric_mean, 2) << '\n';
}

}  // namespace automodel::tools
