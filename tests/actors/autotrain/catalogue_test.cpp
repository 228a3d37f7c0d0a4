#include <boost/test/unit_test.hpp>

#include "actors/autotrain/search_space.hpp"
#include "recsys/models/method.hpp"

using namespace automodel;

BOOST_AUTO_TEST_CASE(every_value_that_autotrain_may_choose_is_good_to_the_catalogue_and_defaults_agree) {
  for (const auto& method : actors::autotrain::search_methods()) {
    const auto known = recsys::find_method(method.name);
    BOOST_REQUIRE_MESSAGE(known, method.name);
    BOOST_TEST((*known)->trained_by_gradient);
    const auto defaults = recsys::complete_settings(**known, {});
    BOOST_REQUIRE(defaults);
    BOOST_TEST((*defaults == actors::autotrain::default_settings(method)), method.name);
    for (const auto& knob : method.knobs)
      for (const auto& value : knob.choices)
        BOOST_TEST(bool(recsys::complete_settings(**known, {{knob.name, value}})),
                   method.name << " " << knob.name << "=" << value);
  }
  for (const auto& name : actors::autotrain::counting_methods()) {
    const auto known = recsys::find_method(name);
    BOOST_REQUIRE_MESSAGE(known, name);
    BOOST_TEST(!(*known)->trained_by_gradient);
  }
}
