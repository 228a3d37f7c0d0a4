#include <boost/test/unit_test.hpp>

#include "actors/cluster/transport/frames.hpp"
#include "tests/fuzz/mutations.hpp"

using namespace automodel;

BOOST_AUTO_TEST_SUITE(frame_fuzz)

BOOST_AUTO_TEST_CASE(frames_and_what_becomes_of_them_are_read_or_refused) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST(fuzz::feed_corpus(CLUSTER_FRAME_CORPUS, seed, 20'000) >= 4u);
}

BOOST_AUTO_TEST_CASE(the_corpus_has_a_frame_of_each_kind_that_is_still_read) {
  int hellos = 0, refusals = 0, batches = 0;
  for (const auto& content : fuzz::corpus(CLUSTER_FRAME_CORPUS)) {
    events::Bytes scratch;
    const auto frame =
        cluster::decode({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()}, scratch);
    if (!frame) continue;
    hellos += frame->hello.has_value();
    refusals += frame->refusal.has_value();
    batches += frame->batch.has_value();
  }
  BOOST_TEST(hellos > 0);
  BOOST_TEST(refusals > 0);
  BOOST_TEST(batches > 0);
}

BOOST_AUTO_TEST_SUITE_END()
