#include "recsys/features/feature.hpp"
#include "recsys/features/plan.hpp"

namespace automodel::recsys {

struct FeatureEngine::Impl {
  explicit Impl(Plan made) : plan(std::move(made)) {}
  Plan plan;
  std::vector<FeatureColumn> columns;
};

FeatureEngine::FeatureEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FeatureEngine::FeatureEngine(FeatureEngine&&) noexcept = default;
FeatureEngine& FeatureEngine::operator=(FeatureEngine&&) noexcept = default;
FeatureEngine::~FeatureEngine() = default;

Result<FeatureEngine> FeatureEngine::create(const Dataset& data, std::span<const float> labels,
                                            const std::vector<std::string>& expressions,
                                            std::span<const std::uint32_t> train_rows) {
  auto plan = Plan::make(data, labels, expressions);
  if (!plan) return fail(plan.error());
  auto impl = std::make_unique<Impl>(std::move(*plan));
  if (auto computed = impl->plan.compute(train_rows); !computed) return fail(computed.error());
  for (const std::size_t node : impl->plan.requested())
    impl->columns.push_back(impl->plan.nodes()[node].column);
  for (Node& node : impl->plan.nodes()) {  // computed once; live values come from the history
    node.column.numbers = {};
    node.column.codes = {};
  }
  return FeatureEngine(std::move(impl));
}

const std::vector<FeatureColumn>& FeatureEngine::columns() const { return impl_->columns; }

std::vector<FeatureColumn> FeatureEngine::at(std::uint32_t user, std::span<const std::uint32_t> items,
                                             std::int64_t now) const {
  const Plan& plan = impl_->plan;
  std::vector<FeatureColumn> out;
  for (const std::size_t node : plan.requested()) {
    const FeatureColumn& column = plan.nodes()[node].column;
    out.push_back({column.expression, column.categorical, column.cardinality, {}, {}});
  }
  Values values = plan.scratch();
  for (const std::uint32_t item : items) {
    plan.evaluate({user, item, now, Moment::no_row}, values);
    for (std::size_t f = 0; f < out.size(); ++f) {
      const std::size_t node = plan.requested()[f];
      if (out[f].categorical)
        out[f].codes.push_back(static_cast<std::uint32_t>(values.codes[node]));
      else
        out[f].numbers.push_back(static_cast<float>(values.numbers[node]));
    }
  }
  return out;
}

}  // namespace automodel::recsys
