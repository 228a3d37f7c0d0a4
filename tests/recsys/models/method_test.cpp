#include <boost/test/unit_test.hpp>

#include "recsys/models/method.hpp"

using namespace automodel::recsys;

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_AUTO_TEST_CASE(every_default_and_choice_of_every_method_is_accepted) {
  for (const auto& method : methods()) {
    const auto defaults = complete_settings(method, {});
    BOOST_REQUIRE(defaults);
    auto parameters = method.parameters;
    if (method.trained_by_gradient) {
      parameters.insert(parameters.end(), common_parameters().begin(), common_parameters().end());
    }
    BOOST_TEST(defaults->size() == parameters.size());
    for (const auto& parameter : parameters) {
      for (const auto& choice : parameter.choices) {
        BOOST_TEST(complete_settings(method, {{parameter.name, choice}}).has_value(),
                   parameter.name << choice);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_method_names_its_neighbour) {
  const auto wrong = find_method("depfm");
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().code == "models.unknown_method");
  BOOST_TEST(wrong.error().hint.find("'deepfm'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unknown_setting_is_refused) {
  const auto wrong = complete_settings(**find_method("lr"), {{"hidden", "64"}});
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().code == "models.unknown_setting");
}

BOOST_AUTO_TEST_CASE(a_bad_value_is_refused_with_its_range) {
  const auto& deepfm = **find_method("deepfm");
  for (const Settings& bad : std::vector<Settings>{{{"lr", "fast"}},
                                                   {{"lr", "-1"}},
                                                   {{"lr", "nan"}},
                                                   {{"dim", "2.5"}},
                                                   {{"dim", "0"}},
                                                   {{"batch", ""}},
                                                   {{"hidden", "64,"}},
                                                   {{"hidden", ""}},
                                                   {{"hidden", "0"}},
                                                   {{"dropout", "1"}}}) {
    const auto wrong = complete_settings(deepfm, bad);
    BOOST_REQUIRE_MESSAGE(!wrong, bad.begin()->first << " = " << bad.begin()->second);
    BOOST_TEST(wrong.error().code == "models.bad_setting");
    BOOST_TEST(wrong.error().message.find("must be") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_program_needs_equations_and_inputs) {
  BOOST_TEST(program("popularity", {}, {}).error().code == "models.unknown_method");
  BOOST_TEST(program("lr", complete_settings(**find_method("lr"), {}).value(), {}).error().code ==
             "models.no_inputs");
}

BOOST_AUTO_TEST_SUITE_END()
