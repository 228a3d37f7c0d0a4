#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

void fill(const std::filesystem::path& directory) {
  auto store = open_or_throw(directory);
  for (int i = 1; i <= 6; ++i)
    value(store->append(one(i % 2 ? "odd" : "even", "marker-" + std::to_string(i))));
  BOOST_REQUIRE(value(store->verify()) == 6u);
}

/// Changes the closed store behind its back.
template <class Change>
void change(const std::filesystem::path& directory, Change how) {
  auto environment = value(Environment::open(directory, false));
  auto transaction = value(environment->write());
  how(transaction);
  value(transaction.commit());
}

events::Bytes record(const WriteTransaction& transaction, std::uint64_t sequence) {
  const auto bytes = *value(transaction.get(Table::events, SequenceKey(sequence)));
  return {bytes.begin(), bytes.end()};
}

std::string fault(const std::filesystem::path& directory) {
  const auto verified = open_or_throw(directory)->verify();
  return verified ? "none" : verified.error().code + " " + verified.error().where;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verification)

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_the_file_is_found_by_verify_and_by_readers) {
  TemporaryDirectory directory;
  fill(directory.path());
  const auto file = directory.path() / "events.mdb";
  std::string content = content_of(file);
  std::size_t flipped = 0;  // old copies of pages hold the marker too
  for (std::size_t at = content.find("marker-4"); at != std::string::npos;
       at = content.find("marker-4", at + 1), ++flipped)
    content[at + 2] ^= 4;
  BOOST_REQUIRE(flipped > 0u);
  std::ofstream(file, std::ios::binary).write(content.data(), std::ssize(content));
  auto store = open_or_throw(directory.path());
  const auto verified = store->verify();
  BOOST_TEST(code_of(verified) == "storage.corrupt");
  BOOST_TEST(verified.error().where == "sequence 4");
  const auto everything = [](const events::Recorded&) { return true; };
  BOOST_TEST(code_of(store->read_all(1, everything)) == "storage.corrupt");
  BOOST_TEST(code_of(store->read_stream("even", 1, everything)) == "storage.corrupt");
  BOOST_TEST(code_of(store->read_stream("odd", 1, everything)) == "");
}

BOOST_AUTO_TEST_CASE(a_missing_event_is_found) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) { value(t.erase(Table::events, SequenceKey(3))); });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 3");
}

BOOST_AUTO_TEST_CASE(exchanged_events_are_found) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) {
    const auto second = record(t, 2), fourth = record(t, 4);
    value(t.put(Table::events, SequenceKey(2), fourth));
    value(t.put(Table::events, SequenceKey(4), second));
  });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 2");
}

BOOST_AUTO_TEST_CASE(an_event_rewritten_with_its_own_hash_is_found_by_the_next_one) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) {
    auto forged = value(events::decode_envelope(record(t, 3)));
    forged.event = paused("forged");
    const auto payload = events::pack(forged.event);
    const auto before = value(events::decode_envelope(record(t, 2)));
    forged.hash = events::event_hash(forged, payload);
    forged.commit_hash = events::commit_hash(before.commit_hash, 3, forged.hash);
    value(t.put(Table::events, SequenceKey(3), events::encode_envelope(forged, payload)));
  });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 4");  // by the chain of commits
}

BOOST_AUTO_TEST_CASE(a_cut_off_end_is_found) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) {
    value(t.erase(Table::events, SequenceKey(6)));
    value(t.erase(Table::streams, Key().name("even").number(3)));
  });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 6");
}

BOOST_AUTO_TEST_CASE(an_index_that_leads_elsewhere_is_found) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) {
    value(t.put(Table::streams, Key().name("odd").number(2), encode_number(1)));
  });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 3");
}

BOOST_AUTO_TEST_CASE(a_head_that_is_not_the_last_event_is_found) {
  TemporaryDirectory directory;
  fill(directory.path());
  change(directory.path(), [](WriteTransaction& t) {
    value(t.put(Table::heads, view("odd"), StreamHead{9, 1, {}}.encode()));
  });
  BOOST_TEST(fault(directory.path()) == "storage.corrupt sequence 6");
}

BOOST_AUTO_TEST_SUITE_END()
