// Segments that are missing, cut short, changed or another's: said clearly, and never read as something else.
#include <boost/test/unit_test.hpp>
#include <random>

#include "storage/artifact_store.hpp"
#include "tests/storage/archive/archived.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

extern "C" int fuzz_segment(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

/// Events 1 to 48 in three segments, the first of which has several blocks.
struct Archived {
  FastDirectory directory;
  fs::path path = directory.path() / "store";
  std::uint64_t last = 0;
  std::vector<events::Bytes> records;

  Archived() {
    {
      const auto store = open_or_throw(path);
      value(store->append(one("large", std::string(150'000, 'x'))));
      value(store->append(one("large", std::string(140'000, 'y'))));
    }
    make_store(path, 60);
    records = records_of(path);
    last = records.size();
    archive_before(path, 49);
    BOOST_REQUIRE(segments_in(path).size() == 3u);
  }
  fs::path segment(std::size_t number) const { return path / "archive" / segments_in(path).at(number); }
};

/// Reads everything; what it got before an error is what was written.
std::string error_of_reading(const Archived& at) {
  StoreOptions reading;
  reading.read_only = true;
  const auto store = open_or_throw(at.path, reading);
  std::uint64_t next = 1;
  const auto read = store->scan(1, at.last, [&](const events::EnvelopeView& event) {
    events::EnvelopeView written;
    BOOST_REQUIRE(events::read_envelope(at.records.at(next - 1), written));
    BOOST_TEST((event.sequence == next && *event.commit_hash == *written.commit_hash &&
                std::ranges::equal(event.payload, written.payload)));
    ++next;
    return true;
  });
  BOOST_TEST((next == at.last + 1) == read.has_value());
  return read ? "" : read.error().code + " " + read.error().where;
}

Verification verified(const Archived& at) {
  StoreOptions reading;
  reading.read_only = true;
  return value(open_or_throw(at.path, reading)->verify(VerifyOptions{}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(damaged_segments)

BOOST_AUTO_TEST_CASE(a_missing_segment_is_named_and_everything_else_can_be_read) {
  const Archived at;
  const auto missing = at.segment(1);
  fs::remove(missing);
  BOOST_TEST(error_of_reading(at) == "storage.corrupt " + missing.string());
  const auto store = open_or_throw(at.path);
  std::uint64_t live = 0;
  value(store->read_all(33, [&](const events::Recorded&) { return ++live > 0; }));
  BOOST_TEST(live == at.last - 32);
  const auto found = verified(at);
  BOOST_REQUIRE(found.fault_count == 1u);
  BOOST_TEST(found.faults[0].sequence == 17u);
  BOOST_TEST(found.faults[0].message == "the segment with events 17 to 32 is missing (" + missing.string() +
                                            "): events 17 to 32 cannot be read");
  AppendRequest request = one("stream/1");
  request.epoch = 100;
  value(store->append(std::move(request)));  // the node goes on
}

BOOST_AUTO_TEST_CASE(
    a_stream_whose_last_event_is_in_a_damaged_segment_goes_on_and_is_whole_with_the_file_back) {
  const Archived at;
  const auto path = at.segment(0);
  const std::string whole = content_of(path);
  for (const std::string& content : {std::string(), whole.substr(0, whole.size() / 2)}) {
    write_file(path, content);
    const auto store = open_or_throw(at.path);
    BOOST_TEST(code_of(store->find("large", 2)) == "storage.corrupt");
    const auto version = value(store->stream_version("large"));
    BOOST_TEST(code_of(store->append(one("large", "goal-1", Expected::exactly(version - 1)))) ==
               "storage.version_conflict");
    value(store->append(one("large", "goal-1", Expected::exactly(version))));
  }
  write_file(path, whole);
  BOOST_TEST(verified(at).intact());  // what was appended follows what is in the segment
}

BOOST_AUTO_TEST_CASE(a_raised_epoch_leaves_what_was_kept_of_an_archived_stream) {
  const Archived at;
  value(open_or_throw(at.path)->raise_epoch("large", 7));
  fs::remove(at.segment(0));
  const auto store = open_or_throw(at.path);
  BOOST_TEST(value(store->epoch("large")) == 7u);
  BOOST_TEST(code_of(store->append(one("large"))) == "storage.fenced");
  AppendRequest owner = one("large");
  owner.epoch = 7;
  BOOST_TEST(value(store->append(std::move(owner))).version == 3u);
}

/// Stores that were archived by programs which kept nothing.
BOOST_AUTO_TEST_CASE(without_what_was_kept_an_append_says_what_to_do_and_archiving_again_keeps_it) {
  const Archived at;
  const auto forget = [&] {
    const auto environment = value(Environment::open(at.path, false));
    auto transaction = value(environment->write());
    value(transaction.erase(Table::heads, view("large")));
    value(transaction.commit());
  };
  forget();
  const auto path = at.segment(0);
  const std::string whole = content_of(path);
  fs::remove(path);
  const auto refused = open_or_throw(at.path)->append(one("large"));
  BOOST_TEST(code_of(refused) == "storage.corrupt");
  BOOST_TEST(refused.error().where == path.string());
  BOOST_TEST(refused.error().hint.find("put the file back from any backup") != std::string::npos);
  write_file(path, whole);
  archive_before(at.path, 49);
  fs::remove(path);
  value(open_or_throw(at.path)->append(one("large")));
}

BOOST_AUTO_TEST_CASE(what_was_read_before_does_not_hide_that_a_segment_is_gone) {
  const Archived at;
  const auto store = open_or_throw(at.path);
  BOOST_TEST(value(store->verify()) == at.last);
  fs::remove(at.segment(0));
  BOOST_TEST(code_of(store->verify()) == "storage.corrupt");
}

BOOST_AUTO_TEST_CASE(a_segment_cut_short_or_made_longer_is_an_error) {
  const Archived at;
  for (std::size_t number = 0; number < 3; ++number) {
    const auto path = at.segment(number);
    const std::string whole = content_of(path);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{100},
                                   whole.size() / 2, whole.size() - 1}) {
      write_file(path, whole.substr(0, size));
      BOOST_TEST(error_of_reading(at) == "storage.corrupt " + path.string());
    }
    write_file(path, whole + '\0');
    BOOST_TEST(error_of_reading(at) == "storage.corrupt " + path.string());
    write_file(path, whole);
    BOOST_TEST(error_of_reading(at) == "");
  }
}

BOOST_AUTO_TEST_CASE(a_segment_in_another_ones_place_is_refused) {
  const Archived at, other;
  fs::copy_file(at.segment(1), at.segment(2), fs::copy_options::overwrite_existing);
  BOOST_TEST(error_of_reading(at) == "storage.corrupt " + at.segment(2).string());
  // Of a store with the same events, at other times of writing: sound, and not the one that is meant.
  fs::remove_all(other.path / "archive");
  fs::copy(at.path / "archive", other.path / "archive");
  BOOST_TEST(error_of_reading(other) != "");
}

BOOST_AUTO_TEST_CASE(every_changed_bit_of_a_segment_is_found) {
  const unsigned seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const Archived at;
  for (std::size_t number = 0; number < 3; ++number) {
    const auto path = at.segment(number);
    const std::string whole = content_of(path);
    for (int round = 0; round < 100; ++round) {
      // Heads and tails are small: every third goes there.
      const std::size_t where = round % 3 == 0   ? random() % 100
                                : round % 3 == 1 ? whole.size() - 1 - random() % 200
                                                 : random() % whole.size();
      std::string changed = whole;
      changed[where] = static_cast<char>(changed[where] ^ (1 << random() % 8));
      write_file(path, changed);
      const std::string error = error_of_reading(at);
      BOOST_TEST(
          (error == "storage.corrupt " + path.string() || error == "storage.newer_format " + path.string()),
          "byte " << where << " of " << path.filename() << ", seed " << seed << ": " << error);
      if (round % 10 == 0) {
        const auto found = verified(at);
        BOOST_REQUIRE(found.fault_count >= 1u);
        BOOST_TEST(found.faults[0].message.find(path.string()) != std::string::npos);
        BOOST_TEST(found.faults[0].sequence / 16 <= number + 1);
      }
    }
    write_file(path, whole);
  }
  BOOST_TEST(verified(at).intact());
}

BOOST_AUTO_TEST_CASE(a_damaged_block_costs_the_events_in_it_alone) {
  const Archived at;
  const auto path = at.segment(0);
  std::string content = content_of(path);
  content[130] = static_cast<char>(content[130] ^ 1);  // in the first block, which is the first event
  write_file(path, content);
  const auto store = open_or_throw(at.path);
  BOOST_TEST(code_of(store->find("large", 1)) == "storage.corrupt");
  BOOST_TEST(value(store->find("large", 2)).has_value());
  const auto found = verified(at);
  BOOST_REQUIRE(found.fault_count == 1u);
  BOOST_TEST(found.faults[0].message.ends_with("events 1 to 1 cannot be read"));
}

BOOST_AUTO_TEST_CASE(nothing_is_archived_of_a_history_that_is_not_sound) {
  FastDirectory directory;
  make_store(directory.path(), 20);
  {
    const auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    const auto stored = *value(transaction.get(Table::events, SequenceKey(7)));
    events::Bytes record(stored.begin(), stored.end());
    record[record.size() / 2] ^= 1;
    value(transaction.put(Table::events, SequenceKey(7), record));
    value(transaction.commit());
  }
  const auto made = archive_history(directory.path(), "15");
  BOOST_TEST(code_of(made) == "storage.corrupt");
  BOOST_TEST(made.error().where == "sequence 7");
  BOOST_TEST(segments_in(directory.path()).empty());
}

BOOST_AUTO_TEST_CASE(what_the_store_says_of_its_archive_is_checked) {
  const auto spoil = [](const std::function<void(WriteTransaction&)>& how) {
    const Archived at;
    {
      const auto environment = value(Environment::open(at.path, false));
      auto transaction = value(environment->write());
      how(transaction);
      value(transaction.commit());
    }
    BOOST_TEST(!verified(at).intact());
    return error_of_reading(at);
  };
  BOOST_TEST(spoil([](WriteTransaction& t) { value(store_archived(t, 40)); }) ==
             "storage.corrupt sequence 41");
  BOOST_TEST(spoil([](WriteTransaction& t) { value(store_archived(t, 60)); }) == "");  // nothing is missing
  BOOST_TEST(spoil([](WriteTransaction& t) {
               value(t.erase(Table::meta, Key().name("segment").number(17)));
             }) == "storage.corrupt sequence 17");
  BOOST_TEST(spoil([](WriteTransaction& t) {  // an archived event is in the table as well
               value(t.put(Table::events, SequenceKey(3), view("something")));
             }) == "storage.corrupt sequence 3");
}

BOOST_AUTO_TEST_CASE(a_segment_that_nobody_refers_to_is_removed_only_where_the_store_has_its_events) {
  const Archived at, other;
  const auto path = at.path / "archive";
  fs::copy_file(at.segment(2), path / segment_name(49, 64));  // the name is not what it holds
  const auto refused = archive_history(at.path, "49");
  BOOST_TEST(code_of(refused) == "storage.stray_segment");
  fs::remove(path / segment_name(49, 64));
  write_file(path / segment_name(49, 64), "garbage");
  BOOST_TEST(code_of(archive_history(at.path, "49")) == "storage.stray_segment");
  fs::rename(path / segment_name(49, 64), path / segment_name(1000, 1001));
  BOOST_TEST(code_of(archive_history(at.path, "49")) == "storage.stray_segment");
  fs::remove(path / segment_name(1000, 1001));
  write_file(path / "notes.txt", "mine");
  write_file(path / ("." + segment_name(49, 64) + ".writing-1"), "half");
  BOOST_TEST(value(archive_history(at.path, "49")).leftovers == 1u);
  BOOST_TEST(content_of(path / "notes.txt") == "mine");
}

BOOST_AUTO_TEST_CASE(the_fuzz_target_takes_segments_and_what_becomes_of_them) {
  const unsigned seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto run = [](const std::string& content) {
    fuzz_segment(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  };
  for (const auto& file : fs::directory_iterator(fs::path(FUZZ_CORPUS) / "segment")) {
    const std::string whole = content_of(file.path());
    BOOST_TEST(whole.size() > 100u);
    run(whole);
    for (int round = 0; round < 400; ++round) {
      std::string changed = whole;
      for (unsigned n = 1 + random() % 3; n > 0 && !changed.empty(); --n) {
        const std::size_t where =
            random() % 2 == 0 ? random() % changed.size()
                              : changed.size() - 1 - random() % std::min<std::size_t>(150, changed.size());
        switch (random() % 4) {
          case 0:
            changed[where] = static_cast<char>(random());
            break;
          case 1:
            changed.erase(where, 1 + random() % 9);
            break;
          case 2:
            changed.insert(where, 1 + random() % 9, static_cast<char>(random()));
            break;
          default:
            changed[where] = static_cast<char>(changed[where] ^ (1 << random() % 8));
        }
      }
      run(changed);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
