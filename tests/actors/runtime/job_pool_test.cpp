// The pool with real threads: an agent, its jobs, and what becomes of them.
#include "actors/runtime/job_pool.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "actors/runtime/supervisor.hpp"
#include "actors/runtime/worker_process.hpp"
#include "fake_store.hpp"
#include "toy.hpp"

using namespace automodel;
using namespace automodel::test;
using namespace std::chrono_literals;

namespace {

/// Lets a test wait until something that other threads do has happened.
class Signal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool wait(int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

struct Config : caf::actor_system_config {
  Config() {
    add_message_types<caf::id_block::automodel>();
    set("scheduler.max-threads", std::size_t{2});
  }
};

struct Fixture {
  Config config;
  caf::actor_system system{config};
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  actors::JobPool pool;
  actors::Supervisor supervisor;

  void start(std::size_t slots, const actors::RunnerFactory& make) {
    Toy::throws_left = 0;
    pool = actors::spawn_job_pool(system, slots, make);
    actors::SupervisorOptions made;
    made.pool = pool;
    made.first_pause = 1ms;
    made.agents["toy/main"] = [this](caf::actor_system& where, std::optional<std::uint64_t>) {
      actors::AgentOptions agent;
      agent.core.stream = "toy/main";
      agent.core.now = [] { return std::int64_t{1}; };
      agent.store = store;
      agent.pool = pool;
      return actors::spawn_agent<Toy>(where, agent);
    };
    supervisor = actors::spawn_supervisor(system, made);
  }
  void start(std::size_t slots,
             std::function<events::JobResultT(const events::JobT&, const actors::ProgressSink&)> run) {
    start(slots, [run] { return actors::in_process_runner(run); });
  }
  events::ReplyT tell(const events::CommandT& command) {
    caf::scoped_actor self{system};
    events::ReplyT reply;
    self->request(supervisor, 20s, std::string("toy/main"), command)
        .receive([&](events::ReplyT& r) { reply = std::move(r); },
                 [](caf::error& e) { BOOST_FAIL(to_string(e)); });
    return reply;
  }
  actors::JobViews list() {
    caf::scoped_actor self{system};
    actors::JobViews views;
    self->request(pool, 20s, actors::list_atom_v)
        .receive([&](actors::JobViews& v) { views = std::move(v); },
                 [](caf::error& e) { BOOST_FAIL(to_string(e)); });
    return views;
  }
  /// Waits for the stream to have an event that notes this.
  bool happened(const std::string& what, const std::string& argument) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      bool found = false;
      (void)store->read_stream("toy/main", 1, [&](const events::Recorded& event) {
        const auto* note = event.event.body.AsGoalPaused();
        found = found || (note->goal == what && note->by == argument);
        return !found;
      });
      if (found) return true;
      std::this_thread::yield();
    }
    return false;
  }
  void stop() {
    caf::scoped_actor self{system};
    const auto fine = [](bool) {};
    const auto bad = [](caf::error& e) { BOOST_ERROR(to_string(e)); };
    if (pool) self->request(pool, 20s, actors::stop_atom_v).receive(fine, bad);
    if (supervisor) self->request(supervisor, 20s, actors::stop_atom_v).receive(fine, bad);
    pool = nullptr;
    supervisor = nullptr;
  }
  ~Fixture() { stop(); }
};

events::JobProgressT epoch(const events::JobT& job, std::uint32_t number) {
  events::JobProgressT progress;
  progress.job = job.id;
  progress.epoch = std::make_unique<events::EpochReportT>();
  progress.epoch->epoch = number;
  return progress;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_pool)

BOOST_FIXTURE_TEST_CASE(a_job_runs_until_its_agent_says_stop, Fixture) {
  std::atomic<int> epochs = 0;
  start(1, [&](const events::JobT& job, const actors::ProgressSink& progress) {
    while (progress(epoch(job, static_cast<std::uint32_t>(++epochs)))) {
    }
    return events::JobResultT{};
  });
  tell(named(special("open", "job-1"), 1));
  BOOST_TEST(happened("close", "job-1"));
  BOOST_TEST(epochs == 3);
}

BOOST_FIXTURE_TEST_CASE(jobs_beyond_the_slots_wait_and_run_in_order, Fixture) {
  Signal running, go;
  std::vector<std::string> order;
  start(1, [&](const events::JobT& job, const actors::ProgressSink&) {
    order.push_back(job.id);  // one slot: one thread
    running.raise();
    BOOST_TEST(go.wait());
    return events::JobResultT{};
  });
  for (std::uint64_t i = 1; i <= 3; ++i) tell(named(special("open", "job-" + std::to_string(i)), i));
  BOOST_REQUIRE(running.wait());
  auto views = list();
  for (int tries = 0; views.size() < 3 && tries < 5000; ++tries) {  // the others are on their way to the pool
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    views = list();
  }
  BOOST_TEST(views.size() == 3u);
  BOOST_TEST(std::count_if(views.begin(), views.end(), [](const auto& v) { return v.running; }) == 1);
  go.raise();
  BOOST_TEST(happened("close", "job-3"));
  BOOST_TEST((order == std::vector<std::string>{"job-1", "job-2", "job-3"}));
}

BOOST_FIXTURE_TEST_CASE(without_a_slot_jobs_wait_until_one_is_added, Fixture) {
  const auto run = [](const events::JobT&, const actors::ProgressSink&) { return events::JobResultT{}; };
  start(0, run);
  tell(named(special("open", "job-1"), 1));
  for (int tries = 0; list().empty() && tries < 5000; ++tries) std::this_thread::sleep_for(1ms);
  BOOST_REQUIRE(list().size() == 1u);
  BOOST_TEST(!list()[0].running);
  caf::anon_send(pool, actors::NewSlot{actors::in_process_runner(run), "node-b"});
  BOOST_TEST(happened("close", "job-1"));
}

namespace {

/// A worker of another node that is gone once it has begun.
class LostRunner final : public actors::JobRunner {
 public:
  explicit LostRunner(Signal& began) : began_(began) {}
  events::JobResultT run(const events::JobT& job, const actors::ProgressSink& progress) override {
    progress(epoch(job, 1));
    began_.raise();
    lost_ = true;
    events::JobResultT result;
    result.failure = std::make_unique<events::FailureT>();
    result.failure->code = "jobs.of_nobody";
    return result;
  }
  void cancel(const std::string&) override {}
  bool lost() const override { return lost_; }

 private:
  Signal& began_;
  std::atomic<bool> lost_ = false;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_job_whose_slot_is_lost_runs_again_in_another_and_its_agent_hears_one_result,
                        Fixture) {
  Signal began;
  const auto run = [](const events::JobT&, const actors::ProgressSink&) { return events::JobResultT{}; };
  start(0, run);
  caf::anon_send(pool, actors::NewSlot{std::make_shared<LostRunner>(began), "node-b"});
  tell(named(special("open", "job-1"), 1));
  BOOST_REQUIRE(began.wait());
  caf::anon_send(pool, actors::NewSlot{actors::in_process_runner(run), "node-c"});
  BOOST_TEST(happened("close", "job-1"));
  tell(named(special("open", "job-2"), 2));
  BOOST_TEST(happened("close", "job-2"));
  BOOST_TEST(began.count() == 1);  // the lost slot gets no other job
  (void)store->read_stream("toy/main", 1, [&](const events::Recorded& event) {
    BOOST_TEST(event.event.body.AsGoalPaused()->goal != "jobs.of_nobody");
    return true;
  });
}

BOOST_FIXTURE_TEST_CASE(a_result_outlives_the_crash_of_its_agent, Fixture) {
  Signal running, go;
  start(1, [&](const events::JobT&, const actors::ProgressSink&) {
    running.raise();
    BOOST_TEST(go.wait());
    return events::JobResultT{};
  });
  tell(named(special("open", "job-1"), 1));
  BOOST_REQUIRE(running.wait());
  Toy::throws_left = 1;
  tell(named(special("throw"), 2));
  go.raise();
  BOOST_TEST(happened("close", "job-1"));
  BOOST_TEST(running.count() == 1);  // the new agent did not start it a second time
}

BOOST_FIXTURE_TEST_CASE(a_job_that_throws_is_an_outcome, Fixture) {
  start(1, [](const events::JobT&, const actors::ProgressSink&) -> events::JobResultT {
    throw std::runtime_error("no such column");
  });
  tell(named(special("open", "job-1"), 1));
  BOOST_TEST(happened("jobs.failed", "100"));
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_job_ends_and_its_result_is_thrown_away, Fixture) {
  Signal running, ended;
  start(1, [&](const events::JobT& job, const actors::ProgressSink& progress) {
    running.raise();
    if (job.id == "job-2") return events::JobResultT{};
    while (progress(epoch(job, 1)))
      std::this_thread::yield();  // one epoch again and again: its agent never says stop
    ended.raise();
    return events::JobResultT{};
  });
  tell(named(special("open", "job-1"), 1));
  BOOST_REQUIRE(running.wait());
  tell(named(special("close", "job-1"), 2));
  BOOST_TEST(ended.wait());
  tell(named(special("open", "job-2"), 3));
  BOOST_TEST(happened("close", "job-2"));
  int closed = 0;
  BOOST_REQUIRE(store
                    ->read_stream("toy/main", 1,
                                  [&](const events::Recorded& event) {
                                    closed += event.event.body.AsGoalPaused()->goal == "close" ? 1 : 0;
                                    return true;
                                  })
                    .has_value());
  BOOST_TEST(closed == 2);
}

BOOST_FIXTURE_TEST_CASE(stopping_asks_running_jobs_to_stop_and_keeps_them_open, Fixture) {
  Signal running;
  start(2, [&](const events::JobT& job, const actors::ProgressSink& progress) {
    running.raise();
    while (progress(epoch(job, 1))) std::this_thread::yield();
    return events::JobResultT{};
  });
  tell(named(special("open", "job-1"), 1));
  tell(named(special("open", "job-2"), 2));
  BOOST_REQUIRE(running.wait(2));
  stop();
  BOOST_REQUIRE(store
                    ->read_stream("toy/main", 1,
                                  [&](const events::Recorded& event) {
                                    BOOST_TEST(event.event.body.AsGoalPaused()->goal != "close");
                                    return true;
                                  })
                    .has_value());
}

BOOST_FIXTURE_TEST_CASE(a_worker_process_that_dies_is_an_outcome_for_the_agent, Fixture) {
  start(1, [] {
    struct Crashing final : actors::JobRunner {
      std::unique_ptr<actors::JobRunner> process = actors::process_runner({TEST_WORKER, {}, 1, 100ms});
      events::JobResultT run(const events::JobT& job, const actors::ProgressSink& progress) override {
        auto crash = job;
        crash.goal = "crash";
        return process->run(crash, progress);
      }
      void cancel(const std::string& job) override { process->cancel(job); }
    };
    return std::make_unique<Crashing>();
  });
  tell(named(special("open", "job-1"), 1));
  BOOST_TEST(happened("jobs.worker_died", "100"));
}

BOOST_AUTO_TEST_SUITE_END()
