#include "actors/runtime/worker_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "actors/runtime/frames.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  actors::WorkerOptions options{TEST_WORKER, {}, 3, 100ms};
  std::unique_ptr<actors::JobRunner> runner = actors::process_runner(options);
  std::uint32_t epochs = 0;
  std::uint32_t stop_after = 1'000;

  events::JobResultT run(const std::string& what, const std::string& id = "job-1") {
    events::JobT job;
    job.id = id;
    job.goal = what;
    job.data = events::testing::some_data();
    return runner->run(job, [&](const events::JobProgressT&) { return ++epochs < stop_after; });
  }
};

struct Pipe {
  int ends[2];
  Pipe() { BOOST_REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    close_write();
    ::close(ends[0]);
  }
  void close_write() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_process)

BOOST_FIXTURE_TEST_CASE(one_process_carries_out_many_jobs, Fixture) {
  const auto first = run("", "job-1");
  const auto second = run("", "job-2");
  BOOST_REQUIRE(first.body.AsTrainResult() != nullptr);
  BOOST_TEST(first.body.AsTrainResult()->parameters == second.body.AsTrainResult()->parameters);
  BOOST_TEST(first.body.AsTrainResult()->parameters != static_cast<std::uint64_t>(::getpid()));
  BOOST_TEST(second.job == "job-2");
}

BOOST_FIXTURE_TEST_CASE(the_child_has_its_threads_in_its_environment, Fixture) {
  BOOST_TEST(run("").body.AsTrainResult()->resume == "1/3");
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_crashes_is_an_outcome_and_the_next_job_has_a_new_one, Fixture) {
  const auto crashed = run("crash");
  BOOST_REQUIRE(crashed.failure != nullptr);
  BOOST_TEST(crashed.failure->code == "jobs.worker_died");
  BOOST_TEST(crashed.failure->message.find("signal") != std::string::npos);
  BOOST_TEST(!run("").failure);
}

BOOST_FIXTURE_TEST_CASE(an_exit_status_is_told, Fixture) {
  BOOST_TEST(run("exit").failure->message.find("exit status 7") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(exhausted_memory_is_an_outcome, Fixture) {
  BOOST_TEST(run("memory").failure->code == "jobs.worker_died");
  BOOST_TEST(!run("").failure);
}

BOOST_FIXTURE_TEST_CASE(garbage_from_a_worker_is_an_outcome, Fixture) {
  BOOST_TEST(run("garbage").failure->code == "jobs.worker_died");
  BOOST_TEST(!run("").failure);
}

BOOST_FIXTURE_TEST_CASE(an_idle_worker_that_died_is_replaced_unseen, Fixture) {
  const auto pid = static_cast<pid_t>(run("").body.AsTrainResult()->parameters);
  ::kill(pid, SIGKILL);
  while (::kill(pid, 0) == 0 && !run("", "job-2").failure &&
         static_cast<pid_t>(run("", "job-3").body.AsTrainResult()->parameters) == pid) {
  }
  const auto next = run("", "job-4");
  BOOST_TEST(!next.failure);
  BOOST_TEST(static_cast<pid_t>(next.body.AsTrainResult()->parameters) != pid);
}

BOOST_FIXTURE_TEST_CASE(the_answer_to_progress_ends_a_job, Fixture) {
  stop_after = 5;
  const auto result = run("epochs");
  BOOST_TEST(result.body.AsTrainResult()->rows == 5u);
  BOOST_TEST(result.body.AsTrainResult()->stopped);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_job_that_does_not_listen_is_killed_after_its_grace, Fixture) {
  std::thread canceller([&] { runner->cancel("job-1"); });  // before or during the run: both must work
  const auto result = run("hang");
  canceller.join();
  BOOST_TEST(result.failure->code == "jobs.worker_died");
  BOOST_TEST(!run("", "job-2").failure);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_an_outcome) {
  auto runner = actors::process_runner({"/nonexistent/program", {}, 1, 100ms});
  events::JobT job;
  job.id = "job-1";
  job.data = events::testing::some_data();
  const auto result = runner->run(job, [](const events::JobProgressT&) { return true; });
  BOOST_TEST(result.failure->code == "jobs.no_worker");
}

BOOST_FIXTURE_TEST_CASE(a_frame_comes_out_as_it_went_in, Pipe) {
  const events::Bytes bytes{1, 2, 3};
  BOOST_REQUIRE(actors::write_frame(ends[1], actors::FrameKind::progress, bytes).has_value());
  BOOST_REQUIRE(actors::write_frame(ends[1], actors::FrameKind::stop).has_value());
  const auto first = actors::read_frame(ends[0]);
  BOOST_TEST((first->kind == actors::FrameKind::progress));
  BOOST_TEST(first->bytes == bytes);
  BOOST_TEST(actors::read_frame(ends[0])->bytes.empty());
}

BOOST_FIXTURE_TEST_CASE(a_truncated_frame_a_huge_one_and_an_unknown_kind_are_errors, Pipe) {
  const std::uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
  const std::uint8_t unknown[] = {1, 0, 0, 0, 9};
  const std::uint8_t truncated[] = {10, 0, 0, 0, 1, 42};
  BOOST_REQUIRE(::write(ends[1], huge, sizeof huge) == sizeof huge);
  BOOST_TEST(actors::read_frame(ends[0]).error().code == "runtime.frame_too_large");
  BOOST_REQUIRE(::write(ends[1], unknown, sizeof unknown) == sizeof unknown);
  BOOST_TEST(actors::read_frame(ends[0]).error().code == "runtime.bad_frame");
  BOOST_REQUIRE(::write(ends[1], truncated, sizeof truncated) == sizeof truncated);
  close_write();
  BOOST_TEST(actors::read_frame(ends[0]).error().code == "runtime.pipe_closed");
}

BOOST_AUTO_TEST_SUITE_END()
