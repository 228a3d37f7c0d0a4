// Stores that older and newer programs wrote.
#include "events/evolution.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/memory/memory.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// A later version of the program, which says who paused in brackets.
void in_brackets(events::EventT& event) {
  event.body.AsGoalPaused()->by = "[" + event.body.AsGoalPaused()->by + "]";
}
const events::Upcasters& later_program() {
  static const events::Upcasters upcasters({{events::EventBody::GoalPaused, 0, in_brackets}});
  return upcasters;
}

/// Who paused, by sequence, as projections are told.
class WhoPaused final : public Projection {
 public:
  std::string name() const override { return "who"; }
  std::string schema() const override { return "1"; }
  std::vector<std::string> tables() const override { return {"who"}; }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    const std::string& by = event.event.body.AsGoalPaused()->by;
    rows.put("who", std::to_string(event.sequence), events::Bytes(by.begin(), by.end()));
  }
};

AppendRequest pause(const std::string& by) {
  AppendRequest request;
  request.stream = "a";
  request.time = 1'764'000'000'000'000'000;
  request.events.push_back(paused("goal-1", by));
  return request;
}

std::string who(const events::Recorded& recorded) { return recorded.event.body.AsGoalPaused()->by; }

}  // namespace

BOOST_AUTO_TEST_SUITE(evolution)

BOOST_AUTO_TEST_CASE(every_reader_of_an_older_store_gets_the_newest_form_and_verify_the_original_bytes) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(pause("ann")));
  const events::OtherUpcasters later(later_program());
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<WhoPaused>()));
  value(store->append(pause("bob")));
  const std::vector<std::string> expected = {"[ann]", "bob"};
  std::vector<std::string> all, stream;
  value(store->read_all(1, [&](const events::Recorded& event) {
    all.push_back(who(event));
    return true;
  }));
  value(store->read_stream("a", 1, [&](const events::Recorded& event) {
    stream.push_back(who(event));
    return true;
  }));
  BOOST_TEST(all == expected, boost::test_tools::per_element());
  BOOST_TEST(stream == expected, boost::test_tools::per_element());
  BOOST_TEST(who(*value(store->find("a", 1))) == "[ann]");
  value(store->wait_for("who", 2, std::chrono::seconds(60)));
  const auto row = store->projection_rows("who")->get("who", "1").value();
  BOOST_TEST(std::string(row.begin(), row.end()) == "[ann]");
  BOOST_TEST(value(store->verify()) == 2u);
}

BOOST_AUTO_TEST_CASE(
    a_store_with_events_of_a_newer_program_is_refused_with_their_version_and_left_untouched) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(pause("ann")));
  {
    const events::OtherUpcasters later(later_program());
    value(open_or_throw(directory.path())->append(pause("bob")));
  }
  const std::string before = content_of(directory.path() / "events.mdb");
  StoreOptions reading;
  reading.read_only = true;
  for (const auto& options : {StoreOptions{}, reading}) {
    const auto opened = EventStore::open(directory.path(), options);
    BOOST_TEST(code_of(opened) == "events.newer_kind");
    BOOST_TEST(opened.error().message ==
               "there are events of kind GoalPaused in version 1, this program reads up to version 0");
    BOOST_TEST(!opened.error().where.empty());
  }
  BOOST_TEST((content_of(directory.path() / "events.mdb") == before));
  const events::OtherUpcasters later(later_program());
  BOOST_TEST(value(open_or_throw(directory.path())->verify()) == 2u);
}

/// Each folder of tests/golden/stores was written by the program of its time, and is never written again.
BOOST_AUTO_TEST_CASE(every_store_that_an_older_program_wrote_opens_replays_verifies_and_goes_on) {
  std::size_t stores = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_STORES)) {
    if (!entry.is_directory()) continue;
    ++stores;
    BOOST_TEST_CONTEXT(entry.path()) {
      TemporaryDirectory directory;
      const auto path = directory.path() / "store";
      std::filesystem::copy(entry.path(), path, std::filesystem::copy_options::recursive);
      StoreOptions reading;
      reading.read_only = true;
      std::uint64_t events = 0;
      {
        const auto store = open_or_throw(path, reading);
        events = store->last_sequence();
        BOOST_TEST(events > 0u);
        BOOST_TEST(value(store->verify()) == events);
      }
      const auto store = open_or_throw(path);
      value(store->attach(memory_projection()));
      const auto replayed = value(replay(*store));
      BOOST_TEST(replayed.events == events);
      BOOST_TEST(replayed.match);
      BOOST_TEST(replayed.chain_intact);
      BOOST_TEST(value(store->append(one("golden/main"))).last_sequence == events + 1);
      BOOST_TEST(value(store->verify()) == events + 1);
    }
  }
  BOOST_TEST(stores >= 1u);
}

BOOST_AUTO_TEST_SUITE_END()
