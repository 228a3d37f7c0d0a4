// A decider with its states, behind one interface: so that everything about commits, retries and messages is
// written and compiled once, not once for each agent.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

/// Two states of one agent. `durable` is what the store's events say; `optimistic` is after all events that
/// were decided, durable or not. Functions may throw what the decider throws.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual std::string schema() const = 0;

  /// On the optimistic state.
  virtual Result<Decision> decide(const events::CommandT& command, const Context& context) const = 0;
  /// Moves the optimistic state. If it throws, only `rollback` makes the machine usable again.
  virtual void evolve(const events::Recorded& event) = 0;
  /// Moves the durable state.
  virtual void commit(const events::Recorded& event) = 0;
  /// optimistic := durable.
  virtual void rollback() = 0;

  /// Of the durable state.
  virtual std::vector<events::JobT> open_jobs() const = 0;
  virtual events::Bytes snapshot() const = 0;
  /// Both states become what `snapshot` says. On an error they stay.
  virtual Result<void> restore(events::ByteView snapshot) = 0;
  /// Both states become the initial one.
  virtual void reset() = 0;
};

template <Decider D>
class MachineOf final : public Machine {
 public:
  using State = typename D::State;

  std::string schema() const override { return D::schema; }
  Result<Decision> decide(const events::CommandT& command, const Context& context) const override {
    return D::decide(optimistic_, command, context);
  }
  void evolve(const events::Recorded& event) override { D::evolve(optimistic_, event); }
  void commit(const events::Recorded& event) override { D::evolve(durable_, event); }
  void rollback() override { optimistic_ = durable_; }
  std::vector<events::JobT> open_jobs() const override { return D::open_jobs(durable_); }
  events::Bytes snapshot() const override { return events::pack(durable_); }
  Result<void> restore(events::ByteView snapshot) override {
    auto state = events::unpack<State>(snapshot);
    if (!state) return fail(state.error());
    durable_ = std::move(*state);
    optimistic_ = durable_;
    return {};
  }
  void reset() override { optimistic_ = durable_ = State{}; }

 private:
  State durable_{};
  State optimistic_{};
};

}  // namespace automodel::actors
