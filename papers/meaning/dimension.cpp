#include "papers/meaning/dimension.hpp"

#include <algorithm>
#include <cmath>

namespace automodel::papers {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 30;  // products and sums of two quotients of such numbers are exact
constexpr std::size_t kTerms = 64;
constexpr int kExponent = 32;

bool small(const Dimension::Number& number) {
  return number.numerator() <= kLargest && number.numerator() >= -kLargest && number.denominator() <= kLargest;
}

}  // namespace

Dimension::Dimension(std::int64_t number) {
  if (number > kLargest || number < -kLargest) {
    give_up();
  } else if (number != 0) {
    terms_[{}] = Number(number);
  }
}

void Dimension::give_up() {
  terms_.clear();
  too_large_ = true;
}

Dimension Dimension::symbol(const std::string& name) {
  Dimension out;
  out.terms_[{{name, 1}}] = Number(1);
  return out;
}

void Dimension::add(const Monomial& monomial, Number factor) {
  if (too_large_) return;
  if (!small(factor)) return give_up();
  auto& sum = terms_[monomial];
  sum += factor;
  const bool fits = small(sum) && std::all_of(monomial.begin(), monomial.end(), [](const auto& power) {
                      return std::abs(power.second) <= kExponent;
                    });
  if (sum == Number(0)) terms_.erase(monomial);
  if (!fits || terms_.size() > kTerms) give_up();
}

Dimension Dimension::operator+(const Dimension& other) const {
  Dimension out = *this;
  for (const auto& [monomial, factor] : other.terms_) out.add(monomial, factor);
  if (other.too_large_) out.give_up();
  return out;
}

Dimension Dimension::operator-(const Dimension& other) const { return *this + other * Dimension(-1); }

Dimension Dimension::operator*(const Dimension& other) const {
  Dimension out;
  if (too_large_ || other.too_large_) out.give_up();
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
  if (too_large_) out.give_up();
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
  if (too_large_) return {};
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

std::optional<std::int64_t> whole_number(double value) {
  if (!(std::abs(value) <= 1e12) || value != std::floor(value)) return {};
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> Dimension::value(const Sizes& sizes) const {
  if (too_large_) return {};
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
  if (too_large_) return "too large";
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
      const auto next = out.replaced(name, at->second.size);
      changed = changed || !(next == out);
      out = next;
    }
    if (!changed) break;
  }
  return out;
}

bool DimensionSolver::solve(const Dimension& difference, Span where, bool& decided) {
  decided = true;
  const auto rest = resolve(difference);
  if (rest.too_large()) return false;
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
    found_.insert_or_assign(name, Found{*solution, where});
    return true;
  }
  decided = !unknown.empty() ? false : true;
  return !unknown.empty();
}

bool DimensionSolver::equate(const Dimension& a, const Dimension& b, Span where) {
  bool decided = false;
  if (!solve(a - b, where, decided)) return false;
  if (!decided) kept_.push_back({a - b, where});
  return true;
}

std::optional<Span> DimensionSolver::found_at(const std::string& name) const {
  const auto at = found_.find(name);
  if (at == found_.end() || at->second.where.end == 0) return {};
  return at->second.where;
}

bool DimensionSolver::settle(Span& where) {
  for (int rounds = 0; rounds < 8 && !kept_.empty(); ++rounds) {
    auto kept = std::move(kept_);
    kept_.clear();
    for (const auto& entry : kept) {
      bool decided = false;
      where = entry.where;
      if (!solve(entry.zero, entry.where, decided)) return false;
      if (!decided) kept_.push_back(entry);
    }
  }
  return true;
}

}  // namespace automodel::papers
