#include "recsys/features/past_items.hpp"

#include <algorithm>
#include <random>

#include "recsys/features/inputs.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

namespace {

constexpr std::int64_t day = 86400;

/// Users, items and days; `header` first.
std::string csv(const std::vector<std::array<int, 3>>& rows) {
  std::string out = "userId,movieId,rating,timestamp\n";
  for (const auto& [user, item, when] : rows)
    out += std::to_string(user) + "," + std::to_string(item) + ",4," + std::to_string(when * day) + "\n";
  return out;
}

std::vector<std::int64_t> past(const Batch& batch, std::size_t row, std::size_t longest) {
  return {batch.history.begin() + static_cast<std::ptrdiff_t>(row * longest),
          batch.history.begin() + static_cast<std::ptrdiff_t>((row + 1) * longest)};
}

/// Seven rows: user 1 has items 10 11 12 11 on days 1 2 2 5, user 2 has item 13 on day 3, then both have one
/// that training never saw.
struct Few {
  TemporaryFolder folder;
  Dataset data = folder.import(folder.write(
      "few.csv", csv({{1, 10, 1}, {1, 11, 2}, {1, 12, 2}, {2, 13, 3}, {1, 11, 5}, {1, 14, 6}, {2, 14, 7}})));
  std::vector<float> truth = std::vector<float>(7, 1.0F);
  std::vector<std::uint32_t> train = {0, 1, 2, 3, 4};
  FeatureEngine engine = std::move(*FeatureEngine::create(data, truth, {}, train));
  InputEncoder encoder(std::uint32_t longest) {
    auto made = InputEncoder::fit(data, engine, "rating>=4", train, {true, true, longest, false});
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : to_string(made.error())));
    return std::move(*made);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(histories, Few)

BOOST_AUTO_TEST_CASE(a_rows_history_is_what_its_user_had_strictly_before_latest_last) {
  const auto all = encoder(3);
  BOOST_TEST(all.spec().fields.empty());
  BOOST_TEST(all.spec().items.codes.size() == 4U);  // not item 14
  Batch batch;
  all.encode(std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}, {}, batch);
  const auto row = [&](std::int64_t item) { return item; };
  // Codes are in the order of first appearance: items 10 11 12 13 are rows 1 2 3 4.
  using Items = std::vector<std::int64_t>;
  BOOST_TEST(past(batch, 0, 3) == (Items{0, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 1, 3) == (Items{0, 0, row(1)}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 2, 3) == (Items{0, 0, row(1)}),
             boost::test_tools::per_element());  // not of its own day
  BOOST_TEST(past(batch, 3, 3) == (Items{0, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 4, 3) == (Items{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 5, 3) == (Items{2, 3, 2}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 6, 3) == (Items{0, 0, 4}), boost::test_tools::per_element());
  BOOST_TEST(
      std::vector<float>(batch.ages.begin() + 15, batch.ages.begin() + 18) == (std::vector<float>{4, 4, 1}),
      boost::test_tools::per_element());
  BOOST_TEST(batch.ages[3] == 0);
  BOOST_TEST(batch.users == (Items{1, 1, 1, 2, 1, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(batch.items == (Items{1, 2, 3, 4, 2, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(serving_sees_everything_before_now_and_strangers_have_no_past) {
  const auto all = encoder(4);
  Batch batch;
  const std::vector<std::uint32_t> items = {0, 4, 2};
  all.encode_live(0, items, 100 * day, batch);
  BOOST_TEST(batch.items == (std::vector<std::int64_t>{1, 0, 3}), boost::test_tools::per_element());
  for (std::size_t r = 0; r < 3; ++r)
    BOOST_TEST(past(batch, r, 4) == (std::vector<std::int64_t>{1, 2, 3, 2}),
               boost::test_tools::per_element());
  BOOST_TEST(batch.ages[3] == 95);
  all.encode_candidates(0, items, 2 * day, batch);
  BOOST_TEST(batch.rows == 1U);
  BOOST_TEST(batch.candidates == 3U);
  BOOST_TEST(batch.items == (std::vector<std::int64_t>{1, 0, 3}), boost::test_tools::per_element());
  BOOST_TEST(past(batch, 0, 4) == (std::vector<std::int64_t>{0, 0, 0, 1}), boost::test_tools::per_element());
  all.encode_candidates(99, items, 100 * day, batch);
  BOOST_TEST(batch.users[0] == 0);
  BOOST_TEST(past(batch, 0, 4) == (std::vector<std::int64_t>(4)), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sources_survive_json_and_nonsense_is_refused) {
  const auto spec = encoder(3).spec();
  const auto read = InputSpec::from_json(spec.to_json());
  BOOST_REQUIRE(read);
  BOOST_TEST(read->to_json() == spec.to_json());
  BOOST_TEST(read->users.codes == spec.users.codes, boost::test_tools::per_element());
  BOOST_TEST(read->history == 3U);
  for (const char* text : {R"({"fields":[],"max_bag":0,"history":3})",
                           R"({"fields":[],"max_bag":0,"items":[[0,4]],"history":5000})",
                           R"({"fields":[],"max_bag":0,"items":[[3,1],[0,1]]})"})
    BOOST_TEST(InputSpec::from_json(text).error().code == "features.bad_inputs");
  BOOST_TEST(InputEncoder::fit(data, engine, "rating>=4", train, {true, false, 3}).error().code ==
             "features.bad_sources");
  BOOST_TEST(InputEncoder::fit(data, engine, "rating>=4", train, {true, true, 5000}).error().code ==
             "features.bad_sources");
}

BOOST_AUTO_TEST_CASE(without_times_there_are_no_histories) {
  TemporaryFolder other;
  const auto timeless = other.import(
      other.write("timeless.inter", "user_id:token\titem_id:token\trating:float\n1\t2\t4\n1\t3\t5\n"));
  const std::vector<std::uint32_t> rows = {0, 1};
  const std::vector<float> ones(2, 1.0F);
  const auto columns = std::move(*FeatureEngine::create(timeless, ones, {}, rows));
  const auto made = InputEncoder::fit(timeless, columns, "rating>=4", rows, {true, true, 3});
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().code == "data.no_time");
  BOOST_TEST(InputEncoder::fit(timeless, columns, "rating>=4", rows, {true, true}).has_value());
}

BOOST_AUTO_TEST_CASE(histories_are_what_a_scan_of_all_rows_finds) {
  const std::uint32_t seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  std::vector<std::array<int, 3>> made;
  for (int i = 0; i < 600; ++i)
    made.push_back(
        {static_cast<int>(random() % 20), static_cast<int>(random() % 15), static_cast<int>(random() % 40)});
  TemporaryFolder other;
  const auto many = other.import(other.write("many.csv", csv(made)));
  std::vector<std::uint32_t> encode(many.items());
  for (std::uint32_t item = 0; item < encode.size(); ++item) encode[item] = item % 4 == 0 ? 0 : item + 1;
  encode.pop_back();
  const PastItems pasts(many, encode);
  for (int n = 0; n < 500; ++n) {
    const auto user = static_cast<std::uint32_t>(random() % (many.users() + 1));
    const auto time = static_cast<std::int64_t>(random() % 42) * day;
    const std::size_t longest = 1 + random() % 12;
    std::vector<std::int64_t> expected(longest), items(longest, 7);
    std::vector<float> expected_ages(longest), ages(longest, 7.0F);
    for (std::uint32_t row = 0; row < many.rows(); ++row) {
      const auto item = many.item()[row];
      if (many.user()[row] != user || many.time()[row] >= time || item >= encode.size() || encode[item] == 0)
        continue;
      expected.erase(expected.begin());
      expected.push_back(encode[item]);
      expected_ages.erase(expected_ages.begin());
      expected_ages.push_back(static_cast<float>(time - many.time()[row]) / day);
    }
    pasts.before(user, time, items, ages);
    BOOST_REQUIRE(items == expected);
    BOOST_REQUIRE(ages == expected_ages);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace automodel::recsys
