// Sizes of axes as formulas: `n k`, `n (n - 1) / 2`, `k / H`. Pure values, and the equations between them.
#pragma once

#include <boost/rational.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "papers/latex/syntax.hpp"

namespace automodel::papers {

using Sizes = std::map<std::string, std::int64_t>;  // what a symbol's size is

/// A polynomial over named sizes with rational coefficients; exponents may be negative. With more than 64 terms, an exponent
/// above 32 or a coefficient above 2^30 it is `too_large`, as is everything made of it: cards are from anywhere.
class Dimension {
 public:
  using Monomial = std::map<std::string, int>;  // symbol -> exponent, none zero
  using Number = boost::rational<std::int64_t>;

  Dimension(std::int64_t number = 0);  // NOLINT: numbers are sizes
  static Dimension symbol(const std::string& name);

  Dimension operator+(const Dimension& other) const;
  Dimension operator-(const Dimension& other) const;
  Dimension operator*(const Dimension& other) const;
  /// Nothing unless `other` is a single term.
  std::optional<Dimension> divided_by(const Dimension& other) const;
  /// Nothing for a negative exponent or one above 8.
  std::optional<Dimension> power(std::int64_t exponent) const;
  Dimension replaced(const std::string& name, const Dimension& by) const;

  friend bool operator==(const Dimension&, const Dimension&) = default;
  bool too_large() const { return too_large_; }
  std::optional<std::int64_t> constant() const;
  std::set<std::string> symbols() const;
  /// Nothing where a symbol has no size, or the value is no whole number from 0 to 2^40.
  std::optional<std::int64_t> value(const Sizes& sizes) const;
  /// As in "n*(n-1)/2", expanded: "1/2*n^2 - 1/2*n".
  std::string text() const;

  /// If this is zero, `name` is: the solution of a linear occurrence whose factor has no other unknown.
  std::optional<Dimension> solved_for(const std::string& name) const;

 private:
  void add(const Monomial& monomial, Number factor);
  void give_up();
  std::map<Monomial, Number> terms_;  // no zero factors
  bool too_large_ = false;            // then there are no terms
};

/// n over r, as a polynomial: the number of r-subsets of n.
Dimension choose(const Dimension& n, int r);

/// Sizes that are to be found by equations. A symbol that is not `given` may be solved for.
/// Where `value` is a whole number of at most 10^12 in size (sizes of cards are not nearly so large): that number.
std::optional<std::int64_t> whole_number(double value);

class DimensionSolver {
 public:
  void give(const std::string& name) { given_.insert(name); }
  bool given(const std::string& name) const { return given_.contains(name); }
  Dimension fresh(const std::string& hint);
  /// False where the two cannot be equal. What cannot be decided yet is kept, see `settle`. `where`: what says so.
  bool equate(const Dimension& a, const Dimension& b, Span where = {});
  /// Where the size of `name` was found; nothing where it was not, or is only said.
  std::optional<Span> found_at(const std::string& name) const;
  /// With everything known so far put in.
  Dimension resolve(const Dimension& d) const;
  /// Tries the kept equations again. False where one cannot hold: `where` is that one's place.
  bool settle(Span& where);

 private:
  struct Found {
    Dimension size;
    Span where;
  };
  struct Kept {
    Dimension zero;  // what is to be zero
    Span where;
  };
  bool solve(const Dimension& difference, Span where, bool& decided);
  std::set<std::string> given_;
  std::map<std::string, Found> found_;
  std::vector<Kept> kept_;
  int counter_ = 0;
};

}  // namespace automodel::papers
