// Sizes of axes as formulas: `n k`, `n (n - 1) / 2`, `k / H`. Pure values, and the equations between them.
#pragma once

#include <boost/rational.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace automodel::papers {

using Sizes = std::map<std::string, std::int64_t>;  // what a symbol's size is

/// A polynomial over named sizes with rational coefficients; exponents may be negative.
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
  std::map<Monomial, Number> terms_;  // no zero factors
};

/// n over r, as a polynomial: the number of r-subsets of n.
Dimension choose(const Dimension& n, int r);

/// Sizes that are to be found by equations. A symbol that is not `given` may be solved for.
class DimensionSolver {
 public:
  void give(const std::string& name) { given_.insert(name); }
  bool given(const std::string& name) const { return given_.contains(name); }
  Dimension fresh(const std::string& hint);
  /// False where the two cannot be equal. What cannot be decided yet is kept, see `settle`.
  bool equate(const Dimension& a, const Dimension& b);
  /// With everything known so far put in.
  Dimension resolve(const Dimension& d) const;
  /// Tries the kept equations again. False where one cannot hold.
  bool settle();

 private:
  bool solve(const Dimension& difference, bool& decided);
  std::set<std::string> given_;
  std::map<std::string, Dimension> found_;
  std::vector<Dimension> kept_;  // each is to be zero
  int counter_ = 0;
};

}  // namespace automodel::papers
