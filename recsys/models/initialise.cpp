#include <algorithm>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {

void initialise(Net& net, const InputSpec& inputs, std::uint64_t seed) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto& spec = net.parameters()[i];
    const auto values = net.values(i);
    double deviation = 0;
    if (spec.init == "xavier") {  // Glorot & Bengio 2010, eq. 16, as a normal distribution
      const auto in = spec.shape.front(), out = spec.shape.size() > 1 ? spec.shape[1] : 1;
      deviation = std::sqrt(2.0 / static_cast<double>(in + out));
    } else if (spec.init.starts_with("normal(")) {
      deviation = to_number(std::string_view(spec.init).substr(7, spec.init.size() - 8)).value_or(0);
    }
    if (deviation > 0) {
      Random random(seed, 1000 + i);
      for (auto& value : values) value = static_cast<float>(deviation * random.normal());
    }
    if (!spec.by_value) continue;
    // Code 0 stands for what was never seen: until training says otherwise it must say nothing.
    const auto width = values.size() / static_cast<std::size_t>(spec.shape.front());
    for (const auto& field : inputs.fields) {
      if (field.kind == Field::Kind::dense) continue;
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(field.offset * width), width, 0.0F);
    }
  }
}

}  // namespace automodel::recsys
