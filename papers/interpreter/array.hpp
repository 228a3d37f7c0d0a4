// Small dense arrays of doubles, for the interpreter: slow and plain.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace automodel::papers {

/// Row-major. No shape: a number.
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> data = {0};
  bool row = false;  // a transposed vector
  /// How many of the first entries along each of two dimensions are padding of the history: what runs over it leaves them out.
  std::array<std::int64_t, 2> absent = {0, 0};

  static Array number(double value) { return {{}, {value}, false, {}}; }
  static Array zeros(std::vector<std::int64_t> shape) {
    std::size_t size = 1;
    for (const auto s : shape) size *= static_cast<std::size_t>(s);
    return {std::move(shape), std::vector<double>(size), false, {}};
  }
  std::size_t rank() const { return shape.size(); }
  double number() const { return data[0]; }
  double at(std::int64_t i, std::int64_t j) const { return data[static_cast<std::size_t>(i * shape[1] + j)]; }
  /// Entry of a vector, row of a matrix; `index` from 0.
  Array entry(std::int64_t index) const {
    const std::vector<std::int64_t> rest(shape.begin() + 1, shape.end());
    auto out = zeros(rest);
    out.absent[0] = absent[1];
    if (index < absent[0]) return out;
    for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] = data[static_cast<std::size_t>(index) * out.data.size() + i];
    return out;
  }
  /// With zeros for what is padding.
  Array present() const {
    auto out = *this;
    const auto columns = shape.size() == 2 ? static_cast<std::size_t>(shape[1]) : 1;
    for (std::size_t i = 0; i < data.size() && !shape.empty(); ++i) {
      const auto line = static_cast<std::int64_t>(i / columns), column = static_cast<std::int64_t>(i % columns);
      if (line < absent[0] || (shape.size() == 2 && column < absent[1])) out.data[i] = 0;
    }
    return out;
  }
  Array each(const std::function<double(double)>& f) const {
    auto out = *this;
    for (auto& x : out.data) x = f(x);
    return out;
  }
};

}  // namespace automodel::papers
