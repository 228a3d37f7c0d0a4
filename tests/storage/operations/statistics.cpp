#include "storage/operations/statistics.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <regex>
#include <sstream>

#include "storage/artifact_store.hpp"
#include "storage/operations/metrics.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

BOOST_AUTO_TEST_SUITE(store_statistics)

BOOST_AUTO_TEST_CASE(they_count_what_is_there) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>()));
  fill(*store, 20);
  AppendRequest request = one("coordinator/main");
  request.sender = "console";
  request.number = 1;
  request.outbox.push_back(message_to("autotrain/main", 1));
  value(store->append(std::move(request)));
  value(store->save_snapshot("coordinator/main", {1, "1", events::Bytes(10)}));
  const auto artifacts = value(ArtifactStore::open(directory.path() / "artifacts"));
  value(artifacts.put(events::Bytes(77)));
  value(store->wait_for("counting", 25, std::chrono::seconds(20)));
  const auto s = value(statistics(directory.path(), noon, true));
  BOOST_TEST(s.node == "local");
  BOOST_TEST(s.events == 25u);
  BOOST_TEST(s.streams == 5u);
  BOOST_TEST(s.snapshots == 1u);
  BOOST_TEST(s.outbox_pending == 1u);
  BOOST_TEST(s.artifacts == 1u);
  BOOST_TEST(s.artifact_bytes == 77u);
  BOOST_TEST((s.commit_hash == commit_of(directory.path())));
  std::uint64_t bytes = 0;
  for (const auto& record : records_of(directory.path())) bytes += record.size();
  BOOST_TEST(s.record_bytes.value() == bytes);
  BOOST_TEST(s.file_bytes == std::filesystem::file_size(directory.path() / "events.mdb"));
  MDB_envinfo info{};
  mdb_env_info(value(Environment::open(directory.path(), false))->native(), &info);
  BOOST_TEST(s.used_pages + s.free_pages == info.me_last_pgno + 1);  // not a page is forgotten
  BOOST_TEST(s.used_pages > 5u);
  BOOST_TEST(s.bytes_per_event() > 100);
  BOOST_REQUIRE(s.projections.size() == 1u);
  BOOST_TEST(s.projections.front().name == "counting");
  BOOST_TEST(s.projections.front().behind == 0u);
}

BOOST_AUTO_TEST_CASE(rates_are_those_of_the_recorded_times) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const std::int64_t now = noon + 100'000 * second;
  for (const std::int64_t ago : {90'000, 80'000, 3'601, 3'600, 61, 60, 10, 0}) {
    AppendRequest request = one("a");
    request.time = now - ago * second;
    value(store->append(std::move(request)));
  }
  const auto s = value(statistics(directory.path(), now, false));
  BOOST_TEST(s.last_minute == 3u);
  BOOST_TEST(s.last_hour == 5u);
  BOOST_TEST(s.last_day == 7u);
  BOOST_TEST(s.first_time == now - 90'000 * second);
  BOOST_TEST(s.last_time == now);
  BOOST_TEST(!s.record_bytes.has_value());
}

BOOST_AUTO_TEST_CASE(a_reader_that_stays_is_seen_with_the_commits_that_it_misses) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  fill(*store, 2);
  BOOST_TEST(value(statistics(directory.path(), noon, false)).readers.empty());
  const auto environment = value(Environment::open(directory.path(), false));
  const auto open = value(environment->read());
  for (int i = 0; i < 5; ++i) value(store->append(one("a")));
  const auto s = value(statistics(directory.path(), noon, false));
  BOOST_REQUIRE(s.readers.size() == 1u);
  BOOST_TEST(s.readers.front().process == static_cast<std::uint64_t>(::getpid()));
  BOOST_TEST(s.readers.front().commits_behind >= 5u);
}

BOOST_AUTO_TEST_CASE(an_empty_store_and_a_place_without_one) {
  TemporaryDirectory directory;
  BOOST_TEST(code_of(statistics(directory.path() / "none", noon, true)) == "storage.not_a_store");
  { open_or_throw(directory.path() / "store"); }
  const auto s = value(statistics(directory.path() / "store", noon, true));
  BOOST_TEST(s.events == 0u);
  BOOST_TEST(s.bytes_per_event() == 0);
}

BOOST_AUTO_TEST_CASE(the_text_for_prometheus_is_well_formed) {
  TemporaryDirectory directory;
  StoreOptions named;
  named.node = "a \"node\"\\\n";
  auto store = open_or_throw(directory.path(), named);
  fill(*store, 3);
  std::istringstream text(prometheus_text(metrics_of(value(statistics(directory.path(), noon, true)))));
  const std::regex comment("# (HELP|TYPE) automodel_store_[a-z_]+ [^\\n]+");
  const std::regex sample("automodel_store_[a-z_]+(\\{[a-z]+=\"([^\"\\\\]|\\\\.)*\"\\})? [0-9]+(\\.[0-9]+)?");
  std::size_t samples = 0;
  bool events = false;
  for (std::string line; std::getline(text, line);) {
    BOOST_TEST((std::regex_match(line, line.starts_with("#") ? comment : sample)), line);
    samples += line.starts_with("#") ? 0u : 1u;
    events = events || line == "automodel_store_events 3";
  }
  BOOST_TEST(samples > 20u);
  BOOST_TEST(events);
}

BOOST_AUTO_TEST_CASE(a_histogram_for_prometheus_counts_what_is_in_smaller_buckets_too) {
  Metric metric;
  metric.name = "writes";
  metric.help = "Writes.";
  metric.histogram = Distribution{{1, 2.5}};
  for (const double value : {1.0, 2.0, 2.0, 9.0}) metric.histogram->add(value);
  BOOST_TEST(prometheus_text({metric}) ==
             "# HELP writes Writes.\n# TYPE writes histogram\n"
             "writes_bucket{le=\"1\"} 1\nwrites_bucket{le=\"2.5\"} 3\nwrites_bucket{le=\"+Inf\"} 4\n"
             "writes_sum 14\nwrites_count 4\n");
}

BOOST_AUTO_TEST_SUITE_END()
