#include <random>

#include "recsys/data/split.hpp"
#include "recsys/features/screening.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

BOOST_AUTO_TEST_CASE(screening_passes_what_informs_and_not_what_the_base_says_already) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 4000; ++i) {
    const int user = static_cast<int>(random() % 20), item = static_cast<int>(random() % 30);
    const bool positive = random() % 100 < (user < 10 ? 80u : 20u);  // users differ, films do not
    text += std::to_string(user) + "\t" + std::to_string(item) + "\t" + (positive ? "5" : "1") + "\t" +
            std::to_string(i) + "\n";
  }
  const Dataset data = folder.import(folder.write("u.data", text));
  std::vector<std::uint32_t> rows;
  for (std::uint32_t r = 0; r < 4000; ++r) rows.push_back(r);
  const auto truth = *labels(data, "rating>=4");
  const auto alone = screen(data, truth, {"mean(label | user)"}, {}, rows, 40, 1);
  BOOST_REQUIRE(alone);
  BOOST_TEST((*alone)[0].passed);
  BOOST_TEST((*alone)[0].information > 0.15);
  const auto again = screen(data, truth, {"mean(label | user)"}, {"mean(label | user, w=21)"}, rows, 40, 1);
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)[0].information < 0.1 * (*alone)[0].information);
  BOOST_TEST(!screen(data, truth, {"count(user)"}, {}, rows, 0, 1));
}

}  // namespace automodel::recsys
