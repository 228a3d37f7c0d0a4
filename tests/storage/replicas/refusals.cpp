#include <boost/test/unit_test.hpp>

#include "tests/storage/replicas/two_histories.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// Six events of two streams at the origin, two of them in the replica.
struct Begun : Followed {
  std::vector<events::Bytes> all;
  Begun() {
    for (int i = 0; i < 3; ++i) {
      value(a.store->append(one("autotrain/main", "goal-" + std::to_string(i))));
      value(a.store->append(one("coordinator/main", "goal-" + std::to_string(i))));
    }
    all = records_of(*a.store);
    value(replica->write(0, {all[0], all[1]}));
  }
  /// What the replica says; it must be as it was.
  std::string code(std::uint64_t after, std::vector<events::Bytes> records) {
    const auto code = code_of(replica->write(after, std::move(records)));
    BOOST_TEST((records_of(replica->events()) == std::vector<events::Bytes>{all[0], all[1]}));
    BOOST_TEST(value(replica->events().verify()) == 2u);
    return code;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_in_a_record_is_found) {
  Begun nodes;
  for (std::size_t at = 0; at < nodes.all[2].size(); ++at) {
    auto changed = nodes.all[2];
    changed[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
    BOOST_TEST(nodes.code(2, {changed}) != "");
  }
  value(nodes.replica->write(2, {nodes.all[2]}));
}

BOOST_AUTO_TEST_CASE(gaps_other_orders_and_what_is_no_record_are_refused_as_a_whole) {
  Begun nodes;
  const auto& all = nodes.all;
  BOOST_TEST(nodes.code(3, {all[3]}) == "storage.corrupt");
  BOOST_TEST(nodes.code(2, {all[3]}) == "storage.corrupt");
  BOOST_TEST(nodes.code(2, {all[2], all[4]}) == "storage.corrupt");
  BOOST_TEST(nodes.code(2, {all[3], all[2]}) == "storage.corrupt");
  BOOST_TEST(nodes.code(2, {all[2], all[3], {1, 2, 3}}) == "storage.corrupt");
  BOOST_TEST(nodes.code(2, {events::Bytes{}}) == "storage.corrupt");
  nodes.catch_up();
  BOOST_TEST((records_of(nodes.replica->events()) == all));
}

BOOST_AUTO_TEST_CASE(another_history_of_the_origin_is_refused_and_the_old_one_stays) {
  Begun nodes;
  Place other("a");  // a store that was made anew under the old name
  for (int i = 0; i < 6; ++i) value(other.store->append(one("autotrain/main", "other")));
  const auto changed = records_of(*other.store);
  BOOST_TEST(nodes.code(0, {changed[0]}) == "storage.diverged");
  BOOST_TEST(nodes.code(2, {changed[2]}) != "");
  // The origin sees it, too, and also where it is shorter than the replica.
  const auto at = value(nodes.replica->position());
  BOOST_TEST(code_of(value(SharedHistory::open(*other.store)).read(at, 1)) == "storage.diverged");
  Place empty("a");
  BOOST_TEST(code_of(value(SharedHistory::open(*empty.store)).read(at, 1)) == "storage.diverged");
}

BOOST_AUTO_TEST_CASE(an_event_after_others_of_the_origin_is_refused_though_its_own_stream_is_whole) {
  Begun nodes;
  Place other("a");  // the first two are not those of the replica, the third begins a stream
  value(other.store->append(one("coordinator/main", "goal-0")));
  value(other.store->append(one("autotrain/main", "goal-0")));
  value(other.store->append(one("autoperf/main", "goal-0")));
  BOOST_TEST(nodes.code(2, {records_of(*other.store)[2]}) == "storage.diverged");
}

BOOST_AUTO_TEST_CASE(a_node_of_that_name_with_another_store_is_refused) {
  Begun nodes;
  nodes.replica.reset();
  BOOST_TEST(code_of(nodes.try_open("second")) == "storage.diverged");
  nodes.replica = nodes.open();
  BOOST_TEST(value(nodes.replica->position()).sequence == 2u);
}

BOOST_AUTO_TEST_CASE(a_store_of_its_own_is_made_no_replica) {
  Place a("a"), b("b");
  value(a.store->append(one("autotrain/main")));
  a.store.reset();
  BOOST_TEST(code_of(Replica::open(a.directory.path(), {"a", "first"}, *b.store)) == "storage.bad_request");
  a.open();
  BOOST_TEST(value(a.store->verify()) == 1u);
}

BOOST_AUTO_TEST_CASE(an_origin_that_says_the_follower_wrote_what_it_did_not_is_refused) {
  Followed nodes;
  // The origin took over an agent of a node that is called b as well, and is another one.
  Place liar("b");
  for (std::uint64_t i = 1; i <= 3; ++i) value(liar.store->append(command("autotrain/main", i)));
  Move move{liar, nodes.a, "autotrain/main"};
  move.all();
  const auto at = value(nodes.replica->position());
  BOOST_TEST(code_of(nodes.replica->write(0, records_of(*nodes.a.store))) == "storage.diverged");
  BOOST_TEST(value(nodes.replica->position()).sequence == at.sequence);
}

BOOST_AUTO_TEST_SUITE_END()
