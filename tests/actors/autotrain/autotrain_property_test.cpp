#include <map>
#include <set>

#include "training.hpp"

using namespace automodel;
using namespace automodel::tests;
using actors::AutoTrain;

namespace {

/// Random work with random results, failures, epochs and cancellations; returns the packed history.
std::vector<events::Bytes> live(std::uint64_t seed, std::map<std::string, int>& reports,
                                std::uint32_t limit) {
  actors::Random random(seed);
  Scenario<AutoTrain> training("autotrain/main");
  std::uint32_t works = 0;
  for (std::uint32_t cycle = 1; cycle <= 4; ++cycle) {
    const auto context = cycle_of(
        limit, cycle > 2 ? std::vector<std::string>{"count(user)"} : std::vector<std::string>{}, cycle);
    const auto decision = training.done(request(context));
    const auto& proposals = last<events::ProposalsOfferedT>(decision)->proposals;
    if (proposals.empty()) continue;
    const auto id = "work-" + std::to_string(++works);
    reports[id] = 0;
    training.done(assign(work_of(id, *proposals[random.below(proposals.size())], context)));
    while (!training.jobs().empty()) {
      const auto jobs = training.jobs();
      const auto& job = jobs[random.below(jobs.size())];
      const auto epochs = job.body.AsTrainJob()->max_epochs;
      const auto chance = random.uniform();
      if (chance < 0.02)
        training.done(cancel(id));
      else if (chance < 0.1)
        training.done(broken(job.id));
      else if (chance < 0.4)
        training.done(progress(job.id, 1 + std::uint32_t(random.below(epochs)), random.uniform()));
      else
        training.done(trained(job.id, epochs, random.uniform(), random.uniform() < 0.2));
    }
  }
  std::vector<events::Bytes> history;
  for (const auto& event : training.history()) {
    if (const auto* reported = event.body.AsWorkReported()) {
      ++reports[reported->finished->work];
      BOOST_TEST((limit == 0 || reported->finished->trials <= limit));
    }
    history.push_back(events::pack(event));
  }
  std::set<std::string> trials, configs;
  for (const auto& event : training.history()) {
    const auto* started = event.body.AsTrialStarted();
    if (!started || !trials.insert(started->trial).second) continue;
    if (started->purpose == "baseline") continue;  // tried again when they were given up
    const auto name = started->config->fingerprint + "#" + std::to_string(started->config->seed);
    BOOST_TEST(configs.insert(name).second,
               started->trial << " (" << started->purpose << ") repeats another");
  }
  return history;
}

}  // namespace

BOOST_AUTO_TEST_CASE(
    every_work_ends_with_one_report_whatever_happens_and_the_same_happenings_give_the_same_events) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::map<std::string, int> reports, again;
      const auto limit = static_cast<std::uint32_t>(seed % 4 ? 0 : 3);
      const auto history = live(seed, reports, limit);
      for (const auto& [work, count] : reports) BOOST_TEST(count == 1, work);
      BOOST_TEST((history == live(seed, again, limit)));
    }
  }
}
