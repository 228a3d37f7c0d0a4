#include <boost/test/unit_test.hpp>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(the_newest_snapshot_comes_back_after_reopening) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    BOOST_TEST(!value(store->load_snapshot("a")).has_value());
    value(store->save_snapshot("a", {3, "State/1", {1, 2, 3}}));
    value(store->save_snapshot("a", {5, "State/2", {4}}));
  }
  const auto snapshot = value(open_or_throw(directory.path())->load_snapshot("a"));
  BOOST_REQUIRE(snapshot.has_value());
  BOOST_TEST(snapshot->version == 5u);
  BOOST_TEST(snapshot->schema == "State/2");
  BOOST_TEST((snapshot->bytes == events::Bytes{4}));
}

BOOST_AUTO_TEST_CASE(an_empty_snapshot_is_a_snapshot) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->save_snapshot("a", {0, "", {}}));
  BOOST_TEST(value(store->load_snapshot("a")).has_value());
  BOOST_TEST(!value(store->load_snapshot("b")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
