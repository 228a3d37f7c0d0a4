#include "tools/automodel/bench/train_inputs.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "recsys/evaluation/catalogue.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/training/trainer.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

template <class T>
void write(const std::filesystem::path& file, const std::vector<T>& values) {
  std::ofstream out(file, std::ios::binary);
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
  out.close();
}

tl::unexpected<Error> cannot_write(const std::filesystem::path& directory, const std::exception& error) {
  return fail("bench.no_directory", std::string("cannot write the inputs: ") + error.what(),
              directory.string());
}

json about_inputs(const TrainInputs& inputs) {
  const auto& spec = inputs.encoder.spec();
  json out = {{"train", inputs.train.size()}, {"test", inputs.test.size()}};
  if (inputs.kind == "histories") {
    out["items"] = spec.items.rows();
    out["length"] = spec.history;
    return out;
  }
  out["values"] = spec.table_rows;
  out["singles"] = spec.singles();
  out["bags"] = spec.bags();
  out["longest"] = spec.max_bag;
  out["denses"] = spec.denses();
  out["unknown"] = json::array();
  for (const auto& field : spec.fields) {
    if (field.kind != recsys::Field::Kind::dense) out["unknown"].push_back(field.offset);
  }
  return out;
}

}  // namespace

Result<TrainInputs> train_inputs(const recsys::Dataset& data, const recsys::FeatureEngine& features,
                                 const std::string& label, std::span<const float> labels,
                                 const recsys::Split& split, const recsys::Sources& sources) {
  auto encoder = recsys::InputEncoder::fit(data, features, label, split.train, sources);
  if (!encoder) return fail(encoder.error());
  const bool ranks = !sources.fields;
  TrainInputs out{ranks ? "histories" : "fields", ranks ? "catalogue_ndcg10" : "auc", std::move(*encoder),
                  split.train, split.test};
  if (!ranks) return out;
  std::erase_if(out.train, [&](std::uint32_t row) { return labels[row] <= 0.5F; });
  out.test = recsys::rows_to_rank(split.test, labels, data.items());
  return out;
}

Result<void> write_inputs(const TrainInputs& inputs, std::span<const float> labels,
                          const std::filesystem::path& directory, json& about) try {
  about[inputs.kind] = about_inputs(inputs);
  recsys::Batch batch;
  for (const auto& [name, rows] : {std::pair{"train", &inputs.train}, std::pair{"test", &inputs.test}}) {
    inputs.encoder.encode(*rows, labels, batch);
    const auto part = (directory / (inputs.kind + "." + name)).string();
    if (inputs.kind == "histories") {
      write(part + ".history", batch.history);
      write(part + ".items", batch.items);
      continue;
    }
    write(part + ".singles", batch.singles);
    write(part + ".bags", batch.bags);
    write(part + ".dense", batch.dense);
    write(part + ".labels", batch.labels);
  }
  return {};
} catch (const std::ios_base::failure& error) {
  return cannot_write(directory, error);
}

Result<void> write_order(const TrainInputs& inputs, std::uint64_t seed, std::uint32_t epochs,
                         const std::filesystem::path& directory) try {
  std::vector<std::int64_t> order;
  for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch) {
    const auto of_epoch = recsys::order_of_epoch(seed, epoch, inputs.train.size());
    order.insert(order.end(), of_epoch.begin(), of_epoch.end());
  }
  write(directory / "order", order);
  return {};
} catch (const std::ios_base::failure& error) {
  return cannot_write(directory, error);
}

Result<void> write_text(const std::filesystem::path& file, const std::string& text) try {
  write(file, std::vector<char>(text.begin(), text.end()));
  return {};
} catch (const std::ios_base::failure& error) {
  return cannot_write(file.parent_path(), error);
}

Result<double> quality_of(const TrainInputs& inputs, const recsys::Dataset& data,
                          std::span<const float> labels, const recsys::Split& split,
                          std::span<const float> scores) {
  const std::size_t of_each = inputs.kind == "histories" ? inputs.encoder.spec().items.rows() : 1;
  if (scores.size() != inputs.test.size() * of_each)
    return fail("bench.reference_failed", "it scored other rows", inputs.kind);
  if (inputs.kind == "fields") {
    std::vector<float> of_test;
    for (const auto row : inputs.test) of_test.push_back(labels[row]);
    return recsys::auc(scores, of_test);
  }
  const auto item_rows = inputs.encoder.spec().items.by_code();
  const auto score = [&](std::span<const std::uint32_t> rows, std::span<float> out) -> Result<void> {
    const auto first = static_cast<std::size_t>(rows.data() - inputs.test.data());
    const auto items = out.size() / rows.size();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const float* own = scores.data() + (first + r) * of_each;
      for (std::size_t i = 0; i < items; ++i)
        out[r * items + i] = own[i < item_rows.size() ? item_rows[i] : 0];
    }
    return {};
  };
  const auto ranked =
      recsys::evaluate_catalogue(data, recsys::UserItems(data, split.train), inputs.test, score);
  if (!ranked) return fail(ranked.error());
  return ranked->at(inputs.metric);
}

}  // namespace automodel::tools
