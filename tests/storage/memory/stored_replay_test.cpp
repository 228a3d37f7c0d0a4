// Replay against a real store: rows that moved with each commit equal rows rebuilt from the events.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <random>

#include "history.hpp"
#include "storage/projector.hpp"
#include "storage/stored_rows.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Directory {
  Directory()
      : path(std::filesystem::temp_directory_path() /
             ("automodel-memory-" + std::to_string(std::random_device{}()))) {}
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

/// Appends a history in batches of random size, each within one stream as the store demands.
void append_all(EventStore& store, const std::vector<events::Recorded>& history, std::mt19937_64& random) {
  std::size_t i = 0;
  while (i < history.size()) {
    AppendRequest request;
    request.stream = history[i].stream;
    request.correlation = history[i].correlation;
    request.causation = history[i].causation;
    request.time = history[i].time;
    const auto most = 1 + random() % 4;
    do request.events.push_back(history[i++].event);
    while (i < history.size() && history[i].stream == request.stream && request.events.size() < most);
    auto appended = store.append(std::move(request));
    BOOST_REQUIRE_MESSAGE(appended, (appended ? "" : to_string(appended.error())));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_in_a_store)

BOOST_AUTO_TEST_CASE(random_histories_replay_to_the_stored_rows) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 3; ++run) {
    Directory directory;
    auto store = EventStore::open(directory.path);
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : to_string(store.error())));
    BOOST_REQUIRE((*store)->attach(memory_projection()).has_value());
    auto history = small_goal().events();
    if (run > 0) std::shuffle(history.begin(), history.end(), random);
    append_all(**store, history, random);
    auto result = replay(**store);
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : to_string(result.error())));
    BOOST_TEST(result->events == history.size());
    BOOST_TEST(result->match);
    BOOST_TEST(result->chain_intact, result->chain_fault);
  }
}

BOOST_AUTO_TEST_CASE(any_size_of_batch_gives_the_same_stored_rows) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  Directory directory;
  const auto projection = memory_projection();
  MapRows rebuilt;
  {
    auto store = EventStore::open(directory.path);
    BOOST_REQUIRE(store);
    for (int run = 0; run < 4; ++run) {
      auto history = small_goal().events();
      if (run > 0) std::shuffle(history.begin(), history.end(), random);
      append_all(**store, history, random);
    }
    const auto figures = (*store)->rebuild(*projection, rebuilt, 0);
    BOOST_REQUIRE_MESSAGE(figures, (figures ? "" : to_string(figures.error())));
    BOOST_TEST(figures->events == (*store)->last_sequence());
    MapRows plain;
    BOOST_REQUIRE((*store)->read_all(1, [&](const events::Recorded& event) {
      projection->apply(plain, event);
      return true;
    }));
    BOOST_TEST((digest(*projection, plain) == digest(*projection, rebuilt)));
  }
  for (const std::uint64_t batch : {1u, 7u, 512u, 1'000'000u}) {
    Directory copy;
    std::filesystem::copy(directory.path, copy.path);
    auto environment = Environment::open(copy.path, false);
    BOOST_REQUIRE(environment);
    Projector projector(*environment, batch);
    auto transaction = (*environment)->write();
    BOOST_REQUIRE(transaction);
    auto checkpoint = Projector::prepare(*transaction, *projection);
    BOOST_REQUIRE(checkpoint);
    BOOST_REQUIRE(transaction->commit());
    BOOST_REQUIRE(projector.attach(projection, *checkpoint));
    while (projector.catch_up()) {
    }
    const auto stored = digest(*projection, *stored_rows(*environment, "memory"));
    BOOST_TEST((stored == digest(*projection, rebuilt)), "batches of " << batch);
  }
}

BOOST_AUTO_TEST_CASE(memory_survives_a_restart) {
  Directory directory;
  std::mt19937_64 random(7);
  {
    auto store = EventStore::open(directory.path);
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->attach(memory_projection()).has_value());
    append_all(**store, small_goal().events(), random);
  }
  auto store = EventStore::open(directory.path);
  BOOST_REQUIRE(store);
  BOOST_REQUIRE((*store)->attach(memory_projection()).has_value());
  BOOST_TEST(stored_memory(**store).tried("deepfm-a"));
  auto result = replay(**store);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->match);
}

BOOST_AUTO_TEST_SUITE_END()
