// What lets a data set be larger than memory, and made-up data with known truth.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "recsys/data/files.hpp"
#include "recsys/data/import.hpp"
#include "recsys/data/spool.hpp"
#include "recsys/data/synthetic.hpp"
#include "temporary_folder.hpp"

namespace automodel::recsys {
namespace {

BOOST_AUTO_TEST_SUITE(larger_than_memory)

BOOST_AUTO_TEST_CASE(a_spool_holds_what_a_vector_would_and_leaves_no_file) {
  const TemporaryFolder folder;
  Spool<std::uint32_t> spool(folder.path());
  std::vector<std::uint32_t> plain;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    spool.push_back(i * 7);
    plain.push_back(i * 7);
  }
  spool.resize(150'000, 9);
  plain.resize(150'000, 9);
  spool[5] = plain[5] = 1;
  auto moved = std::move(spool);
  BOOST_TEST(moved.span().size() == plain.size());
  BOOST_TEST(std::equal(plain.begin(), plain.end(), moved.span().begin()));
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(a_spool_that_cannot_grow_says_so_before_anything_is_written) {
  Spool<std::uint32_t> nowhere("/no/such/folder");
  BOOST_CHECK_THROW(nowhere.push_back(1), std::filesystem::filesystem_error);
}

BOOST_AUTO_TEST_CASE(a_file_written_in_pieces_has_the_hash_of_the_whole) {
  const TemporaryFolder folder;
  auto sink = FileSink::create(folder.path() / "x");
  BOOST_REQUIRE(sink);
  BOOST_REQUIRE(sink->write("one "));
  BOOST_REQUIRE(sink->write("two"));
  const auto written = sink->finish();
  BOOST_REQUIRE(written);
  BOOST_TEST(written->bytes == 7u);
  BOOST_TEST(written->blake2b == hash_hex("one two"));
  BOOST_TEST(*read_file(folder.path() / "x") == "one two");
}

SyntheticWorld world(std::uint64_t rows, std::uint64_t seed = 3) {
  SyntheticShape shape;
  shape.rows = rows;
  shape.users = 50;
  shape.items = 20;
  shape.fields = 6;
  shape.seed = seed;
  return *SyntheticWorld::create(shape);
}

BOOST_AUTO_TEST_CASE(made_up_clicks_happen_as_often_as_their_truth_says) {
  const auto made = world(40'000);
  SyntheticRow row;
  std::map<int, std::pair<double, int>> by_decile;
  for (std::uint64_t i = 0; i < made.shape().rows; ++i) {
    made.row(i, row);
    BOOST_REQUIRE((row.user < 50 && row.item < 20 && row.codes.size() == 4u));
    auto& [clicks, rows] = by_decile[static_cast<int>(row.probability * 10)];
    clicks += row.click - row.probability;
    ++rows;
  }
  for (const auto& [decile, seen] : by_decile)  // five deviations of a mean of coins
    if (seen.second > 100) BOOST_TEST(std::abs(seen.first / seen.second) < 5 * 0.5 / std::sqrt(seen.second), decile);
}

BOOST_AUTO_TEST_CASE(the_same_seed_makes_the_same_row_in_any_order_and_another_seed_another) {
  SyntheticRow first, again, other;
  world(1000).row(700, first);
  const auto same = world(9000);
  same.row(3, again);
  same.row(700, again);
  BOOST_TEST((first.user == again.user && first.codes == again.codes && first.probability == again.probability));
  world(1000, 4).row(700, other);
  BOOST_TEST(first.probability != other.probability);
}

BOOST_AUTO_TEST_CASE(a_made_up_file_is_imported_with_its_rows_in_order) {
  const TemporaryFolder folder;
  const auto made = world(5000);
  const auto file = folder.path() / "made.inter";
  BOOST_REQUIRE(write_synthetic(made, file, {}));
  BOOST_TEST(write_synthetic(made, file, {}).error().code == "data.exists");
  const auto report = import_dataset(file, folder.data(), {});
  BOOST_REQUIRE(report);
  const auto data = Dataset::open(report->directory);
  BOOST_REQUIRE(data);
  BOOST_REQUIRE(data->verify());
  BOOST_TEST(data->rows() == 5000u);
  const auto clicks = *data->numbers("click");
  SyntheticRow row;
  for (std::uint32_t i = 0; i < 5000; i += 37) {
    made.row(i, row);
    BOOST_TEST(data->user_id(data->user()[i]) == std::to_string(row.user + 1));
    BOOST_TEST(clicks[i] == (row.click ? 1.0F : 0.0F));
    BOOST_TEST(*data->token("f3", (*data->codes("f3"))[i]) == std::to_string(row.codes[2]));
  }
}

BOOST_AUTO_TEST_CASE(what_is_interrupted_leaves_nothing) {
  const TemporaryFolder folder;
  const auto made = world(300'000);
  const auto file = folder.path() / "made.inter";
  BOOST_TEST(write_synthetic(made, file, [](std::uint64_t) { return false; }).error().code == "data.interrupted");
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
  BOOST_REQUIRE(write_synthetic(made, file, {}));
  ImportOptions options;
  options.progress = [](std::uint64_t rows) { return rows < 200'000; };
  BOOST_TEST(import_dataset(file, folder.data(), options).error().code == "data.interrupted");
  BOOST_TEST(std::filesystem::is_empty(folder.data()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::recsys
