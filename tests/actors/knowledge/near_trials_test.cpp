// The node's index of configurations against the plain scan, while trials come in.
#include "actors/knowledge/near_trials.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <random>

#include "storage/memory/memory.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;

namespace {

struct Place {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("automodel-near-" + std::to_string(std::random_device{}()));
  ~Place() { std::filesystem::remove_all(path); }
};

events::TrialConfigT config(std::mt19937_64& random) {
  const char* methods[] = {"lr", "fm", "deepfm"};
  events::TrialConfigT made;
  made.method = methods[random() % 3];
  made.settings.push_back(std::make_unique<events::SettingT>());
  made.settings.back()->name = "lr";
  made.settings.back()->value = std::to_string(0.0001 * static_cast<double>(1 + random() % 1000));
  if (random() % 2 == 0) made.features.push_back("f" + std::to_string(random() % 5));
  return made;
}

/// Starts trials `first` to `last`; one that is known already goes on with another configuration.
void start(storage::EventStore& store, int first, int last, std::mt19937_64& random) {
  storage::AppendRequest request;
  request.stream = "autotrain/main";
  for (int i = first; i <= last; ++i) {
    events::TrialStartedT started;
    started.trial = "trial-" + std::to_string(i);
    started.config = std::make_unique<events::TrialConfigT>(config(random));
    started.data = events::testing::some_data();
    events::EventT event;
    event.body.Set(std::move(started));
    request.events.push_back(std::move(event));
  }
  const auto appended = store.append(std::move(request));
  BOOST_REQUIRE_MESSAGE(appended, (appended ? "" : to_string(appended.error())));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(near_trials)

BOOST_AUTO_TEST_CASE(the_index_answers_as_the_scan_does_while_trials_come_in) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const Place place;
  auto store = storage::EventStore::open(place.path);
  BOOST_REQUIRE_MESSAGE(store, (store ? "" : to_string(store.error())));
  BOOST_REQUIRE((*store)->attach(storage::memory_projection()).has_value());
  const auto memory = storage::stored_memory(**store);
  actors::NearTrials near;
  BOOST_TEST(near.nearest(**store, memory, config(random), 3)->empty());
  for (const auto& [first, last] : {std::pair{1, 40}, {41, 41}, {20, 60}, {61, 90}}) {
    start(**store, first, last, random);
    for (int asked = 0; asked < 5; ++asked) {
      const auto wanted = config(random);
      const auto indexed = near.nearest(**store, memory, wanted, 7);
      BOOST_REQUIRE_MESSAGE(indexed, (indexed ? "" : to_string(indexed.error())));
      const auto scanned = storage::nearest(memory, wanted, 7);
      BOOST_REQUIRE_EQUAL(indexed->size(), scanned.size());
      for (std::size_t i = 0; i < scanned.size(); ++i) BOOST_TEST((*indexed)[i].trial == scanned[i].trial);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
