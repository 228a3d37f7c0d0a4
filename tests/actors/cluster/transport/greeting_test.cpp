#include "actors/cluster/transport/greeting.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::cluster;
using storage::testing::code_of;

namespace {

events::NodeHelloT hello(const std::string& node, char digit, std::uint64_t incarnation = 1) {
  events::NodeHelloT made;
  made.node = node;
  made.identity = std::string(32, digit);
  made.incarnation = incarnation;
  made.event_kinds = readable_event_kinds();
  return made;
}

const events::NodeHelloT own = hello("node-a", 'a');

}  // namespace

BOOST_AUTO_TEST_SUITE(greeting)

BOOST_AUTO_TEST_CASE(a_node_with_a_name_and_an_identity_of_its_own_is_greeted) {
  BOOST_TEST(code_of(check_hello(hello("node-b", 'b'), {own})) == "");
}

BOOST_AUTO_TEST_CASE(a_copy_of_our_store_is_refused_under_any_name) {
  BOOST_TEST(code_of(check_hello(hello("node-a", 'a', 2), {own})) == "cluster.same_node");
  BOOST_TEST(code_of(check_hello(hello("node-b", 'a', 2), {own})) == "cluster.same_node");
}

BOOST_AUTO_TEST_CASE(our_own_name_is_refused) {
  BOOST_TEST(code_of(check_hello(hello("node-a", 'b'), {own})) == "cluster.same_name");
}

BOOST_AUTO_TEST_CASE(two_stores_cannot_share_a_name) {
  const auto known = hello("node-b", 'b');
  BOOST_TEST(code_of(check_hello(hello("node-b", 'c', 9), {own, nullptr, &known})) == "cluster.same_name");
}

BOOST_AUTO_TEST_CASE(a_later_start_of_a_known_node_is_greeted_and_an_earlier_one_is_not) {
  const auto known = hello("node-b", 'b', 5);
  BOOST_TEST(code_of(check_hello(hello("node-b", 'b', 6), {own, nullptr, &known})) == "");
  BOOST_TEST(code_of(check_hello(hello("node-b", 'b', 5), {own, nullptr, &known})) == "");
  BOOST_TEST(code_of(check_hello(hello("node-b", 'b', 4), {own, nullptr, &known})) == "cluster.old_start");
}

BOOST_AUTO_TEST_CASE(a_key_belongs_to_one_name) {
  const AllowedPeer other{"node-c", {}};
  BOOST_TEST(code_of(check_hello(hello("node-b", 'b'), {own, &other})) == "cluster.wrong_key");
}

BOOST_AUTO_TEST_CASE(a_name_that_could_leave_its_folder_is_refused) {
  for (const std::string name : {"", ".", "..", "../x", "a/b", "a b", "a\n", "ä", "x\x01"})
    BOOST_TEST(code_of(check_hello(hello(name, 'b'), {own})) == "cluster.bad_name", name);
  BOOST_TEST(code_of(check_node_name(std::string(65, 'a'))) == "cluster.bad_name");
  BOOST_TEST(code_of(check_node_name("node-1.eu_west")) == "");
}

BOOST_AUTO_TEST_CASE(an_identity_is_32_hexadecimal_digits) {
  auto odd = hello("node-b", 'b');
  for (const std::string& identity :
       {std::string(), std::string(31, 'b'), std::string(32, 'g'), std::string(32, 'B')}) {
    odd.identity = identity;
    BOOST_TEST(code_of(check_hello(odd, {own})) == "cluster.malformed", identity);
  }
}

BOOST_AUTO_TEST_SUITE_END()
