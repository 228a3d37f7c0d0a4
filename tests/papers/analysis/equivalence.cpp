// The same program up to names: renamed cards are it, the library's methods are not each other's.
#include <boost/test/unit_test.hpp>

#include <map>

#include "papers/analysis/equivalence.hpp"
#include "papers/library.hpp"

namespace automodel::papers {
namespace {

CompiledCard of_library(const std::string& name) {
  return compile_card(name, std::string(find_in_library(name)->text), {}, [](const std::string& other) -> Result<std::string> {
    if (const auto card = find_in_library(other)) return std::string(card->text);
    return fail("papers.no_such_card", other);
  });
}

std::string replaced(std::string text, const std::map<std::string, std::string>& words) {
  for (const auto& [old, now] : words) {
    BOOST_REQUIRE(text.find(old) != std::string::npos);
    for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size())) text.replace(at, old.size(), now);
  }
  return text;
}

CompiledCard changed(const std::string& name, const std::map<std::string, std::string>& words) {
  auto card = compile_card(name + ".md", replaced(std::string(find_in_library(name)->text), words));
  for (const auto& problem : card.problems) BOOST_ERROR(describe(problem, card.method.card.source));
  return card;
}

BOOST_AUTO_TEST_SUITE(papers_equivalence)

BOOST_AUTO_TEST_CASE(no_two_methods_of_the_library_are_the_same) {
  std::map<std::string, std::string> names;
  for (const auto& entry : library()) {
    const auto card = of_library(std::string(entry.name));
    const auto fingerprint = program_fingerprint(card);
    BOOST_TEST(fingerprint.size() == 16u);
    BOOST_TEST(same_method(card, of_library(std::string(entry.name))), entry.name);
    const auto [other, fresh] = names.emplace(fingerprint, entry.name);
    BOOST_TEST(fresh, entry.name << " is taken for " << other->second);
  }
}

BOOST_AUTO_TEST_CASE(names_of_symbols_indices_and_sizes_do_not_count) {
  BOOST_TEST(same_method(of_library("deepfm"), changed("deepfm", {{"\\mathbf{e}", "\\mathbf{v}"}, {"w_i", "a_i"}, {"y_\\mathrm{fm}", "z"},
                                                                 {"^{k}", "^{D}"}, {"\nk =", "\nD ="}, {"parameter_count", "#"}})));
  BOOST_TEST(same_method(of_library("dcnv2"), changed("dcnv2", {{"_l", "_q"}, {"{l+1}", "{q+1}"}, {" l =", " q ="}, {"layer $l$", "layer $q$"}, {"W", "M"}})));
  BOOST_TEST(same_method(of_library("sasrec"), changed("sasrec", {{"\\mathbf{n}", "\\mathbf{g}"}, {"\\alpha", "\\beta"}, {"W^{Q}", "A"}})));
}

BOOST_AUTO_TEST_CASE(order_and_splitting_of_equations_do_not_count) {
  const auto whole = changed("deepfm", {{"y_\\mathrm{linear} + y_\\mathrm{fm} + y_\\mathrm{deep}", "y_\\mathrm{deep} + y_\\mathrm{linear} + y_\\mathrm{fm}"}});
  BOOST_TEST(same_method(of_library("deepfm"), whole));
  const auto split = changed("fm", {{"$$ \\hat{y} = \\sigma\\left( b + \\sum_{i=1}^{n} w_i +", "$$ y = b + \\sum_{i=1}^{n} w_i $$\n$$ \\hat{y} = \\sigma\\left( y +"}});
  BOOST_TEST(same_method(of_library("fm"), split));
}

BOOST_AUTO_TEST_CASE(what_is_computed_what_is_shared_and_how_it_is_trained_count) {
  BOOST_TEST(!same_method(of_library("dcnv2"), changed("dcnv2", {{"+ \\mathbf{x}_l,", "+ \\mathbf{x}_0,"}})));
  BOOST_TEST(!same_method(of_library("dcnv2"), changed("dcnv2", {{"W_l", "W"}})));
  BOOST_TEST(!same_method(of_library("deepfm"), changed("deepfm", {{"[128, 128, 128], choices", "[128, 128], choices"}})));
  BOOST_TEST(!same_method(of_library("sasrec"), changed("sasrec", {{"W^{K}_l \\mathbf{x}", "W^{Q}_l \\mathbf{x}"}})));
  BOOST_TEST(!same_method(of_library("neumf"), changed("neumf", {{"negatives = 4", "negatives = 1"}})));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
