// A history like that of real goals: the kinds of events, their proportions and their sizes are those that
// `automodel evolve --data movielens --budget 90s` recorded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/event_store.hpp"

namespace automodel::tools {

/// Makes a history piece by piece; the same seed makes the same one.
class SyntheticHistory {
 public:
  explicit SyntheticHistory(std::uint64_t seed) : random_(seed) {}

  /// The appends of the next cycle of a goal, in order: about 92 events of five streams. After nine cycles
  /// the goal ends and another begins.
  std::vector<storage::AppendRequest> next_cycle();

 private:
  struct Trial {
    std::string id;
    events::TrialConfigT config;
    events::TrainResultT result;
  };

  template <class Body>
  std::string add(const std::string& stream, Body body);
  double uniform() { return std::uniform_real_distribution<double>()(random_); }
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::string hash();
  std::vector<std::unique_ptr<events::MetricT>> metrics();
  events::TrialConfigT config();
  events::ModelRefT model(const Trial& trial);
  events::ProposalT proposal(const std::string& agent, std::size_t number);
  std::unique_ptr<events::WorkT> work(const std::string& agent, const std::string& id);

  void begin_goal();
  void end_goal();
  void offer(const std::string& agent, std::size_t proposals);
  void decide(const std::string& agent, std::size_t options, const std::string& subject);
  void observe(const std::string& agent, const std::string& subject, bool outer);
  Trial train(const std::string& agent, const std::string& work);
  void compare(const std::string& agent, const Trial& candidate);
  void engineer_features(const std::string& work);
  void search(const std::string& work);
  void evaluate(const std::string& work);
  void finish_work(const std::string& agent, const std::string& work);

  std::mt19937_64 random_;
  std::vector<storage::AppendRequest> appends_;
  std::map<std::string, std::uint64_t> versions_;
  std::int64_t time_ = 1'790'000'000'000'000'000;
  std::uint64_t goals_ = 0, trials_ = 0, works_ = 0, features_ = 0;
  std::uint32_t cycle_ = 0;
  std::string goal_;
  std::string decision_;  // the newest, as a reference
  std::optional<Trial> champion_;
  std::vector<Trial> trained_;  // in this cycle
};

}  // namespace automodel::tools
