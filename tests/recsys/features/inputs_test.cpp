#include <cmath>

#include "recsys/data/split.hpp"
#include "recsys/features/inputs.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

namespace {

struct Fixture {
  TemporaryFolder folder;
  Dataset data = folder.import(folder.write("ratings.csv", text()));
  std::vector<float> truth = *labels(data, "rating>=4");
  std::vector<std::uint32_t> train;
  Fixture() {
    for (std::uint32_t r = 0; r < 40; ++r) train.push_back(r);
  }
  static std::string text() {
    std::string out = "userId,movieId,title,year,genres,rating,timestamp\n";
    for (int i = 0; i < 50; ++i) {
      const int item = i < 40 ? i % 4 : 7;  // film 7 is not in training
      out += std::to_string(i % 5) + "," + std::to_string(item) + ",T," + std::to_string(2000 + item) + "," +
             (item % 2 ? "A|B" : "B") + "," + std::to_string(i % 5 + 1) + "," + std::to_string(i) + "\n";
    }
    return out;
  }
  FeatureEngine features() {
    return std::move(*FeatureEngine::create(data, truth, {"mean(label | user)", "hour(time)"}, train));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(inputs, Fixture)

BOOST_AUTO_TEST_CASE(what_the_label_is_made_of_is_no_input) {
  const FeatureEngine engine = features();
  const auto encoder = InputEncoder::fit(data, engine, "rating>=4", train);
  BOOST_REQUIRE(encoder);
  for (const Field& field : encoder->spec().fields)
    BOOST_TEST((field.source != "rating" && field.source != "title" && field.source != "time"));
  BOOST_TEST(encoder->spec().singles() == 3u);  // user, item, hour
  BOOST_TEST(encoder->spec().bags() == 1u);
  BOOST_TEST(encoder->spec().denses() == 2u);  // year, mean
  BOOST_TEST(encoder->spec().max_bag == 2u);
}

BOOST_AUTO_TEST_CASE(codes_not_seen_in_training_and_unknown_users_share_the_first_row) {
  const FeatureEngine engine = features();
  const auto encoder = InputEncoder::fit(data, engine, "rating>=4", train);
  BOOST_REQUIRE(encoder);
  Batch batch;
  encoder->encode(std::vector<std::uint32_t>{0, 45}, truth, batch);
  const auto item_offset = static_cast<std::int64_t>(encoder->spec().fields[1].offset);
  BOOST_TEST(batch.singles[1] > item_offset);
  BOOST_TEST(batch.singles[3 + 1] == item_offset);
  BOOST_TEST(batch.labels[0] == truth[0]);
  encoder->encode_live(static_cast<std::uint32_t>(data.users()), std::vector<std::uint32_t>{0}, 1000, batch);
  BOOST_TEST(batch.singles[0] == 0);
  for (const auto code : batch.singles) BOOST_TEST(code < encoder->spec().table_rows);
}

BOOST_AUTO_TEST_CASE(dense_fields_are_standardised_on_training_rows_and_short_bags_padded) {
  const FeatureEngine engine = features();
  const auto encoder = InputEncoder::fit(data, engine, "rating>=4", train);
  BOOST_REQUIRE(encoder);
  Batch batch;
  encoder->encode(train, truth, batch);
  for (std::size_t d = 0; d < 2; ++d) {
    double sum = 0, squares = 0;
    for (std::size_t r = 0; r < batch.rows; ++r) {
      sum += batch.dense[r * 2 + d];
      squares += batch.dense[r * 2 + d] * batch.dense[r * 2 + d];
    }
    BOOST_TEST(std::abs(sum / 40) < 1e-4);
    BOOST_TEST(std::abs(squares / 40 - 1) < 1e-3);
  }
  BOOST_TEST(batch.bags[1] == -1);  // film 0 has one genre
  BOOST_TEST(batch.bags[2 + 1] > 0);
}

BOOST_AUTO_TEST_CASE(a_spec_survives_json_and_garbage_does_not) {
  const FeatureEngine engine = features();
  const auto encoder = InputEncoder::fit(data, engine, "rating>=4", train);
  BOOST_REQUIRE(encoder);
  auto spec = InputSpec::from_json(encoder->spec().to_json());
  BOOST_REQUIRE(spec);
  BOOST_TEST(spec->to_json() == encoder->spec().to_json());
  BOOST_TEST(spec->table_rows == encoder->spec().table_rows);
  const auto bound = InputEncoder::bind(data, engine, *spec);
  BOOST_REQUIRE(bound);
  Batch a, b;
  encoder->encode(train, {}, a);
  bound->encode(train, {}, b);
  BOOST_TEST(a.singles == b.singles);
  BOOST_TEST(a.dense == b.dense);
  spec->fields[0].source = "nobody";
  BOOST_TEST(InputEncoder::bind(data, engine, *spec).error().code == "features.unknown_column");
  for (const char* text : {"", "{}", "[]", "{\"fields\":[{}],\"max_bag\":1}"})
    BOOST_TEST(!InputSpec::from_json(text));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace automodel::recsys
