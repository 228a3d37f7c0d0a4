#include "papers/meaning/dimension.hpp"

#include <algorithm>
#include <cmath>

namespace automodel::papers {

Dimension::Dimension(std::int64_t number) {
  if (number != 0) terms_[{}] = Number(number);
}

Dimension Dimension::symbol(const std::string& name) {
  Dimension out;
  out.terms_[{{name, 1}}] = Number(1);
  return out;
}

void Dimension::add(const Monomial& monomial, Number factor) {
  auto& sum = terms_[monomial];
  sum += factor;
  if (sum == Number(0)) terms_.erase(monomial);
}

Dimension Dimension::operator+(const Dimension& other) const {
  Dimension out = *this;
  for (const auto& [monomial, factor] : other.terms_) out.add(monomial, factor);
  return out;
}

Dimension Dimension::operator-(const Dimension& other) const { return *this + other * Dimension(-1); }

Dimension Dimension::operator*(const Dimension& other) const {
  Dimension out;
  for (const auto& [a, x] : terms_) {
    for (const auto& [b, y] : other.terms_) {
      Monomial both = a;
      for (const auto& [name, exponent] : b) {
        if ((both[name] += exponent) == 0) both.erase(name);
      }
      out.add(both, x * y);
    }
  }
  return out;
}

std::optional<Dimension> Dimension::divided_by(const Dimension& other) const {
  if (other.terms_.size() != 1) return {};
  const auto& [monomial, factor] = *other.terms_.begin();
  Dimension inverse;
  Monomial negative;
  for (const auto& [name, exponent] : monomial) negative[name] = -exponent;
  inverse.terms_[negative] = Number(1) / factor;
  return *this * inverse;
}

std::optional<Dimension> Dimension::power(std::int64_t exponent) const {
  if (exponent < 0 || exponent > 8) return {};
  Dimension out(1);
  for (std::int64_t i = 0; i < exponent; ++i) out = out * *this;
  return out;
}

Dimension Dimension::replaced(const std::string& name, const Dimension& by) const {
  Dimension out;
  for (const auto& [monomial, factor] : terms_) {
    const auto at = monomial.find(name);
    Dimension term;
    Monomial rest = monomial;
    if (at != monomial.end()) rest.erase(name);
    term.terms_[rest] = factor;
    if (at != monomial.end()) {
      for (int i = 0; i < at->second; ++i) term = term * by;
      for (int i = at->second; i < 0; ++i) {
        const auto quotient = term.divided_by(by);
        if (!quotient) return *this;  // a sum below a fraction stays as it is
        term = *quotient;
      }
    }
    out = out + term;
  }
  return out;
}

std::optional<std::int64_t> Dimension::constant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() > 1 || !terms_.begin()->first.empty()) return {};
  const auto& number = terms_.begin()->second;
  if (number.denominator() != 1) return {};
  return number.numerator();
}

std::set<std::string> Dimension::symbols() const {
  std::set<std::string> out;
  for (const auto& [monomial, factor] : terms_) {
    for (const auto& [name, exponent] : monomial) out.insert(name);
  }
  return out;
}

std::optional<std::int64_t> Dimension::value(const Sizes& sizes) const {
  double sum = 0;
  for (const auto& [monomial, factor] : terms_) {
    double term = boost::rational_cast<double>(factor);
    for (const auto& [name, exponent] : monomial) {
      const auto at = sizes.find(name);
      if (at == sizes.end()) return {};
      term *= std::pow(static_cast<double>(at->second), exponent);
    }
    sum += term;
  }
  const double whole = std::round(sum);
  if (!(std::abs(sum - whole) < 1e-6) || whole < 0 || whole > 0x1p40) return {};
  return static_cast<std::int64_t>(whole);
}

std::string Dimension::text() const {
  if (terms_.empty()) return "0";
  std::string out;
  for (auto it = terms_.rbegin(); it != terms_.rend(); ++it) {
    const auto& [monomial, factor] = *it;
    const bool negative = factor < Number(0);
    out += out.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    const auto size = boost::abs(factor);
    std::string part;
    if (size != Number(1) || monomial.empty()) {
      part = std::to_string(size.numerator());
      if (size.denominator() != 1) part += "/" + std::to_string(size.denominator());
    }
    for (const auto& [name, exponent] : monomial) {
      if (!part.empty()) part += "*";
      part += name;
      if (exponent != 1) part += "^" + std::to_string(exponent);
    }
    out += part;
  }
  return out;
}

std::optional<Dimension> Dimension::solved_for(const std::string& name) const {
  Dimension rest, factor;
  for (const auto& [monomial, number] : terms_) {
    const auto at = monomial.find(name);
    if (at == monomial.end()) {
      rest.add(monomial, number);
    } else if (at->second == 1) {
      auto without = monomial;
      without.erase(name);
      factor.add(without, number);
    } else {
      return {};
    }
  }
  if (factor.terms_.empty()) return {};
  const auto quotient = rest.divided_by(factor);
  if (!quotient) return {};
  return *quotient * Dimension(-1);
}

Dimension choose(const Dimension& n, int r) {
  Dimension out(1);
  std::int64_t factorial = 1;
  for (int i = 0; i < r; ++i) {
    out = out * (n - Dimension(i));
    factorial *= i + 1;
  }
  return *out.divided_by(Dimension(factorial));
}

Dimension DimensionSolver::fresh(const std::string& hint) {
  return Dimension::symbol("?" + std::to_string(++counter_) + hint);
}

Dimension DimensionSolver::resolve(const Dimension& d) const {
  Dimension out = d;
  for (int rounds = 0; rounds < 64; ++rounds) {
    bool changed = false;
    for (const auto& name : out.symbols()) {
      const auto at = found_.find(name);
      if (at == found_.end()) continue;
      const auto next = out.replaced(name, at->second);
      changed = changed || !(next == out);
      out = next;
    }
    if (!changed) break;
  }
  return out;
}

bool DimensionSolver::solve(const Dimension& difference, bool& decided) {
  decided = true;
  const auto rest = resolve(difference);
  if (rest == Dimension(0)) return true;
  const auto symbols = rest.symbols();
  // Unnamed sizes first, so that messages and code speak of the named ones.
  std::vector<std::string> unknown;
  for (const auto& name : symbols) {
    if (!given_.contains(name)) unknown.push_back(name);
  }
  std::stable_sort(unknown.begin(), unknown.end(), [](const auto& a, const auto& b) { return (a[0] == '?') > (b[0] == '?'); });
  for (const auto& name : unknown) {
    const auto solution = rest.solved_for(name);
    if (!solution || solution->symbols().contains(name)) continue;
    // A number that is no size is no solution.
    if (const auto number = solution->constant(); number && *number < 0) return false;
    found_.insert_or_assign(name, *solution);
    return true;
  }
  decided = !unknown.empty() ? false : true;
  return !unknown.empty();
}

bool DimensionSolver::equate(const Dimension& a, const Dimension& b) {
  bool decided = false;
  if (!solve(a - b, decided)) return false;
  if (!decided) kept_.push_back(a - b);
  return true;
}

bool DimensionSolver::settle() {
  for (int rounds = 0; rounds < 8 && !kept_.empty(); ++rounds) {
    auto kept = std::move(kept_);
    kept_.clear();
    for (const auto& difference : kept) {
      bool decided = false;
      if (!solve(difference, decided)) return false;
      if (!decided) kept_.push_back(difference);
    }
  }
  return true;
}

}  // namespace automodel::papers
