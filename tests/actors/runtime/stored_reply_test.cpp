#include "actors/runtime/stored_reply.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

using namespace automodel;
using namespace automodel::actors;

namespace {

events::ReplyT accepted_at(std::uint64_t version) {
  events::ReplyT reply;
  reply.accepted = true;
  reply.version = version;
  return reply;
}

void comes_back(const events::ReplyT& reply) {
  const auto read = unpack_reply(pack_reply(reply));
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST((events::pack(*read) == events::pack(reply)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stored_reply)

BOOST_AUTO_TEST_CASE(a_plain_reply_takes_the_bytes_of_its_version) {
  BOOST_TEST(pack_reply(accepted_at(0)).empty());
  BOOST_TEST(pack_reply(accepted_at(300)).size() == 2u);
}

BOOST_AUTO_TEST_CASE(every_plain_reply_comes_back) {
  for (int bits = 0; bits < 64; ++bits) {
    comes_back(accepted_at(std::uint64_t{1} << bits));
    comes_back(accepted_at((std::uint64_t{1} << bits) - 1));
  }
  comes_back(accepted_at(std::numeric_limits<std::uint64_t>::max()));
}

BOOST_AUTO_TEST_CASE(a_reply_that_says_more_comes_back) {
  auto reply = accepted_at(7);
  reply.subject = "goal-1";
  comes_back(reply);
  reply = accepted_at(7);
  reply.stop = true;
  comes_back(reply);
  reply = accepted_at(7);
  reply.accepted = false;
  reply.failure = std::make_unique<events::FailureT>();
  reply.failure->code = "agents.no_such_goal";
  comes_back(reply);
}

BOOST_AUTO_TEST_CASE(a_reply_that_an_older_program_packed_is_read) {
  const auto read = unpack_reply(events::pack(accepted_at(7)));
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST((read->accepted && read->version == 7u));
}

BOOST_AUTO_TEST_CASE(garbage_is_an_error) { BOOST_TEST(!unpack_reply(events::Bytes(40, 0xff)).has_value()); }

BOOST_AUTO_TEST_SUITE_END()
