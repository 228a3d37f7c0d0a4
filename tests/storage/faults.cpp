// What verify finds: everything that is wrong, by name, whatever the number of threads.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/verification.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::uint64_t all = 2500;  // several ranges for several threads

/// A store to damage copies of, and what is in it.
struct Original {
  TemporaryDirectory directory;
  std::vector<events::Recorded> events;

  Original() {
    auto store = open_or_throw(directory.path());
    for (std::uint64_t i = 1; i < all; ++i)
      store->append_async(one(i % 97 == 0 ? "rare" : "s/" + std::to_string(i % 5), std::to_string(i)),
                          [](const Result<Appended>&) {});
    value(store->append(one("last")));
    value(store->read_all(1, [&](const events::Recorded& event) {
      events.push_back(event);
      return true;
    }));
  }
};
const Original& original() {
  static const Original one;
  return one;
}

class Damaged {
 public:
  Damaged() {
    std::filesystem::copy(original().directory.path() / "events.mdb", directory_.path() / "events.mdb");
  }
  template <class Change>
  void change(Change how) {
    const auto environment = value(Environment::open(directory_.path(), false));
    auto transaction = value(environment->write());
    how(transaction);
    value(transaction.commit());
  }
  Verification verify(unsigned threads, std::size_t max_faults = 100) const {
    VerifyOptions options;
    options.threads = threads;
    options.max_faults = max_faults;
    return value(open_or_throw(directory_.path())->verify(options));
  }

 private:
  TemporaryDirectory directory_;
};

events::Bytes record(const WriteTransaction& transaction, std::uint64_t sequence) {
  const auto bytes = *value(transaction.get(Table::events, SequenceKey(sequence)));
  return {bytes.begin(), bytes.end()};
}

Key index_of(std::uint64_t sequence) {
  const auto& event = original().events.at(sequence - 1);
  return Key().name(event.stream).number(event.version);
}

std::set<std::uint64_t> sequences(const Verification& found) {
  std::set<std::uint64_t> named;
  for (const Fault& fault : found.faults) named.insert(fault.sequence);
  return named;
}

/// Damages one record or its index entry; the sequences that must be named.
std::set<std::uint64_t> damage(WriteTransaction& t, std::uint64_t at, std::uint64_t other,
                               std::mt19937_64& random) {
  auto bytes = record(t, at);
  switch (random() % 6) {
    case 0:
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      value(t.put(Table::events, SequenceKey(at), bytes));
      return {at};
    case 1:
      value(t.erase(Table::events, SequenceKey(at)));
      return {at};
    case 2:
      value(t.put(Table::events, SequenceKey(at), record(t, other)));
      value(t.put(Table::events, SequenceKey(other), bytes));
      return {at, other};
    case 3:  // repeated
      value(t.put(Table::events, SequenceKey(other), bytes));
      return {other};
    case 4:
      value(t.erase(Table::streams, index_of(at)));
      return {at};
    default:
      value(t.put(Table::streams, index_of(at), encode_number(other)));
      return {at};
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(a_sound_history_is_sound_for_any_number_of_threads) {
  const Damaged sound;
  for (const unsigned threads : {1u, 2u, 5u}) {
    const auto found = sound.verify(threads);
    BOOST_TEST(found.intact());
    BOOST_TEST(found.events == all);
    BOOST_TEST(found.threads == threads);
    BOOST_TEST(found.seconds > 0);
  }
}

BOOST_AUTO_TEST_CASE(any_damage_is_named_and_nothing_else_is) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 40; ++i) {
      Damaged damaged;
      const std::uint64_t at = 1 + random() % all;
      std::uint64_t other = 1 + random() % all;
      if (other == at) other = at % all + 1;
      std::set<std::uint64_t> wanted;
      damaged.change([&](WriteTransaction& t) { wanted = damage(t, at, other, random); });
      const auto found = damaged.verify(1 + static_cast<unsigned>(random() % 3));
      BOOST_TEST_CONTEXT("round " << i << ", " << at << " and " << other << ", first: "
                                  << (found.faults.empty() ? "none" : found.faults.front().message)) {
        BOOST_TEST(sequences(found) == wanted, boost::test_tools::per_element());
        BOOST_TEST(found.fault_count == wanted.size());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bit_that_makes_a_record_one_of_another_stream_is_blamed_on_nobody_else) {
  // Of "s/0" and "s/4", which differ in one bit: a record that could be the next one of the other stream.
  const auto& events = original().events;
  std::map<std::string, std::uint64_t> versions;
  std::uint64_t at = 0;
  for (const auto& event : events) {
    if (event.stream == "s/4" && event.version == versions["s/0"] + 1) at = event.sequence;
    versions[event.stream] = event.version;
  }
  BOOST_REQUIRE(at > 0);
  Damaged damaged;
  damaged.change([&](WriteTransaction& t) {
    auto bytes = record(t, at);
    const std::string name = "s/4";
    const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end());
    BOOST_REQUIRE(found != bytes.end());
    found[2] = '0';
    value(t.put(Table::events, SequenceKey(at), bytes));
  });
  for (const unsigned threads : {1u, 3u})
    BOOST_TEST((sequences(damaged.verify(threads)) == std::set<std::uint64_t>{at}));
}

BOOST_AUTO_TEST_CASE(several_faults_are_all_named_in_order) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 8; ++i) {
      Damaged damaged;
      std::set<std::uint64_t> wanted;
      damaged.change([&](WriteTransaction& t) {
        for (std::uint64_t at = 100; at + 100 < all; at += 200) {
          const auto more = damage(t, at + random() % 90, at + 90 + random() % 90, random);
          wanted.insert(more.begin(), more.end());
        }
      });
      const auto found = damaged.verify(2);
      const auto named = sequences(found);
      for (const std::uint64_t sequence : wanted)
        BOOST_TEST(named.contains(sequence), "round " << i << ": " << sequence << " is not named");
      BOOST_TEST(*named.begin() == *wanted.begin());
      BOOST_TEST(std::ranges::is_sorted(found.faults, {}, &Fault::sequence));
      const auto few = damaged.verify(2, 3);
      BOOST_TEST(few.faults.size() == 3u);
      BOOST_TEST(few.fault_count == found.fault_count);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_index_entry_of_no_event_is_found) {
  Damaged damaged;
  damaged.change([](WriteTransaction& t) {
    value(t.put(Table::streams, Key().name("ghost").number(1), encode_number(17)));
  });
  const auto found = damaged.verify(2);
  BOOST_TEST(found.fault_count == 1u);
  BOOST_TEST(found.faults.at(0).sequence == 17u);
  BOOST_TEST(found.faults.at(0).message == "the index says that it is ghost#1");
}

BOOST_AUTO_TEST_CASE(a_record_beyond_the_end_is_found) {
  Damaged damaged;
  damaged.change(
      [](WriteTransaction& t) { value(t.put(Table::events, SequenceKey(all + 5), record(t, 3))); });
  BOOST_TEST(!damaged.verify(1).intact());
}

BOOST_AUTO_TEST_CASE(progress_goes_up_and_reaches_the_end) {
  std::uint64_t last = 0;
  bool ascending = true;
  VerifyOptions options;
  options.threads = 2;
  options.progress = [&](std::uint64_t done, std::uint64_t of) {
    ascending = ascending && done >= last && of == all;
    last = done;
  };
  BOOST_TEST(value(open_or_throw(original().directory.path())->verify(options)).intact());
  BOOST_TEST(ascending);
  BOOST_TEST(last == all);
}

BOOST_AUTO_TEST_CASE(what_is_appended_meanwhile_is_no_fault) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 1500; ++i) store->append_async(one("a"), [](const Result<Appended>&) {});
  value(store->append(one("a")));
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (int i = 0; !done; ++i) value(store->append(one(i % 2 ? "a" : "new/" + std::to_string(i))));
  });
  for (int i = 0; i < 15; ++i) {
    VerifyOptions options;
    options.threads = 2;
    BOOST_TEST(value(store->verify(options)).intact());
  }
  done = true;
}

BOOST_AUTO_TEST_SUITE_END()
