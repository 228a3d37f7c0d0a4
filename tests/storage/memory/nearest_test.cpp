// The index of configurations against the plain scan: the same trials, distances and order, always.
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

#include "history.hpp"
#include "storage/memory/nearest_index.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

using Random = std::mt19937_64;
using Found = NearestIndex::Found;

std::string one_of(Random& random, const std::vector<std::string>& values) {
  return values[random() % values.size()];
}

/// What agents write, and what nobody should: zeros, lists, words, nothing, other spellings of one number.
std::string value(Random& random, bool continuous) {
  if (continuous) return std::to_string(std::pow(10, -5 + 5 * std::uniform_real_distribution<>()(random)));
  return one_of(random, {"0.001", "0.01",  "1e-2",   "0.1",  "1",      "8",          "16",        "64",
                         "0",     "0.0",   "-1",     "-0.5", "128,64", "[128, 128]", "128,64,32", "relu",
                         "",      "1e300", "1e-300", "nan",  "inf",    "[0.01]",     ","});
}

events::TrialConfigT random_config(Random& random, bool continuous) {
  events::TrialConfigT made;
  made.method = one_of(random, {"lr", "fm", "deepfm", "dcnv2"});
  for (const char* name : {"dim", "dropout", "hidden", "lr", "optimiser"}) {
    if (random() % 5 == 0) continue;
    auto setting = std::make_unique<events::SettingT>();
    setting->name = name;
    setting->value = value(random, continuous && random() % 4 != 0);
    made.settings.push_back(std::move(setting));
  }
  std::shuffle(made.settings.begin(), made.settings.end(), random);
  if (random() % 20 == 0 && !made.settings.empty())  // a name twice: the last one counts
    made.settings.push_back(std::make_unique<events::SettingT>(*made.settings.front())),
        made.settings.back()->value = value(random, continuous);
  for (auto count = random() % 5; count > 0; --count)
    made.features.push_back("f" + std::to_string(random() % 90));
  made.seed = random();
  return made;
}

/// Rows and index side by side.
struct Both {
  void put(const std::string& trial, const events::TrialConfigT& config) {
    events::TrialRowT row;
    row.trial = trial;
    row.config = std::make_unique<events::TrialConfigT>(config);
    rows->put("trials", trial, events::pack(row));
    index.put(trial, config);
  }
  void forget(const std::string& trial) {
    events::TrialRowT row;
    row.trial = trial;
    rows->put("trials", trial, events::pack(row));
    index.erase(trial);
  }
  void compare(const events::TrialConfigT& asked, std::size_t k) {
    std::vector<Found> plain;
    for (const auto& row : nearest(Memory(rows), asked, k))
      plain.push_back({row.trial, distance(asked, *row.config)});
    const auto indexed = index.nearest(asked, k);
    BOOST_REQUIRE_EQUAL(indexed.size(), plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i)
      BOOST_REQUIRE_MESSAGE(indexed[i] == plain[i], "at " << i << ": " << indexed[i].key << " "
                                                          << indexed[i].distance << ", the scan has "
                                                          << plain[i].key << " " << plain[i].distance);
  }

  std::shared_ptr<MapRows> rows = std::make_shared<MapRows>();
  NearestIndex index;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(nearest_configurations)

BOOST_AUTO_TEST_CASE(the_index_answers_as_the_plain_scan_does) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  Random random(seed);
  for (int run = 0; run < 6; ++run) {
    Both both;
    std::size_t trials = 0;
    for (int step = 0; step < 5; ++step) {
      // A few at a time, and enough for trees and for merging them.
      for (auto more = step % 2 == 0 ? 900 + random() % 900 : random() % 20; more > 0; --more)
        both.put("trial-" + std::to_string(++trials), random_config(random, run % 2 == 0));
      for (int change = 0; change < 10; ++change) {
        const auto trial = "trial-" + std::to_string(1 + random() % trials);
        if (change % 3 == 0)
          both.forget(trial);
        else
          both.put(trial, random_config(random, run % 2 == 0));
      }
      for (int asked = 0; asked < 6; ++asked)
        both.compare(random_config(random, asked % 2 == 0), 1 + random() % 20);
    }
  }
}

BOOST_AUTO_TEST_CASE(seeds_of_one_configuration_are_one_point_and_come_in_order_of_keys) {
  Both both;
  const auto same = config("deepfm", "", {{"lr", "0.001"}, {"dim", "16"}}, {"count(user)"});
  for (int i = 1; i <= 1000; ++i) both.put("trial-" + std::to_string(i), *same);
  both.put("other", *config("fm", "", {{"lr", "0.001"}}));
  BOOST_TEST(both.index.points() == 2u);
  BOOST_TEST(both.index.trials() == 1001u);
  both.compare(*same, 7);
  both.compare(*config("fm", "", {{"lr", "0.1"}}), 3);
  both.compare(*same, 2000);
}

BOOST_AUTO_TEST_CASE(settings_features_and_methods_never_seen_are_answered) {
  Both both;
  both.compare(*config("deepfm", "", {{"lr", "0.001"}}), 3);  // nothing to find
  both.put("trial-1", *config("deepfm", "", {{"lr", "0.001"}}, {"count(user)"}));
  both.compare(*config("new", "", {{"width", "3"}}, {"hour(time)", "count(item)"}), 3);
  both.compare(*config("deepfm", ""), 3);
  both.compare(*config("deepfm", "", {{"lr", "0.001"}}), 0);
  both.forget("trial-1");
  both.compare(*config("deepfm", ""), 3);
  BOOST_TEST(both.index.trials() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
