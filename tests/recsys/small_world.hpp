// A small data set with something to learn: users and items have hidden tastes, films have genres, users have
// an age. And models of it.
#pragma once

#include <unistd.h>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>

#include "recsys/data/import.hpp"
#include "recsys/data/split.hpp"
#include "recsys/features/feature.hpp"
#include "recsys/serving/scorer.hpp"
#include "recsys/training/trainer.hpp"

namespace automodel::recsys {

class SmallWorld {
 public:
  static constexpr unsigned kUsers = 50, kItems = 40, kRows = 1500;

  explicit SmallWorld(const std::vector<std::string>& features = {})
      : directory_(
            std::filesystem::temp_directory_path() /
            ("automodel-small-world-" + std::to_string(::getpid()) + "-" + std::to_string(counter_++))) {
    write();
    ImportOptions options;
    options.name = "world";
    const auto report = import_dataset(directory_ / "source", directory_ / "data", options);
    if (!report) throw std::runtime_error(to_string(report.error()));
    data = Dataset::open(report->directory).value();
    y = labels(data, label).value();
    parts = split(data, SplitKind::random, {0.8, 0.1, 0.1}, 3).value();
    engine.emplace(FeatureEngine::create(data, y, features, parts.train).value());
  }
  ~SmallWorld() { std::filesystem::remove_all(directory_); }
  SmallWorld(const SmallWorld&) = delete;
  SmallWorld& operator=(const SmallWorld&) = delete;

  /// With which a method learns this world in a few epochs.
  static TrainOptions options(const std::string& method, std::uint32_t epochs) {
    TrainOptions how;
    how.method = method;
    how.max_epochs = epochs;
    how.patience = 100;
    if (find_method(method).value()->trained_by_gradient) how.settings = {{"batch", "128"}, {"lr", "0.01"}};
    return how;
  }
  /// `how` without a program: one of recsys's own methods.
  Result<Trained> trained(const TrainOptions& how, const std::vector<std::uint32_t>& validation,
                          const std::function<bool(const EpochReport&)>& on_epoch = {}) const {
    auto complete = how;
    if (!how.program) {
      auto method = configure(how.method, how.settings);
      if (!method) return fail(method.error());
      complete.settings = method->settings;
      complete.program = method->program;
      complete.sources = method->sources;
    }
    return train(data, y, parts, validation, *engine, label, complete, on_epoch);
  }
  Result<Scorer> load(const std::string& checkpoint) const {
    return Scorer::load(checkpoint, data, y, parts.train, 1);
  }

  const std::string label = "rating>=4";
  Dataset data;
  std::vector<float> y;
  Split parts;
  std::optional<FeatureEngine> engine;

 private:
  void write() const {
    std::filesystem::create_directories(directory_ / "source");
    std::mt19937 random(12345);
    const auto uniform = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    std::ofstream users(directory_ / "source/world.user"), items(directory_ / "source/world.item"),
        rows(directory_ / "source/world.inter");
    users << "user_id:token\tage:float\n";
    items << "item_id:token\tmovie_title:token_seq\tclass:token_seq\n";
    rows << "user_id:token\titem_id:token\trating:float\ttimestamp:float\n";
    const char* genres[] = {"Action", "Drama", "Comedy", "War"};
    for (unsigned u = 0; u < kUsers; ++u) users << "u" << u << "\t" << 15 + u << "\n";
    for (unsigned i = 0; i < kItems; ++i) {
      items << "i" << i << "\tFilm " << i << "\t" << genres[i % 4] << (i % 3 ? "" : " Drama") << "\n";
    }
    std::vector<bool> taken(kUsers * kItems);
    for (unsigned n = 0; n < kRows; ++n) {
      unsigned pair = uniform(kUsers * kItems);
      while (taken[pair]) pair = (pair + 1) % (kUsers * kItems);
      taken[pair] = true;
      const unsigned u = pair / kItems, i = pair % kItems;
      const bool likes = ((u % 4) == (i % 4)) != (uniform(10) == 0);  // one in ten against taste
      rows << "u" << u << "\ti" << i << "\t" << (likes ? 5 : 2) << "\t" << 1000000 + n * 60 << "\n";
    }
  }

  std::filesystem::path directory_;
  static inline unsigned counter_ = 0;
};

}  // namespace automodel::recsys
