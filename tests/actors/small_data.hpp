// A small data set as a node finds it: imported, with users and films that have their tastes, and a store's
// directory beside it.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>

#include "events/codec.hpp"
#include "recsys/data/split.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::test {

class SmallData {
 public:
  explicit SmallData(int count, unsigned seed = 7) {
    const auto imported = import(count, seed);
    hash = imported.hash();
    rows = imported.rows();
    users = imported.users();
    items = imported.items();
    train_rows = recsys::split(imported, recsys::SplitKind::temporal, {0.8, 0.1, 0.1}, 1)->train.size();
  }

  /// Again, with other rows where the seed is another: the name stays.
  recsys::Dataset import(int count, unsigned seed) const {
    constexpr int many_users = 60, many_items = 80;
    std::mt19937 random(seed);
    const auto uniform = [&] { return static_cast<double>(random() & 0xffffff) / 0x1000000; };
    double mood[many_users], quality[many_items];
    for (auto& value : mood) value = uniform() * 2 - 1;
    for (auto& value : quality) value = uniform() * 3 - 1.5;
    std::string text = "userId,movieId,rating,timestamp\n";
    for (int row = 0; row < count; ++row) {
      const int user = static_cast<int>(random() % many_users),
                item = static_cast<int>(random() % many_items);
      const double wish = 3.4 + mood[user] + quality[item] + uniform() - 0.5;
      text += std::to_string(user + 1) + "," + std::to_string(item + 1) + "," +
              std::to_string(static_cast<int>(std::fmin(5, std::fmax(1, std::round(wish))))) + "," +
              std::to_string(1'000'000'000 + row * 60) + "\n";
    }
    recsys::ImportOptions options;
    options.name = "small";
    return folder_.import(folder_.write("small.csv", text), options);
  }

  events::DataRefT ref() const {
    events::DataRefT ref;
    ref.name = "small";
    ref.hash = hash;
    ref.label = "rating>=4";
    ref.split = events::SplitKind::Temporal;
    ref.ratios = {0.8, 0.1, 0.1};
    return ref;
  }

  std::filesystem::path directory() const { return folder_.data(); }
  std::filesystem::path store() const { return folder_.path() / "store"; }
  const std::filesystem::path& path() const { return folder_.path(); }

  std::string hash;
  std::uint64_t rows = 0, users = 0, items = 0, train_rows = 0;

 private:
  recsys::TemporaryFolder folder_;
};

inline events::TrialConfigT config(const std::string& method,
                                   const std::vector<std::pair<std::string, std::string>>& settings = {},
                                   const std::vector<std::string>& features = {}, std::uint64_t seed = 1) {
  events::TrialConfigT made;
  made.method = method;
  made.features = features;
  made.seed = seed;
  for (const auto& [name, value] : settings) {
    made.settings.push_back(std::make_unique<events::SettingT>());
    made.settings.back()->name = name;
    made.settings.back()->value = value;
  }
  return made;
}

}  // namespace automodel::test
