// Runs jobs for agents: a queue, and slots that each carry out one job at a time on a thread of their own.
//
// Progress and results go to the agent that asked, as the commands JobProgressed (number = epoch) and
// JobFinished (number 0) from sender "job/<id>". An agent that restarts meanwhile is asked again, so nothing
// is lost or counted twice; a job that it starts again while it still runs simply goes on.
#pragma once

#include <caf/actor_system.hpp>
#include <functional>
#include <memory>
#include <string>

#include "actors/jobs/executor.hpp"
#include "actors/runtime/messages.hpp"

namespace automodel::actors {

/// Carries out one job at a time. `run` blocks and never throws. `cancel` comes from another thread, perhaps
/// before the run of that job begins, and makes it end soon. What a cancelled run returns is thrown away.
/// Where a runner is `lost` after a run (its node is gone), that run's result is, too: the job runs again in
/// another slot, and this one is closed.
class JobRunner {
 public:
  virtual ~JobRunner() = default;
  virtual events::JobResultT run(const events::JobT& job, const ProgressSink& progress) = 0;
  virtual void cancel(const std::string& job) = 0;
  virtual bool lost() const { return false; }
};

/// A runner in this process, for tests: cancellation takes effect at the job's next progress.
std::unique_ptr<JobRunner> in_process_runner(
    std::function<events::JobResultT(const events::JobT&, const ProgressSink&)> execute);

using RunnerFactory = std::function<std::unique_ptr<JobRunner>()>;

using JobPool = caf::typed_actor<
    // start and cancel: (owner's stream, job), (owner's stream, job's id); repeating them changes nothing
    caf::reacts_to<start_atom, std::string, events::JobT>,
    caf::reacts_to<cancel_atom, std::string, std::string>, caf::replies_to<list_atom>::with<JobViews>,
    caf::reacts_to<KnowAgent>,
    // one more slot, from another node
    caf::reacts_to<NewSlot>,
    // from a slot: an epoch is done (answer: whether to go on); the job is done
    caf::replies_to<std::uint64_t, events::JobProgressT>::with<bool>,
    caf::reacts_to<std::uint64_t, events::JobResultT>,
    // a command whose agent could not take it is sent again
    caf::reacts_to<retry_atom, std::uint64_t>,
    // asks every running job to stop, throws their results away, and ends when all have
    caf::replies_to<stop_atom>::with<bool>>;

/// One runner for each slot. With none, jobs wait until there is a slot.
JobPool spawn_job_pool(caf::actor_system& system, std::size_t slots, const RunnerFactory& make_runner);

}  // namespace automodel::actors
