// `automodel worker` as a process: its limits, and its tie to the process that started it.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "actors/jobs/worker_main.hpp"
#include "actors/runtime/frames.hpp"
#include "actors/runtime/worker_process.hpp"
#include "tests/actors/small_data.hpp"

using namespace automodel;
using namespace automodel::test;
using namespace std::chrono_literals;

namespace {

std::string program() {
  const char* path = std::getenv("AUTOMODEL_PROGRAM");
  BOOST_REQUIRE_MESSAGE(path != nullptr, "AUTOMODEL_PROGRAM is not set: run this through ctest");
  return path;
}

/// Both ends above the numbers that a worker gets.
struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 16);
    write = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 16);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Pipe() {
    ::close(read);
    ::close(write);
  }
};

[[noreturn]] void become_worker(const Pipe& to, const Pipe& from, char* const* arguments) {
  ::dup2(to.read, actors::worker_in);
  ::dup2(from.write, actors::worker_out);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

/// A worker whose parent is a process of its own. This process holds the other ends of its pipes, so that
/// they stay open when the parent ends, and takes the orphan in.
struct Orphanage {
  Pipe to, from, told;
  pid_t parent = -1, worker = -1;

  explicit Orphanage(std::uint64_t memory_mb = 0, pid_t claimed_parent = 0) {
    std::signal(SIGPIPE, SIG_IGN);
    BOOST_REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    const std::string path = program();
    parent = ::fork();
    BOOST_REQUIRE(parent >= 0);
    if (parent == 0) {
      actors::WorkerArguments given;
      given.environment = {"/nonexistent/data", "/nonexistent/artifacts", 1};
      given.parent = claimed_parent != 0 ? claimed_parent : ::getpid();
      given.memory_mb = memory_mb;
      auto words = actors::format_worker_arguments(given);
      words.insert(words.begin(), path);
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      const pid_t child = ::fork();
      if (child == 0) become_worker(to, from, arguments.data());
      if (::write(told.write, &child, sizeof child) != sizeof child) ::_exit(1);
      while (true) ::pause();
    }
    BOOST_REQUIRE(::read(told.read, &worker, sizeof worker) == sizeof worker);
  }
  ~Orphanage() {
    for (const pid_t pid : {parent, worker}) {
      if (pid <= 0) continue;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

  /// The failure that a job on a data set that is not there has: the worker is at its work.
  std::string ask() const {
    events::JobT job;
    job.id = "job-1";
    job.data = std::make_unique<events::DataRefT>();
    job.data->name = "small";
    BOOST_REQUIRE(actors::write_frame(to.write, actors::FrameKind::job, events::pack(job)).has_value());
    const auto frame = actors::read_frame(from.read);
    BOOST_REQUIRE(frame.has_value());
    const auto result = events::unpack<events::JobResultT>(frame->bytes);
    BOOST_REQUIRE(result.has_value());
    return result->failure ? result->failure->code : "";
  }

  void kill_parent() {
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    parent = -1;
  }

  /// How the orphan ended; nothing if it still lives after `limit`.
  std::optional<int> ended(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    int status = 0;
    do {
      if (::waitpid(worker, &status, WNOHANG) == worker) {
        worker = -1;
        return status;
      }
      std::this_thread::sleep_for(5ms);
    } while (std::chrono::steady_clock::now() < deadline);
    return std::nullopt;
  }
};

std::string limit_of(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/limits");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name)) return line.substr(26, line.find(' ', 26) - 26);
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(worker)

BOOST_AUTO_TEST_CASE(a_worker_dies_with_its_parent) {
  Orphanage orphanage;
  BOOST_TEST(orphanage.ask() == "data.not_a_dataset");
  orphanage.kill_parent();
  const auto status = orphanage.ended(2s);
  BOOST_REQUIRE(status.has_value());
  BOOST_TEST(WIFSIGNALED(*status));
  BOOST_TEST(WTERMSIG(*status) == SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_worker_whose_parent_was_gone_before_it_looked_ends_at_once) {
  Orphanage orphanage(0, 1);  // is told that its parent is another than it has: as if that had just ended
  const auto left = [&] {
    const auto deadline =
        std::chrono::steady_clock::now() + 20s;  // until it looked: it has to be loaded first
    while (std::chrono::steady_clock::now() < deadline) {
      std::ifstream in("/proc/" + std::to_string(orphanage.worker) + "/stat");
      std::string pid, name, state;
      if (in >> pid >> name >> state && state == "Z") return true;  // its parent does not look after it
      std::this_thread::sleep_for(5ms);
    }
    return false;
  };
  BOOST_TEST(left());
}

BOOST_AUTO_TEST_CASE(a_worker_may_use_as_much_data_as_it_was_given_and_no_more) {
  Orphanage limited(700), free;
  BOOST_TEST(limited.ask() == "data.not_a_dataset");
  BOOST_TEST(free.ask() == "data.not_a_dataset");
  BOOST_TEST(limit_of(limited.worker, "Max data size") == std::to_string(700u << 20));
  BOOST_TEST(limit_of(free.worker, "Max data size") == "unlimited");
}

struct Limited {
  SmallData data{1500};

  std::unique_ptr<actors::JobRunner> runner(std::uint64_t memory_mb) const {
    actors::WorkerArguments given;
    given.environment = {data.directory(), data.path() / "artifacts", 1};
    given.parent = ::getpid();
    given.memory_mb = memory_mb;
    return actors::process_runner({program(), actors::format_worker_arguments(given), 1, 2000ms});
  }
  std::string train(actors::JobRunner& with, const events::TrialConfigT& what) const {
    events::TrainJobT train;
    train.config = std::make_unique<events::TrialConfigT>(what);
    train.max_epochs = 1;
    events::JobT job;
    job.id = "job-1";
    job.metric = "auc";
    job.data = std::make_unique<events::DataRefT>(data.ref());
    job.body.Set(std::move(train));
    const auto result = with.run(job, [](const events::JobProgressT&) { return true; });
    return result.failure ? result.failure->code : "";
  }
};

BOOST_FIXTURE_TEST_CASE(a_model_larger_than_the_workers_memory_is_an_outcome_and_the_next_job_runs, Limited) {
  auto limited = runner(600);
  BOOST_TEST(train(*limited, config("deepfm", {{"dim", "1024"}, {"hidden", "4096,4096,4096"}})) ==
             "jobs.out_of_memory");
  BOOST_TEST(train(*limited, config("lr")) == "");
}

// OpenBLAS asked for its buffer again and again where the limit refused it, and LibTorch waited for threads
// that could not be made: the job never ended.
BOOST_FIXTURE_TEST_CASE(a_limit_that_leaves_hardly_any_room_for_the_libraries_is_no_endless_wait, Limited) {
  for (const std::uint64_t memory_mb : {50, 200, 300, 400}) {
    const auto code = train(*runner(memory_mb), config("deepfm", {{"hidden", "512,512"}, {"dim", "64"}}));
    BOOST_TEST_MESSAGE(memory_mb << " MB: " << (code.empty() ? "trained" : code));
    BOOST_TEST((code.empty() || code == "jobs.out_of_memory" || code == "jobs.worker_died"), code);
    if (memory_mb == 50) BOOST_TEST(code == "jobs.worker_died");  // which says on stderr how much it needs
  }
}

BOOST_AUTO_TEST_CASE(arguments_are_read_as_they_were_written_and_nothing_else_is_taken) {
  actors::WorkerArguments given;
  given.environment = {"/a b/data", "/c", 3, 1'000'000'000'000};
  given.parent = 42;
  given.memory_mb = 512;
  const auto words = actors::format_worker_arguments(given);
  const auto read = actors::parse_worker_arguments(words);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->environment.data_directory == given.environment.data_directory);
  BOOST_TEST(read->environment.artifacts == given.environment.artifacts);
  BOOST_TEST(read->environment.threads == 3u);
  BOOST_TEST(read->environment.max_parameters == 1'000'000'000'000u);
  BOOST_TEST(read->parent == 42);
  BOOST_TEST(read->memory_mb == 512u);
  using Words = std::vector<std::string>;
  for (const Words& bad : {Words{}, Words{"node"}, Words{"worker", "--data"}, Words{"worker", "--speed", "9"},
                           Words{"worker", "--threads", "two"}, Words{"worker", "--memory", "-1"}}) {
    const auto refused = actors::parse_worker_arguments(bad);
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().code == "jobs.bad_arguments");
  }
}

BOOST_AUTO_TEST_SUITE_END()
