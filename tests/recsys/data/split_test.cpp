#include <cmath>
#include <numeric>

#include "recsys/data/profile.hpp"
#include "recsys/data/split.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

namespace {

struct Fixture {
  TemporaryFolder folder;
  Dataset data = folder.import(folder.write("u.data", rows()));
  static std::string rows() {
    std::string text;
    for (int i = 0; i < 100; ++i)
      text += std::to_string(i % 7) + "\t" + std::to_string(i % 11) + "\t" + std::to_string(i % 5 + 1) +
              "\t" + std::to_string(1000 + i) + "\n";
    return text + "lonely\t1\t3\t2000\n";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(splits, Fixture)

BOOST_AUTO_TEST_CASE(a_temporal_split_is_oldest_first_and_complete) {
  const auto cut = split(data, SplitKind::temporal, {0.8, 0.1, 0.1}, 1);
  BOOST_REQUIRE(cut);
  BOOST_TEST(cut->train.back() + 1 == cut->tuning.front());
  BOOST_TEST(cut->tuning.back() + 1 == cut->promotion.front());
  BOOST_TEST(cut->promotion.back() + 1 == cut->test.front());
  BOOST_TEST(cut->test.back() == 100u);
  BOOST_TEST(cut->train.size() == 81u);
}

BOOST_AUTO_TEST_CASE(a_random_split_depends_on_its_seed_only_and_holds_each_row_once) {
  const auto a = split(data, SplitKind::random, {0.8, 0.1, 0.1}, 5),
             b = split(data, SplitKind::random, {0.8, 0.1, 0.1}, 5),
             c = split(data, SplitKind::random, {0.8, 0.1, 0.1}, 6);
  BOOST_TEST(a->train == b->train);
  BOOST_TEST((a->train != c->train));
  std::vector<int> seen(data.rows(), 0);
  for (const auto* part : {&a->train, &a->tuning, &a->promotion, &a->test})
    for (const auto row : *part) ++seen[row];
  BOOST_TEST((seen == std::vector<int>(data.rows(), 1)));
  BOOST_TEST(a->tuning.back() < a->promotion.front());
}

BOOST_AUTO_TEST_CASE(leave_last_out_keeps_each_users_last_rows_and_trains_on_the_rare) {
  const auto cut = split(data, SplitKind::leave_last_out, {}, 1);
  BOOST_REQUIRE(cut);
  BOOST_TEST(cut->test.size() == 7u);
  BOOST_TEST(cut->validation().size() == 7u);
  BOOST_TEST(cut->train.back() == 100u);  // the user with one row
}

BOOST_AUTO_TEST_CASE(ratios_must_be_three_and_sum_to_one) {
  for (const std::vector<double>& ratios : {std::vector<double>{0.8, 0.2}, {0.8, 0.1, 0.2}, {1, 0, 0}, {}})
    BOOST_TEST(split(data, SplitKind::temporal, ratios, 1).error().code == "data.bad_ratios");
}

BOOST_AUTO_TEST_CASE(labels_follow_their_expression) {
  const auto sum = [&](const char* expression) {
    const auto values = labels(data, expression);
    BOOST_REQUIRE_MESSAGE(values, expression);
    return std::accumulate(values->begin(), values->end(), 0.0);
  };
  BOOST_TEST(sum("rating>=4") == 40);
  BOOST_TEST(sum("!(rating >= 4)") == 61);
  BOOST_TEST(sum("rating > 4 || rating < 2") == 40);
  BOOST_TEST(sum("rating == 3 && time >= 2000") == 1);
  BOOST_TEST(sum("rating") == 101);
  BOOST_TEST((*label_columns("time > 3 && rating") == std::vector<std::string>{"rating", "time"}));
}

BOOST_AUTO_TEST_CASE(an_error_in_a_label_took_three_lines_and_takes_one_that_says_where) {
  const auto wrong = labels(data, "rating >= 4 && stars > 2");
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().code == "data.bad_label");
  BOOST_TEST(to_string(wrong.error()) ==
             "no column 'stars' (column 16 of 'rating >= 4 && stars > 2'). Columns that a label can use: "
             "time, rating");
  const auto torn = labels(data, "rating >=\n4 &&");
  BOOST_REQUIRE(!torn);
  BOOST_TEST(to_string(torn.error()).find('\n') == std::string::npos);
  for (const char* text :
       {"", "rating >=", "(rating > 3", "rating > 3)", "3", "rating > 'x'", "user == 1", "&&", "rating ! 3"})
    BOOST_TEST(labels(data, text).error().code == "data.bad_label");
}

BOOST_AUTO_TEST_CASE(a_profile_counts_values_and_drift) {
  for (const ColumnProfile& column : profile(data)) {
    BOOST_TEST(column.missing == 0.0);
    if (column.info.name == "user") BOOST_TEST(column.cardinality == 8u);
    if (column.info.name == "time") BOOST_TEST(column.drift == 1.0, boost::test_tools::tolerance(1e-9));
    if (column.info.name == "item")
      BOOST_TEST(column.entropy == std::log2(11), boost::test_tools::tolerance(0.01));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace automodel::recsys
