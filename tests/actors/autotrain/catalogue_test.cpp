#include <boost/test/unit_test.hpp>

#include "actors/autotrain/search_space.hpp"
#include "papers/library.hpp"
#include "papers/methods.hpp"
#include "recsys/models/program_checks.hpp"

using namespace automodel;

BOOST_AUTO_TEST_CASE(every_value_that_autotrain_may_choose_makes_a_program_and_is_on_its_ladder_by_default) {
  for (const auto& method : actors::autotrain::library_methods()) {
    const auto defaults = actors::autotrain::default_settings(method);
    const auto known = papers::configure(method.name, defaults);
    BOOST_REQUIRE_MESSAGE(known, method.name << ": " << (known ? "" : to_string(known.error())));
    BOOST_TEST(bool(known->program), method.name);
    for (const auto& knob : method.knobs) {
      BOOST_TEST((std::find(knob.choices.begin(), knob.choices.end(), knob.default_value) != knob.choices.end()),
                 method.name << " " << knob.name << "=" << knob.default_value);
      for (const auto& value : knob.choices) {
        auto settings = defaults;
        settings[knob.name] = value;
        const auto one = papers::configure(method.name, settings);
        BOOST_REQUIRE_MESSAGE(one, method.name << " " << knob.name << "=" << value);
        const auto program = one->program(recsys::made_up_inputs(3, 1, 1, 5, 3, one->sources));
        BOOST_TEST(program.has_value(), method.name << " " << knob.name << "=" << value << ": "
                                                    << (program ? "" : to_string(program.error())));
      }
    }
  }
  for (const auto& name : actors::autotrain::counting_methods()) {
    const auto known = papers::configure(name, {});
    BOOST_REQUIRE_MESSAGE(known, name);
    BOOST_TEST(!known->program);
  }
}

BOOST_AUTO_TEST_CASE(every_card_of_the_library_is_in_the_decision_space) {
  for (const auto& card : papers::library()) BOOST_TEST(actors::autotrain::find_library_method(card.name) != nullptr, card.name);
}

BOOST_AUTO_TEST_CASE(every_method_without_a_card_is_known_by_name_so_that_no_card_takes_it) {
  std::vector<std::string> native;
  for (const auto& method : recsys::methods())
    if (!method.trained_by_gradient) native.push_back(method.name);
  BOOST_TEST(native == actors::autotrain::methods_without_card(), boost::test_tools::per_element());
}
