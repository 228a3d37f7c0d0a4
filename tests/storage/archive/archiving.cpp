// What is archived, what stays, and that nobody can tell by reading.
#include <fcntl.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <thread>

#include "storage/operations/backup.hpp"
#include "storage/operations/import.hpp"
#include "storage/operations/statistics.hpp"
#include "storage/subscription.hpp"
#include "tests/storage/archive/archived.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Sample {
  FastDirectory directory;
  std::filesystem::path path = directory.path() / "store";
  explicit Sample(int count = 60) { make_store(path, count); }

  std::uint64_t last() const { return open_or_throw(path)->last_sequence(); }
  void change(const std::function<void(WriteTransaction&)>& how) const {
    const auto environment = value(Environment::open(path, false));
    auto transaction = value(environment->write());
    how(transaction);
    value(transaction.commit());
  }
};

StoreStatistics statistics_of(const std::filesystem::path& path) {
  return value(statistics(path, noon, true));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(archiving)

BOOST_AUTO_TEST_CASE(nobody_can_tell_by_reading_what_is_archived) {
  const Sample at;
  const std::string whole = all_that_is_read(at.path);
  for (const std::uint64_t sequence : {2, 3, 20, 21, 50, 70}) {
    const auto made = archive_before(at.path, sequence);
    BOOST_TEST(made.plan.until == sequence - 1);
    BOOST_TEST(made.events == sequence - 1 - made.plan.archived);
    BOOST_TEST((all_that_is_read(at.path) == whole), "archived before " << sequence);
  }
  const auto known = statistics_of(at.path);
  BOOST_TEST(known.archived_events == 69u);
  BOOST_TEST(known.tables.front().entries == known.events - 69);
  BOOST_TEST(known.segments == segments_in(at.path).size());
}

BOOST_AUTO_TEST_CASE(segments_have_as_many_events_as_they_may_and_small_files_take_their_place) {
  const Sample at(400);
  const auto before_it = statistics_of(at.path);
  const auto made = archive_before(at.path, 401, 150);
  BOOST_TEST(made.segments ==
             (std::vector<std::string>{"00000000000000000001-00000000000000000150.segment",
                                       "00000000000000000151-00000000000000000300.segment",
                                       "00000000000000000301-00000000000000000400.segment"}));
  BOOST_TEST(segments_in(at.path) == made.segments);
  BOOST_TEST(made.segment_bytes < made.record_bytes / 2);
  BOOST_TEST(made.freed_bytes > made.record_bytes / 2);
  const auto after = statistics_of(at.path);
  BOOST_TEST(after.segment_bytes == made.segment_bytes);
  BOOST_TEST(*after.record_bytes == *before_it.record_bytes);
  BOOST_TEST(after.bytes_per_event() < before_it.bytes_per_event());
  BOOST_TEST(after.first_time == before_it.first_time);
}

BOOST_AUTO_TEST_CASE(archiving_again_archives_nothing_and_appending_goes_on) {
  const Sample at;
  archive_before(at.path, 30);
  const auto segments = segments_in(at.path);
  const auto again = archive_before(at.path, 30);
  BOOST_TEST(again.events == 0u);
  BOOST_TEST(again.plan.archived == 29u);
  BOOST_TEST(!again.plan.held_back);
  BOOST_TEST(segments_in(at.path) == segments);
  const std::uint64_t last = at.last();
  {
    const auto store = open_or_throw(at.path);
    AppendRequest request = one("stream/1", "later", Expected::exists());
    request.epoch = 100;
    BOOST_TEST(value(store->append(std::move(request))).last_sequence == last + 1);
    take_snapshots(*store);
    value(store->attach(memory_projection()));
    value(store->attach(std::make_shared<Counting>()));
  }
  const std::string whole = all_that_is_read(at.path);
  BOOST_TEST(archive_before(at.path, last + 1).events == last - 1 - 29);
  BOOST_TEST((all_that_is_read(at.path) == whole));
}

BOOST_AUTO_TEST_CASE(a_stream_whose_last_event_is_archived_is_continued) {
  const Sample at;
  const std::uint64_t last = at.last();
  BOOST_TEST(archive_before(at.path, 1000).plan.until == last - 2);  // the newest events stay
  const auto store = open_or_throw(at.path);
  const std::uint64_t version = value(store->stream_version("stream/2"));
  BOOST_TEST(code_of(store->append(one("stream/2"))) == "storage.fenced");  // its last event's epoch
  AppendRequest request = one("stream/2", "later", Expected::exactly(version));
  request.epoch = 100;
  BOOST_TEST(value(store->append(std::move(request))).version == version + 1);
  BOOST_TEST(value(store->verify()) == last + 1);
}

BOOST_AUTO_TEST_CASE(a_time_names_the_events_before_the_first_one_of_then_or_later) {
  FastDirectory directory;
  {
    const auto store = open_or_throw(directory.path());
    for (const int second : {0, 1, 5, 2, 3, 6, 7}) {  // a clock went back after the third
      AppendRequest request = one("a");
      request.time = 1'764'000'000'000'000'000 + second * std::int64_t{1'000'000'000};
      value(store->append(std::move(request)));
    }
    take_snapshots(*store);
  }
  const auto named = [&](const std::string& text) {
    return value(plan_archive(directory.path(), text)).named;
  };
  BOOST_TEST(named("2025-11-24T16:00:00Z") == 0u);
  BOOST_TEST(named("2025-11-24T16:00:02Z") == 2u);
  BOOST_TEST(named("2025-11-24T16:00:04") == 2u);  // not the fourth: the third is of later
  BOOST_TEST(named("2025-11-24T16:00:05.000000001") == 5u);
  BOOST_TEST(named("2025-11-24T16:01Z") == 7u);
  BOOST_TEST(code_of(plan_archive(directory.path(), "2025-11-24")) == "usage.moment");
  BOOST_TEST(code_of(plan_archive(directory.path(), "yesterday")) == "usage.moment");
  BOOST_TEST(code_of(archive_history(directory.path(), "")) == "usage.moment");
  BOOST_TEST(named("0") == 0u);
  BOOST_TEST(named("1") == 0u);
  BOOST_TEST(named("99999") == 7u);
}

BOOST_AUTO_TEST_CASE(what_a_stream_has_no_snapshot_of_stays_with_all_that_follows) {
  const Sample at;
  const auto store = open_or_throw(at.path);
  const auto second = value(store->find("stream/2", 4))->sequence;
  value(store->save_snapshot("stream/2", {3, "sample/1", {}}));
  const auto plan = value(plan_archive(at.path, before(60)));
  BOOST_TEST(plan.named == 59u);
  BOOST_TEST(plan.until == second - 1);
  BOOST_REQUIRE(plan.held_back.has_value());
  BOOST_TEST(plan.held_back.value().sequence == second);
  BOOST_TEST(plan.held_back.value().reason == "the snapshot of stream 'stream/2' ends with version 3");
  BOOST_TEST(plan.held_back.value().remedy.find("snapshot when they stop") != std::string::npos);
  BOOST_TEST(!value(plan_archive(at.path, before(second))).held_back);
}

BOOST_AUTO_TEST_CASE(a_stream_without_any_snapshot_keeps_everything_from_its_first_event_on) {
  FastDirectory directory;
  {
    const auto store = open_or_throw(directory.path());
    value(store->append(one("a")));
    value(store->append(one("a")));
    take_snapshots(*store);
    for (int i = 0; i < 3; ++i) value(store->append(one("b")));
  }
  const auto made = value(archive_history(directory.path(), "4"));
  BOOST_TEST(made.events == 2u);
  BOOST_TEST(made.plan.held_back.value().reason == "stream 'b' has no snapshot");
  const auto again = value(archive_history(directory.path(), "4"));
  BOOST_TEST(again.events == 0u);
  BOOST_TEST(again.plan.held_back.value().sequence == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_projection_has_not_applied_stays) {
  const Sample at;
  const auto set = [&](std::optional<std::uint64_t> building) {
    at.change([&](WriteTransaction& t) {
      Checkpoint checkpoint;
      checkpoint.sequence = 12;
      checkpoint.schema = "1";
      if (building) checkpoint.building = Checkpoint::Building{*building, "2", 1};
      value(t.put(Table::checkpoints, view("lagging"), checkpoint.encode()));
    });
  };
  set(std::nullopt);
  const auto plan = value(plan_archive(at.path, before(60)));
  BOOST_TEST(plan.until == 12u);
  BOOST_TEST(plan.held_back.value().reason == "projection 'lagging' has applied the events up to 12");
  set(5);
  BOOST_TEST(value(plan_archive(at.path, before(60))).held_back.value().reason ==
             "projection 'lagging' is being rebuilt, and stands at event 5");
  BOOST_TEST(archive_before(at.path, 60).events == 5u);
}

BOOST_AUTO_TEST_CASE(a_plan_changes_nothing_and_needs_no_lock) {
  const Sample at;
  const std::string content = content_of(at.path / "events.mdb");
  const auto store = open_or_throw(at.path);
  BOOST_TEST(value(plan_archive(at.path, before(40))).events() == 39u);
  BOOST_TEST((content_of(at.path / "events.mdb") == content));
  BOOST_TEST(segments_in(at.path).empty());
  BOOST_TEST(code_of(archive_history(at.path, before(40))) == "storage.locked");
  BOOST_TEST(code_of(archive_history(at.directory.path() / "none", "4")) == "storage.not_a_store");
}

BOOST_AUTO_TEST_CASE(only_an_archived_store_has_a_format_that_older_programs_refuse) {
  const Sample at;
  BOOST_TEST(statistics_of(at.path).format == 4u);
  (void)value(archive_history(at.path, before(1)));
  BOOST_TEST(statistics_of(at.path).format == 4u);
  archive_before(at.path, 10);
  BOOST_TEST(statistics_of(at.path).format == 8u);
  at.change([](WriteTransaction& t) { value(t.put(Table::meta, view("format"), encode_number(5))); });
  BOOST_TEST(code_of(EventStore::open(at.path)) == "storage.corrupt");
}

BOOST_AUTO_TEST_CASE(a_projection_is_rebuilt_and_a_subscription_begins_from_archived_events) {
  const Sample at;
  const std::uint64_t last = at.last();
  archive_before(at.path, 60);
  const auto store = open_or_throw(at.path);
  const auto counting = std::make_shared<Counting>("2");  // another schema: its rows are built anew
  value(store->attach(counting));
  value(store->wait_for("counting", last, std::chrono::seconds(60)));
  BOOST_TEST((digest(*counting, *store->projection_rows("counting")) == rebuilt_digest(*store, *counting)));
  std::vector<std::uint64_t> seen;
  const auto subscription = subscribe(*store, 0, [&](const events::Recorded& event) -> Result<void> {
    seen.push_back(event.sequence);
    return {};
  });
  value(subscription->wait_for(last, std::chrono::seconds(60)));
  std::vector<std::uint64_t> expected(last);
  std::iota(expected.begin(), expected.end(), 1);
  BOOST_TEST(seen == expected);
}

BOOST_AUTO_TEST_CASE(readers_of_another_store_object_see_the_same_before_and_after) {
  const Sample at;
  StoreOptions reading;
  reading.read_only = true;
  const auto store = open_or_throw(at.path, reading);
  std::string seen[2];
  const auto read = [&](std::string& into) {
    value(store->read_all(1, [&](const events::Recorded& event) {
      into += events::hex(event.commit_hash);
      return true;
    }));
  };
  read(seen[0]);
  archive_before(at.path, 55);
  read(seen[1]);
  BOOST_TEST((seen[0] == seen[1]));
}

BOOST_AUTO_TEST_CASE(readers_see_every_event_once_while_events_are_archived) {
  const Sample at(600);
  const std::uint64_t last = at.last();
  StoreOptions reading;
  reading.read_only = true;
  const auto store = open_or_throw(at.path, reading);
  std::atomic<bool> done = false;
  std::atomic<unsigned> rounds = 0, wrong = 0;
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t)
    readers.emplace_back([&, t] {
      for (; !done || rounds < 3; ++rounds) {
        std::uint64_t next = 1;
        const auto follows = [&](std::uint64_t sequence) { return sequence == next++; };
        const auto read =
            t == 0 ? store->read_all(1, [&](const auto& event) { return follows(event.sequence); })
                   : store->scan(1, last, [&](const auto& event) { return follows(event.sequence); });
        if (!read || next != last + 1) ++wrong;
        if (t == 2 && value(store->verify()) != last) ++wrong;
      }
    });
  ArchiveOptions options;
  options.segment_events = 40;
  BOOST_TEST(value(archive_history(at.path, before(last), options)).segments.size() > 10u);
  done = true;
  readers.clear();
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(an_older_store_without_checks_of_values_is_archived_too) {
  FastDirectory directory;
  std::filesystem::copy_file(std::filesystem::path(GOLDEN_STORES) / "format-1" / "events.mdb",
                             directory.path() / "events.mdb");
  std::filesystem::permissions(directory.path() / "events.mdb", std::filesystem::perms::owner_all);
  std::string digests[2];
  {
    const auto store = open_or_throw(directory.path());
    value(store->attach(std::make_shared<Counting>()));
    value(store->wait_for("counting", 6, std::chrono::seconds(60)));
    take_snapshots(*store);
    digests[0] = events::hex(rebuilt_digest(*store, Counting()));
  }
  const auto made = value(archive_history(directory.path(), "6"));
  BOOST_TEST(made.events == 4u);
  BOOST_TEST(statistics_of(directory.path()).format == 7u);
  const auto store = open_or_throw(directory.path());
  BOOST_TEST(value(store->verify()) == 6u);
  digests[1] = events::hex(rebuilt_digest(*store, Counting()));
  BOOST_TEST(digests[0] == digests[1]);
}

BOOST_AUTO_TEST_CASE(a_backup_takes_the_segments_along_and_is_a_store) {
  const Sample at;
  archive_before(at.path, 60);
  const std::string whole = all_that_is_read(at.path);
  const auto to = at.directory.path() / "backup";
  const auto made = value(backup(at.path, to));
  BOOST_TEST(made.verified);
  BOOST_TEST(made.segments == segments_in(at.path).size());
  BOOST_TEST(segments_in(to) == segments_in(at.path));
  BOOST_TEST((all_that_is_read(to) == whole));
  const auto damaged = at.path / "archive" / segments_in(at.path).at(1);
  std::filesystem::remove(damaged);
  BOOST_TEST((all_that_is_read(to) == whole));  // it shares nothing with the store
  const auto refused = backup(at.path, at.directory.path() / "second");
  BOOST_TEST(!refused);
  BOOST_TEST(refused.error().where == damaged.string());
  BackupOptions as_it_is;
  as_it_is.verify = false;
  const auto copied = value(backup(at.path, at.directory.path() / "second", as_it_is));
  BOOST_TEST(copied.missing_segments == std::vector<std::string>{damaged.filename().string()});
}

BOOST_AUTO_TEST_CASE(an_export_of_an_archived_history_comes_back_digest_for_digest) {
  const Sample at;
  const std::string memory = memory_of(*open_or_throw(at.path), at.last());
  archive_before(at.path, 60);
  for (const auto form : {HistoryForm::json_lines, HistoryForm::binary}) {
    ExportOptions options;
    options.form = form;
    const auto name = std::to_string(static_cast<int>(form));
    const auto file = at.directory.path() / ("export-" + name), again = at.directory.path() / name;
    const auto out = value(export_history_to(at.path, file, options));
    const auto in = value(import_history({file}, again));
    BOOST_TEST((in.commit_hash == out.commit_hash));
    BOOST_TEST(in.memory_digest == memory);
    BOOST_TEST((records_of(again) == records_of(at.path)));
  }
}

BOOST_AUTO_TEST_CASE(the_unpacked_blocks_of_a_segment_are_the_binary_export_of_its_events) {
  const Sample at;
  ExportOptions options;
  options.form = HistoryForm::binary;
  options.from = 17;
  options.until = 40;
  std::ostringstream exported;
  value(export_history(at.path, exported, options));
  archive_before(at.path, 17, 100);
  archive_before(at.path, 41, 100);
  const auto path = at.path / "archive" / segment_name(17, 40);
  const auto segment = value(Segment::read(Descriptor(::open(path.c_str(), O_RDONLY)), path.string()));
  std::string records;
  for (std::size_t block = 0; block < segment->blocks().size(); ++block) {
    const auto loaded = value(segment->load(block));
    for (auto n = segment->blocks()[block].first; n <= segment->blocks()[block].last; ++n) {
      const auto record = loaded->record(n);
      records += 'e';
      for (int shift = 0; shift < 32; shift += 8) records += static_cast<char>(record.size() >> shift);
      records += text(record);
    }
  }
  const std::size_t head = 12 + 5 + 48 + segment->node().size(), tail = 5 + 40;
  BOOST_TEST((exported.str().substr(head, exported.str().size() - head - tail) == records));
}

BOOST_AUTO_TEST_SUITE_END()
