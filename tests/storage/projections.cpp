#include <boost/test/unit_test.hpp>

#include "storage/lmdb/environment.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::chrono::seconds patience{20};

/// Fails at one sequence.
class Failing final : public Projection {
 public:
  std::string name() const override { return "failing"; }
  std::string schema() const override { return "1"; }
  std::vector<std::string> tables() const override { return {"rows"}; }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    if (event.sequence == 3) throw std::runtime_error("three is too many");
    rows.put("rows", std::to_string(event.sequence), events::Bytes{1});
  }
};

void append_some(EventStore& store, int count) {
  for (int i = 0; i < count; ++i)
    store.append_async(one("stream/" + std::to_string(i % 3)), [](const Result<Appended>& r) { value(r); });
  value(store.append(one("last")));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(projections)

BOOST_AUTO_TEST_CASE(stored_rows_equal_rows_rebuilt_in_memory) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto counting = std::make_shared<Counting>();
  value(store->attach(counting));
  append_some(*store, 700);
  value(store->wait_for("counting", store->last_sequence(), patience));
  const auto rows = store->projection_rows("counting");
  BOOST_TEST(count_of(*rows, "stream/0") == 234u);
  BOOST_TEST((digest(*counting, *rows) == rebuilt_digest(*store, *counting)));
  BOOST_TEST((digest(*counting, *rows) != digest(*counting, MapRows())));
}

BOOST_AUTO_TEST_CASE(every_event_is_applied_exactly_once_across_reopening) {
  TemporaryDirectory directory;
  const auto counting = std::make_shared<Counting>();
  for (int round = 0; round < 4; ++round) {
    auto store = open_or_throw(directory.path());
    if (round != 2) value(store->attach(counting));  // once it is left behind
    append_some(*store, 30);
  }
  auto store = open_or_throw(directory.path());
  value(store->attach(counting));
  BOOST_TEST(count_of(*store->projection_rows("counting"), "last") == 4u);
  BOOST_TEST((digest(*counting, *store->projection_rows("counting")) == rebuilt_digest(*store, *counting)));
}

BOOST_AUTO_TEST_CASE(a_projection_of_another_schema_is_rebuilt_from_scratch) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    value(store->attach(std::make_shared<Counting>("1")));
    append_some(*store, 20);
    value(store->wait_for("counting", store->last_sequence(), patience));
  }
  {  // a row that only a rebuild removes
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    value(transaction.put(Table::rows, view(std::string_view("counting\0counts\0ghost", 21)), view("5")));
    value(transaction.commit());
  }
  auto same = open_or_throw(directory.path());
  value(same->attach(std::make_shared<Counting>("1")));
  BOOST_TEST(count_of(*same->projection_rows("counting"), "ghost") == 5u);
  same.reset();
  auto other = open_or_throw(directory.path());
  value(other->attach(std::make_shared<Counting>("2")));
  value(other->wait_for("counting", other->last_sequence(), patience));
  BOOST_TEST(count_of(*other->projection_rows("counting"), "ghost") == 0u);
  const Counting counting;
  BOOST_TEST((digest(counting, *other->projection_rows("counting")) == rebuilt_digest(*other, counting)));
}

BOOST_AUTO_TEST_CASE(a_failing_projection_stops_and_says_why_while_appends_go_on) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>()));
  value(store->attach(std::make_shared<Failing>()));
  for (int i = 0; i < 5; ++i) value(store->append(one("a")));
  const auto waited = store->wait_for("failing", 5, patience);
  BOOST_TEST(code_of(waited) == "storage.projection_failed");
  BOOST_TEST(waited.error().message.find("three is too many") != std::string::npos);
  BOOST_TEST(waited.error().where == "sequence 3");
  value(store->wait_for("counting", 5, patience));
  BOOST_TEST(count_of(*store->projection_rows("counting"), "a") == 5u);
}

BOOST_AUTO_TEST_CASE(waiting_ends_with_an_error_where_nothing_comes) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  BOOST_TEST(code_of(store->wait_for("nobody", 1, patience)) == "storage.no_such_projection");
  value(store->attach(std::make_shared<Counting>()));
  BOOST_TEST(code_of(store->wait_for("counting", 1, std::chrono::milliseconds(20))) == "storage.timeout");
  BOOST_TEST(code_of(store->attach(std::make_shared<Counting>())) == "storage.bad_request");
}

BOOST_AUTO_TEST_CASE(a_read_only_store_sees_rows_and_events_of_the_running_writer) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>()));
  StoreOptions reading;
  reading.read_only = true;
  const auto reader = open_or_throw(directory.path(), reading);
  value(store->append(one("a")));
  value(reader->wait_for("counting", 1, patience));
  BOOST_TEST(count_of(*reader->projection_rows("counting"), "a") == 1u);
  BOOST_TEST(reader->last_sequence() == 1u);
  BOOST_TEST(value(reader->verify()) == 1u);
  BOOST_TEST(code_of(reader->append(one("a"))) == "storage.read_only");
  BOOST_TEST(code_of(reader->attach(std::make_shared<Counting>())) == "storage.read_only");
}

BOOST_AUTO_TEST_CASE(rows_are_scanned_by_prefix_in_key_order_whether_stored_or_in_memory) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto counting = std::make_shared<Counting>();
  value(store->attach(counting));
  for (const char* stream : {"b/2", "b/1", "a", "b", "c"}) value(store->append(one(stream)));
  value(store->wait_for("counting", 5, patience));
  MapRows map;
  value(store->read_all(1, [&](const events::Recorded& event) {
    counting->apply(map, event);
    return true;
  }));
  const auto keys = [](const RowReader& rows, std::string_view prefix) {
    std::string found;
    rows.scan("counts", prefix, [&](std::string_view key, events::ByteView) {
      found += std::string(key) + " ";
      return key != "b/1";
    });
    return found;
  };
  const auto stored = store->projection_rows("counting");
  for (const RowReader* rows : {static_cast<const RowReader*>(&map), stored.get()}) {
    BOOST_TEST(keys(*rows, "b") == "b b/1 ");
    BOOST_TEST(keys(*rows, "c") == "c ");
    BOOST_TEST(keys(*rows, "x") == "");
  }
}

BOOST_AUTO_TEST_SUITE_END()
