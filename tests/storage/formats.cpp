// Stores that older programs wrote. tests/golden/stores/README.md says what is in them.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "storage/heads.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// A copy of the golden store of a format.
struct GoldenStore {
  TemporaryDirectory directory;
  explicit GoldenStore(const std::string& format) {
    std::filesystem::copy(std::filesystem::path(GOLDEN_STORES) / format, directory.path(),
                          std::filesystem::copy_options::recursive);
    std::filesystem::permissions(file(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  std::filesystem::path file() const { return directory.path() / "events.mdb"; }
  std::string content() const { return content_of(file()); }
  std::uint64_t format() const {
    const auto environment = value(Environment::open(directory.path(), false));
    const auto transaction = value(environment->read());
    return *decode_number(*value(transaction.get(Table::meta, view("format"))));
  }
};

struct OldStore : GoldenStore {
  OldStore() : GoldenStore("format-1") {}
};

StoreOptions read_only() {
  StoreOptions options;
  options.read_only = true;
  return options;
}

void check_content(const EventStore& store) {
  BOOST_TEST(value(store.verify()) == 6u);
  BOOST_TEST(store.last_sequence() == 6u);
  BOOST_TEST((value(store.streams()) == std::vector<std::string>{"a", "b"}));
  BOOST_TEST(value(store.stream_version("a")) == 4u);
  BOOST_TEST(value(store.stream_version("b")) == 2u);
  BOOST_TEST(value(store.stream_version("c")) == 0u);
  BOOST_TEST(value(store.epoch("a")) == 2u);  // by an append
  BOOST_TEST(value(store.epoch("b")) == 3u);  // raised, then used
  BOOST_TEST(value(store.epoch("c")) == 5u);  // raised before its first event
  BOOST_TEST(value(store.epoch("d")) == 1u);
  std::vector<std::string> goals;
  value(store.read_all(1, [&](const events::Recorded& event) {
    goals.push_back(goal_of(event));
    return true;
  }));
  BOOST_TEST((goals == std::vector<std::string>{"a-1", "b-1", "a-2", "b-2", "a-3", "a-4"}));
  BOOST_TEST(goal_of(*value(store.find("a", 4))) == "a-4");
  BOOST_TEST((value(store.find_reply("a", "console", 2)) == events::Bytes{1, 2, 2}));
  BOOST_TEST((value(store.load_snapshot("a"))->bytes == events::Bytes{7, 7, 7}));
  const auto pending = value(store.outbox("a"));
  BOOST_REQUIRE(pending.size() == 1u);  // the first one was acknowledged
  BOOST_TEST(pending[0].id == 2u);
  BOOST_TEST(count_of(*store.projection_rows("counting"), "a") == 4u);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(formats, OldStore)

BOOST_AUTO_TEST_CASE(a_store_of_format_1_is_read_as_it_is) {
  const std::string before = content();
  check_content(*open_or_throw(directory.path(), read_only()));
  BOOST_TEST((content() == before));
  BOOST_TEST(format() == 1u);
}

BOOST_AUTO_TEST_CASE(a_store_of_format_1_is_carried_over_when_it_is_opened_for_writing) {
  check_content(*open_or_throw(directory.path()));
  BOOST_TEST(format() == 2u);  // which the program of format 1 refuses
  check_content(*open_or_throw(directory.path()));
}

BOOST_AUTO_TEST_CASE(what_was_carried_over_goes_on_where_it_stood) {
  {
    const auto store = open_or_throw(directory.path());
    const auto counting = std::make_shared<Counting>();
    value(store->attach(counting));
    AppendRequest request = one("a", "a-5", Expected::exactly(4));
    BOOST_TEST(code_of(store->append(std::move(request))) == "storage.fenced");  // epoch 1
    request = one("a", "a-5", Expected::exactly(4));
    request.epoch = 2;
    request.outbox.push_back(message_to("b", 3));
    const Appended appended = value(store->append(std::move(request)));
    BOOST_TEST(appended.first_sequence == 7u);
    BOOST_TEST(appended.version == 5u);
    BOOST_TEST(value(store->outbox("a")).back().id == 3u);  // ids go on
    AppendRequest again = one("a");
    again.sender = "console";
    again.number = 1;
    BOOST_TEST(value(store->append(std::move(again))).repeated);
    BOOST_TEST(code_of(store->append(one("c"))) == "storage.fenced");
    value(store->wait_for("counting", 7, std::chrono::seconds(60)));
    BOOST_TEST((digest(*counting, *store->projection_rows("counting")) == rebuilt_digest(*store, *counting)));
  }
  const auto store = open_or_throw(directory.path(), read_only());
  BOOST_TEST(value(store->verify()) == 7u);
  BOOST_TEST(value(store->find("a", 5))->origin_node == "golden");
}

BOOST_AUTO_TEST_CASE(stores_of_later_formats_are_read_and_go_on_in_theirs) {
  for (const std::uint64_t number : {4, 8}) {
    BOOST_TEST_CONTEXT("format " << number) {
      const GoldenStore golden("format-" + std::to_string(number));
      check_content(*open_or_throw(golden.directory.path(), read_only()));
      {
        const auto store = open_or_throw(golden.directory.path());
        check_content(*store);
        AppendRequest request = one("a", "a-5", Expected::exactly(4));
        request.epoch = 2;
        BOOST_TEST(value(store->append(std::move(request))).first_sequence == 7u);
        AppendRequest again = one("a");
        again.sender = "console";
        again.number = 2;
        BOOST_TEST((value(store->append(std::move(again))).reply == events::Bytes{1, 2, 2}));
      }
      BOOST_TEST(value(open_or_throw(golden.directory.path())->verify()) == 7u);
      BOOST_TEST(golden.format() == number);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_store_of_format_1_whose_end_is_missing_is_not_carried_over) {
  {
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    value(transaction.erase(Table::events, SequenceKey(6)));
    value(transaction.erase(Table::streams, Key().name("a").number(4)));
    value(transaction.commit());
  }
  BOOST_TEST(code_of(EventStore::open(directory.path())) == "storage.corrupt");
  BOOST_TEST(format() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(heads)

BOOST_AUTO_TEST_CASE(an_id_of_a_message_is_never_used_again) {
  TemporaryDirectory directory;
  std::uint64_t newest = 0;
  for (int life = 0; life < 3; ++life) {
    const auto store = open_or_throw(directory.path());
    AppendRequest request = one("a");
    request.outbox.push_back(message_to("b", 1));
    value(store->append(std::move(request)));
    const auto pending = value(store->outbox("a"));
    BOOST_REQUIRE(pending.size() == 1u);
    BOOST_TEST(pending[0].id > newest);
    newest = pending[0].id;
    value(store->acknowledge("a", newest));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_put_behind_a_last_record_that_was_changed) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(one("a", "first")));
  value(open_or_throw(directory.path())->append(one("a", "second")));
  {
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    const auto stored = *value(transaction.get(Table::events, SequenceKey(2)));
    events::Bytes record(stored.begin(), stored.end());
    const std::string word = "second";
    *std::search(record.begin(), record.end(), word.begin(), word.end()) ^= 4;
    value(transaction.put(Table::events, SequenceKey(2), record));
    value(transaction.commit());
  }
  const auto store = open_or_throw(directory.path());
  const auto refused = store->append(one("b"));
  BOOST_TEST(code_of(refused) == "storage.corrupt");
  BOOST_TEST(refused.error().where == "sequence 2");
  BOOST_TEST(store->last_sequence() == 2u);
  BOOST_TEST(code_of(store->find("a", 1)) == "");  // what is sound can be read
}

BOOST_AUTO_TEST_CASE(a_raised_epoch_fences_at_once) {
  TemporaryDirectory directory;
  const auto store = open_or_throw(directory.path());
  value(store->append(one("a")));  // the writer knows its head now
  value(store->raise_epoch("a", 4));
  BOOST_TEST(code_of(store->append(one("a"))) == "storage.fenced");
  AppendRequest owner = one("a");
  owner.epoch = 4;
  BOOST_TEST(value(store->append(std::move(owner))).version == 2u);
  BOOST_TEST(value(store->epoch("a")) == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
