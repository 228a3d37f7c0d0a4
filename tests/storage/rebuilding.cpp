// A projection that changes is rebuilt beside its old rows; one that somebody else moves is left alone.
#include <boost/test/unit_test.hpp>

#include "storage/lmdb/environment.hpp"
#include "storage/projector.hpp"
#include "storage/stored_rows.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::uint64_t small_batch = 16;

void append_some(EventStore& store, int count) {
  for (int i = 0; i < count; ++i) value(store.append(one("stream/" + std::to_string(i % 3))));
}

/// A store whose counting projection is of schema "1" and up to date, and then closed.
void make_store(const std::filesystem::path& path, int events) {
  auto store = open_or_throw(path);
  value(store->attach(std::make_shared<Counting>("1")));
  append_some(*store, events);
  value(store->wait_for("counting", store->last_sequence(), patience));
}

Checkpoint stored(const Environment& environment) {
  const auto transaction = value(environment.read());
  return value(load_checkpoint(transaction, "counting")).value_or(Checkpoint{});
}

/// A runner that takes one step and is gone, as if the process had been killed: what it knew is lost.
bool take_one_step(const std::shared_ptr<Environment>& environment, const std::string& schema) {
  const auto projection = std::make_shared<Counting>(schema);
  Projector projector(environment, small_batch);
  Checkpoint checkpoint;
  {
    auto transaction = value(environment->write());
    checkpoint = value(Projector::prepare(transaction, *projection));
    value(transaction.commit());
  }
  value(projector.attach(projection, checkpoint));
  return projector.catch_up();
}

std::uint64_t rows_stored(const Environment& environment) {
  const auto transaction = value(environment.read());
  return value(transaction.entries(Table::rows));
}

events::Hash256 rows_digest(const std::shared_ptr<Environment>& environment) {
  return digest(Counting(), *stored_rows(environment, "counting"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rebuilding)

BOOST_AUTO_TEST_CASE(old_rows_answer_until_the_new_ones_are_whole_wherever_the_process_dies) {
  TemporaryDirectory directory;
  make_store(directory.path(), 100);
  auto environment = value(Environment::open(directory.path(), false));
  const auto before = rows_digest(environment);
  const auto rows = rows_stored(*environment);
  int steps = 0;
  for (bool more = true; more; ++steps) {
    BOOST_REQUIRE(steps < 50);
    more = take_one_step(environment, "2");
    environment.reset();
    environment = value(Environment::open(directory.path(), false));
    const auto checkpoint = stored(*environment);
    // Rows of both schemas are alike here: what answers is whole at every moment.
    BOOST_TEST((rows_digest(environment) == before));
    BOOST_TEST((checkpoint.schema == "2") == !checkpoint.building.has_value());
    BOOST_TEST(has_reached(checkpoint, 100) == (checkpoint.schema == "2"));
  }
  BOOST_TEST(steps >= 7);  // 100 events in batches of 16
  BOOST_TEST(stored(*environment).schema == "2");
  BOOST_TEST(stored(*environment).leaving.empty());
  BOOST_TEST(rows_stored(*environment) == rows);  // nothing of the old generation is left
}

BOOST_AUTO_TEST_CASE(a_rebuild_that_is_given_up_for_another_leaves_nothing_behind) {
  TemporaryDirectory directory;
  make_store(directory.path(), 100);
  auto environment = value(Environment::open(directory.path(), false));
  const auto before = rows_digest(environment);
  const auto rows = rows_stored(*environment);
  take_one_step(environment, "2");
  BOOST_TEST(rows_stored(*environment) > rows);
  take_one_step(environment, "3");
  BOOST_TEST(stored(*environment).building->schema == "3");
  for (int i = 0; i < 50 && take_one_step(environment, "1"); ++i) {  // the first program comes back
  }
  BOOST_TEST(stored(*environment).schema == "1");
  BOOST_TEST(!stored(*environment).building);
  BOOST_TEST(stored(*environment).leaving.empty());
  BOOST_TEST(rows_stored(*environment) == rows);
  BOOST_TEST((rows_digest(environment) == before));
}

BOOST_AUTO_TEST_CASE(events_go_on_being_appended_and_read_while_a_changed_projection_is_rebuilt) {
  TemporaryDirectory directory;
  make_store(directory.path(), 3000);
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>("2")));
  // Whether the rebuild is done by now or not, there are rows, and they are whole.
  BOOST_TEST(count_of(*store->projection_rows("counting"), "stream/0") == 1000u);
  value(store->append(one("late")));
  value(store->wait_for("counting", store->last_sequence(), patience));
  const auto state = value(store->projection_state("counting"));
  BOOST_TEST(state.schema == "2");
  BOOST_TEST(state.sequence == 3001u);
  BOOST_TEST(!state.rebuilt);
  BOOST_TEST(count_of(*store->projection_rows("counting"), "late") == 1u);
  const Counting counting;
  BOOST_TEST((digest(counting, *store->projection_rows("counting")) == rebuilt_digest(*store, counting)));
}

BOOST_AUTO_TEST_CASE(a_new_projection_shows_no_rows_before_it_has_seen_everything) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    append_some(*store, 100);
  }
  auto environment = value(Environment::open(directory.path(), false));
  take_one_step(environment, "1");
  BOOST_TEST(stored(*environment).schema.empty());
  BOOST_TEST(count_of(*stored_rows(environment, "counting"), "stream/0") == 0u);
  StoreOptions reading;
  reading.read_only = true;
  const auto reader = open_or_throw(directory.path(), reading);
  const auto waited = reader->wait_for("counting", 1, std::chrono::milliseconds(0));
  BOOST_TEST(code_of(waited) == "storage.timeout");
  BOOST_TEST(waited.error().message.find("is being rebuilt and stands at 16") != std::string::npos,
             waited.error().message);
  for (int i = 0; i < 50 && take_one_step(environment, "1"); ++i) {
  }
  BOOST_TEST(count_of(*stored_rows(environment, "counting"), "stream/0") == 34u);
  value(reader->wait_for("counting", 100, std::chrono::milliseconds(0)));
}

BOOST_AUTO_TEST_CASE(a_projection_that_is_up_to_date_is_attached_without_a_look_at_history) {
  TemporaryDirectory directory;
  make_store(directory.path(), 50);
  {  // whoever reads the first event, fails
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    value(transaction.put(Table::events, SequenceKey(1), view("garbage")));
    value(transaction.commit());
  }
  auto store = open_or_throw(directory.path());
  BOOST_TEST(code_of(store->read_all(1, [](const events::Recorded&) { return true; })) == "storage.corrupt");
  value(store->attach(std::make_shared<Counting>("1")));
  append_some(*store, 1);
  value(store->wait_for("counting", 51, patience));
  BOOST_TEST(count_of(*store->projection_rows("counting"), "stream/0") == 18u);
}

BOOST_AUTO_TEST_CASE(a_second_runner_is_found_by_its_traces_and_nothing_is_applied_twice) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>("1")));
  append_some(*store, 3);
  value(store->wait_for("counting", 3, patience));
  {  // another runner moves the checkpoint back
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    auto checkpoint = value(load_checkpoint(transaction, "counting")).value();
    checkpoint.sequence = 1;
    value(transaction.put(Table::checkpoints, view("counting"), checkpoint.encode()));
    value(transaction.commit());
  }
  append_some(*store, 1);
  const auto waited = store->wait_for("counting", 4, patience);
  BOOST_TEST(code_of(waited) == "storage.projection_conflict");
  BOOST_TEST(count_of(*store->projection_rows("counting"), "stream/0") == 1u);
  append_some(*store, 3);  // appends do not care
  BOOST_TEST(store->last_sequence() == 7u);
  BOOST_TEST(code_of(store->wait_for("counting", 7, patience)) == "storage.projection_conflict");
}

BOOST_AUTO_TEST_CASE(of_two_runners_at_once_the_slower_one_stops) {
  TemporaryDirectory directory;
  make_store(directory.path(), 20);
  {
    auto store = open_or_throw(directory.path());
    append_some(*store, 40);
  }
  const auto environment = value(Environment::open(directory.path(), false));
  const auto projection = std::make_shared<Counting>("1");
  const auto checkpoint = stored(*environment);
  Projector first(environment, small_batch), second(environment, small_batch);
  value(first.attach(projection, checkpoint));
  value(second.attach(projection, checkpoint));
  BOOST_TEST(first.catch_up());
  BOOST_TEST(!second.catch_up());
  BOOST_TEST(code_of(second.wait_for("counting", 60, patience)) == "storage.projection_conflict");
  while (first.catch_up()) {
  }
  value(first.wait_for("counting", 60, patience));
  BOOST_TEST(count_of(*stored_rows(environment, "counting"), "stream/0") == 21u);
}

BOOST_AUTO_TEST_CASE(checkpoints_of_older_programs_are_read) {
  events::Bytes older(8, 0);
  older[0] = 17;
  for (const std::uint8_t byte : {8, 0, 0, 0, 0, 0, 0, 0}) older.push_back(byte);
  for (const char letter : std::string("memory/1")) older.push_back(static_cast<std::uint8_t>(letter));
  const auto checkpoint = Checkpoint::decode(older);
  BOOST_REQUIRE(checkpoint);
  BOOST_TEST(checkpoint->sequence == 17u);
  BOOST_TEST(checkpoint->schema == "memory/1");
  BOOST_TEST(checkpoint->generation == 0u);
  auto newer = *checkpoint;
  newer.generation = 3;
  newer.building = Checkpoint::Building{9, "memory/2", 4};
  newer.leaving = {1, 2};
  BOOST_TEST((Checkpoint::decode(newer.encode()) == newer));
  auto cut = newer.encode();
  cut.pop_back();
  BOOST_TEST(!Checkpoint::decode(cut));
}

BOOST_AUTO_TEST_SUITE_END()
