#include <algorithm>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/init.hpp"
#include "recsys/models/values.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {

double Init::deviation(const std::vector<std::int64_t>& shape) const {
  const auto from_end = [&](std::size_t n) {
    return shape.size() < n ? 1.0 : static_cast<double>(shape[shape.size() - n]);
  };
  switch (kind) {
    case constant:
      return 0;
    case normal:
      return value;
    case xavier:  // Glorot & Bengio 2010, eq. 16, as a normal distribution
      return std::sqrt(2 / (from_end(1) + from_end(2)));
    case kaiming:
      return std::sqrt(2 / from_end(1));
  }
  return 0;
}

std::optional<Init> read_init(std::string_view text) {
  if (text == "zeros") return Init{Init::constant, 0};
  if (text == "ones") return Init{Init::constant, 1};
  if (text == "xavier") return Init{Init::xavier, 0};
  if (text == "kaiming") return Init{Init::kaiming, 0};
  const auto argument = [&](std::string_view name) -> std::optional<double> {
    if (!text.starts_with(name) || !text.ends_with(")")) return std::nullopt;
    return to_number(text.substr(name.size(), text.size() - name.size() - 1));
  };
  if (const auto x = argument("constant(")) return Init{Init::constant, *x};
  if (const auto s = argument("normal("); s && *s >= 0) return Init{Init::normal, *s};
  return std::nullopt;
}

void initialise(const TensorSpec& spec, std::size_t index, const InputSpec& inputs, std::uint64_t seed,
                std::span<float> out) {
  const auto init = read_init(spec.init).value_or(Init{});  // `assemble` has read it before
  if (const auto deviation = init.deviation(spec.shape); deviation > 0) {
    Random random(seed, 1000 + index);
    for (auto& value : out) value = static_cast<float>(deviation * random.normal());
  } else {
    std::fill(out.begin(), out.end(), init.kind == Init::constant ? static_cast<float>(init.value) : 0.0F);
  }
  if (!spec.by_value) return;
  // Code 0 stands for what was never seen: until training says otherwise it must say nothing.
  const auto width = out.size() / static_cast<std::size_t>(spec.shape.front());
  if (spec.by_id) {
    std::fill_n(out.begin(), width, 0.0F);
    return;
  }
  for (const auto& field : inputs.fields) {
    if (field.kind == Field::Kind::dense) continue;
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(field.offset * width), width, 0.0F);
  }
}

void initialise(Net& net, const InputSpec& inputs, std::uint64_t seed) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    initialise(net.parameters()[i], i, inputs, seed, net.values(i));
}

}  // namespace automodel::recsys
