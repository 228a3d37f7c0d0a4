#include <boost/test/unit_test.hpp>

#include "papers/checks.hpp"
#include "papers/library.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(cards_of_the_library)

/// A few fields of every kind.
const recsys::InputSpec& inputs() {
  static const auto spec = recsys::made_up_inputs(3, 1, 2);
  return spec;
}

BOOST_AUTO_TEST_CASE(every_card_computes_what_its_equations_say_and_has_the_parameters_that_it_states) {
  BOOST_TEST_REQUIRE(library().size() >= 23U);
  for (const auto& card : library()) {
    BOOST_TEST_CONTEXT(card.name) {
      const auto report = check_card(std::string(card.name), std::string(card.text), {}, inputs(), 7);
      BOOST_TEST(report.has_value(), (report ? "" : to_string(report.error())));
      if (!report) continue;
      BOOST_TEST(report->disagreement <= 1e-5);
      BOOST_TEST(report->shapes >= 2U);
      BOOST_TEST(report->stated.has_value());
      BOOST_TEST(report->program.without_gradient.empty());
      BOOST_TEST_MESSAGE(card.name << ": " << report->parameters << " parameters, differs by " << report->disagreement << " in "
                                   << report->shapes << " shapes, gradient error " << report->program.gradient_error << ", "
                                   << report->program.steps << " steps to learn 256 rows");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_card_that_reads_dense_features_works_where_there_are_none) {
  const auto card = find_in_library("dlrm");
  BOOST_TEST_REQUIRE(card.has_value());
  const auto report = check_card("dlrm", std::string(card->text), {}, recsys::made_up_inputs(3, 1, 0), 3);
  BOOST_TEST(report.has_value(), (report ? "" : to_string(report.error())));
}

BOOST_AUTO_TEST_CASE(the_feature_maps_of_xdeepfm_do_not_begin_alike) {
  const auto script = script_for(compile_card("xdeepfm", *card_text("xdeepfm")), {6, 4, 2, 100});
  BOOST_TEST_REQUIRE(script.has_value());
  for (const auto& parameter : script->parameters)
    if (parameter.shape.size() >= 3) BOOST_TEST(parameter.init == "xavier", parameter.name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
