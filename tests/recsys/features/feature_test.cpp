#include <cmath>
#include <random>

#include "recsys/data/split.hpp"
#include "recsys/features/feature.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

namespace {

const std::vector<std::string> expressions{"count(user)",
                                           "count(item, 2d)",
                                           "mean(label | user)",
                                           "mean(label | user, last=3)",
                                           "mean(label | item, 1d, w=3)",
                                           "mean(rating | item)",
                                           "std(label | user)",
                                           "mean(label | user*genres)",
                                           "count(genres)",
                                           "recency(user)",
                                           "age(item)",
                                           "popularity(item, 3d)",
                                           "residual(user)",
                                           "residual(item)",
                                           "residual(rating | user*genres)",
                                           "similar(user)",
                                           "similar(rating | user, last=4)",
                                           "bucket(mean(label | item), 4)",
                                           "residual(user, last=3)",
                                           "bucket(year, 3)",
                                           "hour(time)",
                                           "weekday(time)",
                                           "cross(genres, bucket(mean(label | user), 3))"};

struct Row {
  int user, item, rating, time;
};

std::vector<Row> random_rows(std::mt19937& random, std::size_t n) {
  std::vector<Row> rows;
  int time = 1'000'000;
  for (std::size_t i = 0; i < n; ++i) {
    time += random() % 3 == 0 ? 0 : static_cast<int>(random() % 40'000);  // some rows share their time
    rows.push_back({static_cast<int>(random() % 8), static_cast<int>(random() % 12),
                    static_cast<int>(random() % 5) + 1, time});
  }
  return rows;
}

std::string text_of(const std::vector<Row>& rows) {
  constexpr const char* genres[] = {"Drama", "War|Drama", "Comedy", "", "Comedy|War"};
  std::string text = "userId,movieId,title,year,genres,rating,timestamp\n";
  for (const Row& r : rows)
    text += "u" + std::to_string(r.user) + ",i" + std::to_string(r.item) + ",T," +
            std::to_string(1990 + r.item) + "," + genres[r.item % 5] + "," + std::to_string(r.rating) + "," +
            std::to_string(r.time) + "\n";
  return text;
}

FeatureEngine engine_of(const Dataset& data, std::size_t train) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t r = 0; r < train; ++r) rows.push_back(r);
  auto engine = FeatureEngine::create(data, *labels(data, "rating>=4"), expressions, rows);
  BOOST_REQUIRE_MESSAGE(engine, (engine ? "" : to_string(engine.error())));
  return std::move(*engine);
}

bool same(const FeatureColumn& a, std::size_t row_a, const FeatureColumn& b, std::size_t row_b) {
  if (a.categorical) return a.codes[row_a] == b.codes[row_b];
  const float x = a.numbers[row_a], y = b.numbers[row_b];
  return (std::isnan(x) && std::isnan(y)) || x == y;
}

/// Another import may number the values of a column otherwise, and so average them in another order.
bool close(const FeatureColumn& a, std::size_t row_a, const FeatureColumn& b, std::size_t row_b) {
  if (a.categorical || same(a, row_a, b, row_b)) return same(a, row_a, b, row_b);
  const float x = a.numbers[row_a], y = b.numbers[row_b];
  return std::abs(x - y) <= 1e-6f * std::max(1.0f, std::abs(x));
}

struct Fixture {
  TemporaryFolder folder;
  unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  Fixture() { BOOST_TEST_MESSAGE("seed " << seed); }
  Dataset import(const std::vector<Row>& rows) {
    return folder.import(folder.write("ratings.csv", text_of(rows)));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(features, Fixture)

BOOST_AUTO_TEST_CASE(what_happens_at_or_after_a_moment_changes_no_value_before_it) {
  for (int round = 0; round < 5; ++round) {
    std::vector<Row> rows = random_rows(random, 120);
    const FeatureEngine before = engine_of(import(rows), 40);
    const std::size_t from = 60 + random() % 40;
    const int moment = rows[from].time;
    for (Row& row : rows)
      if (row.time >= moment) row.rating = static_cast<int>(random() % 5) + 1;
    const FeatureEngine after = engine_of(import(rows), 40);
    for (std::size_t f = 0; f < expressions.size(); ++f)
      for (std::size_t r = 0; r < rows.size() && rows[r].time <= moment;
           ++r)  // not even rows of that very time
        BOOST_TEST(same(before.columns()[f], r, after.columns()[f], r), expressions[f] << " at row " << r);
  }
}

BOOST_AUTO_TEST_CASE(serving_after_the_last_row_agrees_with_the_value_of_a_row_that_is_appended) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Row> rows = random_rows(random, 80);
    const Dataset data = import(rows);
    const FeatureEngine live = engine_of(data, 50);
    Row next = random_rows(random, 1)[0];
    next.time = rows.back().time + 1 + static_cast<int>(random() % 200'000);
    const std::uint32_t user =
        data.find_user("u" + std::to_string(next.user)).value_or(static_cast<std::uint32_t>(data.users()));
    const auto item = data.find_item("i" + std::to_string(next.item));
    if (!item) continue;
    rows.push_back(next);
    const FeatureEngine batch = engine_of(import(rows), 50);
    const std::vector<std::uint32_t> items{*item};
    const auto values = live.at(user, items, next.time);
    for (std::size_t f = 0; f < expressions.size(); ++f) {
      // A combination that appears for the first time is unknown to serving, and a new code in the batch.
      if (expressions[f].starts_with("cross") && values[f].codes[0] == 0) continue;
      BOOST_TEST(close(values[f], 0, batch.columns()[f], rows.size() - 1),
                 expressions[f] << ": " << (values[f].categorical ? 0 : values[f].numbers[0]) << " or "
                                << (values[f].categorical ? 0 : batch.columns()[f].numbers.back()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_combination_that_serving_sees_first_counts_as_it_does_in_the_batch) {
  // The user had Drama but never War; the item at hand is both. War once was left out of the average when
  // serving.
  const Dataset data = import({{1, 0, 5, 100}, {2, 1, 1, 200}});
  const std::vector<std::string> wanted{"residual(rating | user*genres)", "count(user*genres)"};
  const auto engine = FeatureEngine::create(data, *labels(data, "rating>=4"), wanted, {});
  BOOST_REQUIRE(engine);
  const std::vector<std::uint32_t> items{*data.find_item("i1")};
  const auto values = engine->at(*data.find_user("u1"), items, 300);
  BOOST_TEST(values[1].numbers[0] == std::log1p(1.0f) / 2, boost::test_tools::tolerance(1e-5f));
}

BOOST_AUTO_TEST_CASE(a_row_sees_neither_its_own_label_nor_rows_of_its_time) {
  const Dataset data = import({{1, 1, 5, 100}, {1, 2, 5, 100}, {1, 3, 1, 200}});
  const std::vector<std::string> wanted{"count(user)", "mean(label|user, w=2)", "recency(user)"};
  const auto engine = FeatureEngine::create(data, *labels(data, "rating>=4"), wanted, {});
  BOOST_REQUIRE(engine);
  BOOST_TEST(engine->columns()[0].numbers[0] == 0.0f);
  BOOST_TEST(engine->columns()[0].numbers[1] == 0.0f);
  BOOST_TEST(engine->columns()[0].numbers[2] == std::log1p(2.0f));
  // Two positives in two rows: prior (2 + 0.5) / (2 + 1), then (2 + 2 * prior) / (2 + 2).
  BOOST_TEST(engine->columns()[1].numbers[2] == (2 + 2 * 2.5f / 3) / 4, boost::test_tools::tolerance(1e-5f));
  BOOST_TEST(std::isnan(engine->columns()[2].numbers[0]));
  BOOST_TEST(engine->columns()[2].numbers[2] == std::log1p(100.0f), boost::test_tools::tolerance(1e-5f));
}

BOOST_AUTO_TEST_CASE(equal_features_have_equal_text) {
  const auto text = [](const char* expression) { return canonical_feature(expression).value_or("?"); };
  BOOST_TEST(text(" mean( label|genres*user ,w=5)") == "mean(label | user*genres)");
  BOOST_TEST(text("count(item,720h)") == "count(item, 30d)");
  BOOST_TEST(text("residual(label | user)") == "residual(user)");
  BOOST_TEST(text("similar(user, last=50)") == "similar(user)");
  BOOST_TEST(text("cross(genres,bucket(mean(label|item,w=3),8))") ==
             "cross(bucket(mean(label | item, w=3), 8), genres)");
  for (const std::string& expression : expressions) {
    const auto once = canonical_feature(expression);
    BOOST_REQUIRE(once);
    BOOST_TEST(*canonical_feature(*once) == *once);
  }
}

BOOST_AUTO_TEST_CASE(an_error_in_a_feature_took_three_lines_and_takes_one_that_says_where) {
  for (const char* expression :
       {"", "user", "count()", "count(user", "mean(user)", "cont(user)", "count(user, 0d)", "bucket(user, 1)",
        "mean(label | user, last=0)", "count(user*user)", "hour(user)", "count(user) x", "similar(item)"}) {
    const auto wrong = canonical_feature(expression);
    BOOST_REQUIRE_MESSAGE(!wrong, expression);
    BOOST_TEST(wrong.error().code == "features.syntax");
    BOOST_TEST(wrong.error().where.starts_with("column "));
    BOOST_TEST(to_string(wrong.error()).find('\n') == std::string::npos);
  }
  BOOST_TEST(to_string(canonical_feature("mean(user)").error()) ==
             "'|' and a key were expected here, as in mean(label | user) (column 10 of 'mean(user)'). "
             "For example: mean(label | user, last=10)");
  const Dataset data = import({{1, 1, 5, 100}});
  for (const char* expression :
       {"count(city)", "mean(price | user)", "bucket(rating, 4)", "cross(user, rating)"}) {
    const auto wrong = FeatureEngine::create(data, *labels(data, "rating>=4"), {expression}, {});
    BOOST_REQUIRE_MESSAGE(!wrong, expression);
    BOOST_TEST(wrong.error().code == "features.unknown_column");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace automodel::recsys
