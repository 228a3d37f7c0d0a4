// Jobs on a small data set, carried out on this thread.
#pragma once

#include "actors/jobs/executor.hpp"
#include "tests/actors/small_data.hpp"

namespace automodel::test {

struct World {
  SmallData data{1500};
  std::vector<std::uint32_t> seen;  // epochs reported
  std::uint32_t stop_at = 0;        // epoch; 0: never

  actors::JobEnvironment environment() const { return {data.directory(), data.path() / "artifacts", 1}; }

  template <class Body>
  events::JobT job(Body body) const {
    events::JobT made;
    made.id = "job-1";
    made.goal = "goal-1";
    made.metric = "auc";
    made.data = std::make_unique<events::DataRefT>(data.ref());
    made.body.Set(std::move(body));
    return made;
  }

  events::JobResultT execute(const events::JobT& what) {
    return actors::execute(what, environment(), [&](const events::JobProgressT& progress) {
      BOOST_TEST(progress.job == what.id);
      seen.push_back(progress.epoch->epoch);
      return progress.epoch->epoch != stop_at;
    });
  }

  static events::TrainJobT training(const events::TrialConfigT& what, std::uint32_t epochs) {
    events::TrainJobT train;
    train.config = std::make_unique<events::TrialConfigT>(what);
    train.max_epochs = epochs;
    train.patience = 100;
    return train;
  }

  events::TrainResultT train(const events::TrainJobT& what) {
    auto result = execute(job(what));
    BOOST_REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
    BOOST_REQUIRE(result.body.AsTrainResult() != nullptr);
    return *result.body.AsTrainResult();
  }

  events::ModelRefT model(const events::TrialConfigT& what, std::uint32_t epochs = 2) {
    const auto trained = train(training(what, epochs));
    events::ModelRefT made;
    made.id = "trial-" + what.method;
    made.config = std::make_unique<events::TrialConfigT>(what);
    made.checkpoint = trained.checkpoint;
    made.bytes = trained.bytes;
    return made;
  }

  /// The code of a job's failure; a result beside it, or neither, fails the test.
  std::string failure(const events::JobT& what) {
    const auto result = execute(what);
    BOOST_TEST(result.job == what.id);
    BOOST_REQUIRE(result.failure != nullptr);
    BOOST_TEST((result.body.type == events::JobResultBody::NONE));
    BOOST_TEST(!result.failure->message.empty());
    return result.failure->code;
  }

  /// `as`: the member of the result's union that gives what is expected, such as &…::AsCompareResult.
  template <class Value>
  Value value(const events::JobT& what, const Value* (events::JobResultBodyUnion::*as)() const) {
    const auto result = execute(what);
    BOOST_REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
    BOOST_REQUIRE((result.body.*as)() != nullptr);
    return *(result.body.*as)();
  }
};

inline std::unique_ptr<events::ModelRefT> boxed(const events::ModelRefT& model) {
  return std::make_unique<events::ModelRefT>(model);
}

/// NaN where it is not among them.
inline double value_of(const std::vector<std::unique_ptr<events::MetricT>>& metrics,
                       const std::string& name) {
  for (const auto& metric : metrics)
    if (metric->name == name) return metric->value;
  return std::nan("");
}

}  // namespace automodel::test
