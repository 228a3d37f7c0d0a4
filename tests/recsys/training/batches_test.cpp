#include "recsys/training/batches.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <numeric>

#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

Program ranking(Loss loss, std::uint32_t negatives) {
  Program out;
  out.sources = {true, true, 3, false};
  out.loss = loss;
  out.negatives = negatives;
  return out;
}

struct World {
  SmallWorld world;
  Settings settings = complete_common({}).value();
  InputEncoder encoder(const Sources& sources) const {
    return InputEncoder::fit(world.data, *world.engine, world.label, world.parts.train, sources).value();
  }
  std::vector<std::uint32_t> first(std::size_t count) const {
    std::vector<std::uint32_t> out(count);
    std::iota(out.begin(), out.end(), 0U);
    return out;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(batches, World)

BOOST_AUTO_TEST_CASE(negatives_are_items_that_the_user_has_not_in_training_and_all_of_them_alike) {
  const std::uint64_t seed = 29;
  BOOST_TEST_MESSAGE("seed " << seed);
  const auto made = encoder({true, true});
  const auto& items = made.spec().items;
  const Negatives negatives(world.data, items, world.parts.train);
  const UserItems had(world.data, world.parts.train);
  Random random(seed, 1);
  for (std::uint32_t user = 0; user < world.data.users(); ++user) {
    std::map<std::int64_t, int> drawn;
    const auto free = items.codes.size() - had.of(user).size();
    BOOST_REQUIRE(free > 1);
    const auto draws = 200 * free;
    for (std::size_t n = 0; n < draws; ++n) ++drawn[negatives.draw(user, random)];
    BOOST_TEST(drawn.size() == free);
    for (const auto& [row, count] : drawn) {
      BOOST_TEST(!had.has(user, items.codes[static_cast<std::size_t>(row - 1)]));
      BOOST_TEST(std::abs(count - 200) < 100);  // seven deviations
    }
  }
  Random same(seed, 1), again(seed, 1);
  for (int n = 0; n < 50; ++n) BOOST_TEST(negatives.draw(3, same) == negatives.draw(3, again));
}

BOOST_AUTO_TEST_CASE(a_user_who_has_everything_gets_an_item_all_the_same) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < world.data.rows(); ++row)
    if (world.data.user()[row] == 0) rows.push_back(row);
  const auto made = InputEncoder::fit(world.data, *world.engine, world.label, rows, {true, true}).value();
  const Negatives negatives(world.data, made.spec().items, rows);
  Random random(1, 1);
  const auto row = negatives.draw(0, random);
  BOOST_TEST(row >= 1);
  BOOST_TEST(row < static_cast<std::int64_t>(made.spec().items.rows()));
}

BOOST_AUTO_TEST_CASE(a_ranking_learns_from_positive_rows_with_their_item_first) {
  const auto program = ranking(Loss::bpr, 2);
  const auto made = encoder(program.sources);
  Batches all(made, world.data, world.y, world.parts.train, settings, program);
  std::vector<std::uint32_t> positive;
  for (const auto row : world.parts.train)
    if (world.y[row] > 0.5F) positive.push_back(row);
  BOOST_TEST(all.size() == positive.size());
  Random random(1, 1);
  const auto& batch = all.gather(first(50), random);
  Batch plain;
  made.encode(std::span(positive).subspan(0, 50), {}, plain);
  BOOST_TEST(batch.candidates == 3U);
  BOOST_TEST(!batch.shared_items);
  BOOST_TEST(batch.users == plain.users, boost::test_tools::per_element());
  BOOST_TEST(batch.history == plain.history, boost::test_tools::per_element());
  BOOST_TEST(batch.ages == plain.ages, boost::test_tools::per_element());
  for (std::size_t r = 0; r < 50; ++r) BOOST_TEST(batch.items[r * 3] == plain.items[r]);
  BOOST_TEST(all.targets().labels.empty());
  BOOST_TEST(all.targets().candidates == 3U);
}

BOOST_AUTO_TEST_CASE(without_negatives_softmax_has_all_items_for_candidates) {
  const auto program = ranking(Loss::softmax, 0);
  const auto made = encoder(program.sources);
  Batches all(made, world.data, world.y, world.parts.train, settings, program);
  Random random(1, 1);
  const auto& batch = all.gather(first(20), random);
  BOOST_TEST(batch.shared_items);
  BOOST_TEST(batch.candidates == made.spec().items.codes.size());
  BOOST_TEST(batch.items.size() == batch.candidates);
  const auto targets = all.targets();
  std::size_t r = 0;
  for (const auto row : world.parts.train) {
    if (world.y[row] <= 0.5F || r == 20) continue;
    const auto at = static_cast<std::size_t>(targets.positives[r++]);
    BOOST_TEST(made.spec().items.codes[static_cast<std::size_t>(batch.items[at] - 1)] ==
               world.data.item()[row]);
  }
  all.gather(first(20), random);  // the items of the batch before do not stay
  BOOST_TEST(all.targets().positives.size() == 20U);
}

BOOST_AUTO_TEST_CASE(hidden_users_and_items_are_unknown_but_candidates_of_a_ranking_stay) {
  settings["unknown"] = "0.5";
  for (const bool ranks : {false, true}) {
    auto program = ranking(Loss::bpr, 1);
    if (!ranks) program.loss = Loss::logloss, program.negatives = 0;
    const auto made = encoder(program.sources);
    Batches all(made, world.data, world.y, world.parts.train, settings, program);
    Random random(1, 1);
    const auto& batch = all.gather(first(300), random);
    const auto share = [](const std::vector<std::int64_t>& ids) {
      return static_cast<double>(std::count(ids.begin(), ids.end(), 0)) / static_cast<double>(ids.size());
    };
    BOOST_TEST(std::abs(share(batch.users) - 0.5) < 0.15);
    BOOST_TEST(std::abs(share(batch.items) - (ranks ? 0 : 0.5)) < 0.15);
    BOOST_TEST(batch.labels.size() == 300U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
