#include <boost/test/unit_test.hpp>
#include <set>

#include "recsys/evaluation/baselines.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

struct World {
  SmallWorld world;
  Scorer scorer = make();

  Scorer make() const {
    const auto trained = world.trained(SmallWorld::options("fm", 20), world.parts.tuning).value();
    return world.load(trained.checkpoint).value();
  }
  std::set<std::uint32_t> had(std::uint32_t user) const {
    std::set<std::uint32_t> out;
    for (std::size_t r = 0; r < world.data.rows(); ++r) {
      if (world.data.user()[r] == user) out.insert(world.data.item()[r]);
    }
    return out;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(recommender, World)

BOOST_AUTO_TEST_CASE(everyone_gets_new_items_once_each_and_no_more_than_there_are) {
  const auto r = Recommender::create(world.data, world.y).value();
  const auto now = world.data.time().back() + 60;
  for (std::uint32_t user = 0; user < world.data.users(); ++user) {
    const auto list = r.recommend(scorer, user, 5, now);
    BOOST_REQUIRE(list);
    const auto seen = had(user);
    BOOST_TEST(list->size() == std::min<std::size_t>(5, world.data.items() - seen.size()));
    std::set<std::uint32_t> items;
    for (const auto& one : *list) {
      BOOST_TEST(!seen.contains(one.item));
      BOOST_TEST(items.insert(one.item).second);
      BOOST_TEST((one.from == "itemknn" || one.from == "popularity"));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_user_without_history_gets_popular_items) {
  const auto r = Recommender::create(world.data, world.y).value();
  const auto list = r.recommend(scorer, std::nullopt, 10, world.data.time().back() + 60);
  BOOST_REQUIRE(list);
  BOOST_TEST(list->size() == 10U);
  for (const auto& one : *list) BOOST_TEST(one.from == "popularity");
}

BOOST_AUTO_TEST_CASE(the_best_scored_item_comes_first) {
  const auto r = Recommender::create(world.data, world.y).value();
  const auto list = r.recommend(scorer, 3, 40, world.data.time().back() + 60).value();
  BOOST_REQUIRE(list.size() > 2U);
  for (const auto& one : list) BOOST_TEST(one.score <= list.front().score);
}

BOOST_AUTO_TEST_CASE(the_list_is_spread_over_genres_and_each_item_says_its_place_by_score) {
  const auto r = Recommender::create(world.data, world.y).value();
  const auto now = world.data.time().back() + 60;
  std::size_t moved = 0;
  for (std::uint32_t user = 0; user < world.data.users(); ++user) {
    auto list = r.recommend(scorer, user, world.data.items(), now).value();
    moved += static_cast<std::size_t>(!std::ranges::is_sorted(list, {}, &Recommended::place));
    std::ranges::sort(list, {}, &Recommended::place);
    BOOST_TEST(std::ranges::is_sorted(list, std::greater(), &Recommended::score));
    for (std::size_t i = 0; i < list.size(); ++i) BOOST_TEST(list[i].place == i + 1);
  }
  BOOST_TEST(moved > 0u);
}

BOOST_AUTO_TEST_CASE(item_knn_finds_items_of_the_same_taste) {
  std::vector<std::uint32_t> rows(world.data.rows());
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const auto knn = ItemKnn::fit(world.data, world.y, rows, 10, 0);
  int same = 0, all = 0;
  for (std::uint32_t item = 0; item < world.data.items(); ++item) {
    const auto kind = [&](std::uint32_t i) {
      return std::stoi(std::string(world.data.item_id(i)).substr(1)) % 4;
    };
    float before = 2;
    for (const auto& near : knn.neighbours(item)) {
      BOOST_TEST(near.item != item);
      BOOST_TEST(near.similarity <= before);
      BOOST_TEST(near.similarity <= 1.0F);
      before = near.similarity;
    }
    for (const auto& near : knn.neighbours(item).first(3)) {
      same += kind(near.item) == kind(item);
      ++all;
    }
  }
  BOOST_TEST(same > 0.8 * all);
}

BOOST_AUTO_TEST_SUITE_END()
