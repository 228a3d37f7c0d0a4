#include <boost/test/unit_test.hpp>
#include <set>

#include "actors/autofeature/families.hpp"
#include "base/error.hpp"
#include "profile.hpp"
#include "recsys/features/feature.hpp"

using namespace automodel;

BOOST_AUTO_TEST_CASE(every_candidate_is_an_expression_in_canonical_form_and_is_offered_once) {
  events::KnownDatasetT dataset;
  auto profile = tests::profile();
  dataset.rows = profile.rows;
  dataset.users = profile.users;
  dataset.items = profile.items;
  dataset.columns = std::move(profile.columns);
  std::set<std::string> seen;
  for (const auto& family : actors::autofeature::families(dataset, "stars>=4")) {
    BOOST_TEST((!family.candidates.empty() && family.candidates.size() <= 8));
    for (const auto& candidate : family.candidates) {
      const auto canonical = recsys::canonical_feature(candidate.feature);
      BOOST_REQUIRE_MESSAGE(canonical,
                            candidate.feature << (canonical ? "" : ": " + to_string(canonical.error())));
      BOOST_TEST(*canonical == candidate.feature);
      BOOST_TEST(seen.insert(candidate.feature).second, candidate.feature);
    }
  }
  BOOST_TEST(seen.contains("mean(label | user*tags)"));
  BOOST_TEST(seen.contains("bucket(length, 16)"));
}
