// A node with agents and one with workers, both in this process.
#include <boost/test/unit_test.hpp>
#include <future>

#include "actors/cluster/work/work_server.hpp"
#include "storage/artifact_store.hpp"
#include "tests/actors/cluster/linked_nodes.hpp"
#include "tests/actors/cluster/small_data.hpp"

using namespace automodel;
using namespace automodel::cluster;
using namespace automodel::cluster::testing;
using storage::testing::TemporaryDirectory;
using storage::testing::value;
namespace fs = std::filesystem;

namespace {

using Execute = std::function<events::JobResultT(const events::JobT&, const actors::ProgressSink&)>;

/// What each node of these tests has: a link, files, and a fetcher.
struct TestNode {
  TestNode(const fs::path& directory, const std::string& name, char digit, const std::string& role,
           std::uint64_t incarnation = 1, const std::string& listen = "tcp://127.0.0.1:*",
           bool serves_files = true)
      : places{directory / name / "data", directory / name / "artifacts"} {
    fs::create_directories(places.data_directory);
    TransportOptions options;
    options.self.node = name;
    options.self.identity = std::string(32, digit);
    options.self.incarnation = incarnation;
    options.self.roles = {role};
    options.listen = listen;
    options.tick = 5ms;
    link = std::make_unique<Link>(value(Transport::bind(std::move(options))));
    fetcher = std::make_unique<Fetcher>(*link, places, FetchLimits{200ms, 2000ms});
    if (serves_files) server = std::make_unique<FileServer>(*link, places);
  }
  void stop() {
    if (fetcher) fetcher->stop();
    link->stop();
    server.reset();
  }
  ~TestNode() { stop(); }
  storage::ArtifactStore artifacts() const { return value(storage::ArtifactStore::open(places.artifacts)); }

  FilePlaces places;
  std::unique_ptr<Link> link;
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<FileServer> server;
};

constexpr WorkLimits limits{1500ms, 1000ms};

struct Workers : TestNode {
  Workers(const fs::path& directory, const Execute& execute, const std::string& owner,
          std::uint32_t slots = 1, std::uint64_t incarnation = 1,
          const std::string& listen = "tcp://127.0.0.1:*", bool serves_files = true)
      : TestNode(directory, "b", 'b', "trainer", incarnation, listen, serves_files),
        work(std::make_unique<WorkServer>(
            *link, *fetcher, slots, [execute] { return actors::in_process_runner(execute); }, limits)) {
    link->start();
    value(link->transport().connect(owner));
  }
  ~Workers() { stop(); }
  void stop() {
    work.reset();
    TestNode::stop();
  }
  std::unique_ptr<WorkServer> work;
};

/// The node whose agents have jobs: takes what is offered.
struct Owner : TestNode {
  explicit Owner(const fs::path& directory, const std::string& name = "a", char digit = 'a')
      : TestNode(directory, name, digit, "agents"),
        workers(
            *link, *fetcher,
            [this](std::shared_ptr<actors::JobRunner> runner, const std::string&) {
              const std::lock_guard lock(mutex);
              runners.push_back(std::move(runner));
              changed.notify_all();
            },
            limits) {
    data = import_small_data(places.data_directory);
    link->start();
  }
  ~Owner() {
    workers.stop();
    stop();
  }
  std::shared_ptr<actors::JobRunner> runner(std::size_t index = 0) {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, patience, [&] { return runners.size() > index; }))
      throw std::runtime_error("no worker was offered");
    return runners[index];
  }
  std::string endpoint() const { return link->transport().endpoint(); }

  events::JobT training(const std::string& resume_from = {}) const {
    events::TrainJobT train;
    train.resume_from = resume_from;
    train.config = std::make_unique<events::TrialConfigT>();
    train.config->method = "fm";
    events::JobT job;
    job.id = "trial-1";
    job.data = std::make_unique<events::DataRefT>();
    job.data->name = "small";
    job.data->hash = data;
    job.body.Set(std::move(train));
    return job;
  }

  std::string data;  // its hash
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<actors::JobRunner>> runners;
  RemoteWorkers workers;
};

events::JobProgressT epoch(std::uint32_t number) {
  events::JobProgressT progress;
  progress.job = "trial-1";
  progress.epoch = std::make_unique<events::EpochReportT>();
  progress.epoch->epoch = number;
  return progress;
}

const actors::ProgressSink go_on = [](const events::JobProgressT&) { return true; };

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(2ms);
  return condition();
}

/// Runs until the node that asked says stop, or the job is cancelled.
events::JobResultT endless(const events::JobT&, const actors::ProgressSink& progress) {
  for (std::uint32_t number = 1; progress(epoch(number)); ++number) std::this_thread::sleep_for(2ms);
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(work)

BOOST_AUTO_TEST_CASE(a_job_runs_on_another_node_from_a_checkpoint_there_and_its_result_comes_back) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  const std::string half = value(owner.artifacts().put(events::Bytes(100, 1)));
  const fs::path there = directory.path() / "b/artifacts";
  Workers workers(
      directory.path(),
      [&](const events::JobT& job, const actors::ProgressSink& progress) {
        const auto artifacts = value(storage::ArtifactStore::open(there));
        BOOST_TEST(artifacts.has(job.body.AsTrainJob()->resume_from));
        progress(epoch(1));
        progress(epoch(2));
        events::TrainResultT trained;
        trained.checkpoint = value(artifacts.put(events::Bytes(5000, 2)));
        trained.parameters = 7;
        events::JobResultT result;
        result.body.Set(std::move(trained));
        return result;
      },
      owner.endpoint());
  std::vector<std::uint32_t> epochs;
  const auto runner = owner.runner();
  const auto result = runner->run(owner.training(half), [&](const events::JobProgressT& progress) {
    epochs.push_back(progress.epoch->epoch);
    return true;
  });
  BOOST_TEST(!runner->lost());
  BOOST_REQUIRE(result.body.AsTrainResult());
  BOOST_TEST(result.body.AsTrainResult()->parameters == 7u);
  BOOST_TEST(owner.artifacts().has(result.body.AsTrainResult()->checkpoint));
  BOOST_TEST((epochs == std::vector<std::uint32_t>{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_job_stops_where_its_agent_says_so) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(directory.path(), endless, owner.endpoint());
  std::uint32_t last = 0;
  const auto result = owner.runner()->run(owner.training(), [&](const events::JobProgressT& progress) {
    last = progress.epoch->epoch;
    return last < 3;
  });
  BOOST_TEST(last == 3u);
  BOOST_TEST(!result.failure);
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_ends_there_and_the_next_one_of_its_name_runs) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(directory.path(), endless, owner.endpoint());
  const auto runner = owner.runner();
  auto first = std::async(std::launch::async, [&] { return runner->run(owner.training(), go_on); });
  BOOST_REQUIRE(wait_until([&] { return workers.work->running() == 1; }));
  runner->cancel("trial-1");
  BOOST_REQUIRE(first.wait_for(patience) == std::future_status::ready);
  BOOST_TEST(!runner->lost());
  BOOST_TEST(wait_until([&] { return workers.work->running() == 0; }));
  int epochs = 0;
  runner->run(owner.training(), [&](const events::JobProgressT&) { return ++epochs < 2; });
  BOOST_TEST(epochs == 2);
}

BOOST_AUTO_TEST_CASE(a_job_whose_node_is_gone_is_lost) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  auto workers = std::make_unique<Workers>(directory.path(), endless, owner.endpoint());
  const auto runner = owner.runner();
  auto run = std::async(std::launch::async, [&] { return runner->run(owner.training(), go_on); });
  BOOST_REQUIRE(wait_until([&] { return workers->work->running() == 1; }));
  workers->link->stop();  // no goodbye
  BOOST_REQUIRE(run.wait_for(patience) == std::future_status::ready);
  BOOST_TEST(runner->lost());
  BOOST_TEST(run.get().failure->code == "cluster.worker_lost");
}

BOOST_AUTO_TEST_CASE(a_trainer_that_stops_says_so_and_its_job_is_lost_at_once) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(directory.path(), endless, owner.endpoint());
  const auto runner = owner.runner();
  auto run = std::async(std::launch::async, [&] { return runner->run(owner.training(), go_on); });
  BOOST_REQUIRE(wait_until([&] { return workers.work->running() == 1; }));
  workers.work->stop();  // its link goes on: silence would tell nothing
  BOOST_REQUIRE(run.wait_for(patience) == std::future_status::ready);
  BOOST_TEST(runner->lost());
}

BOOST_AUTO_TEST_CASE(a_node_that_was_lost_for_a_while_has_its_slots_again) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  // It answers no question for files, so that what it made cannot be had: lost, though it is there.
  std::atomic<bool> makes_something = true;
  Workers workers(
      directory.path(),
      [&](const events::JobT&, const actors::ProgressSink&) {
        events::TrainResultT trained;
        if (makes_something) trained.checkpoint = std::string(64, '1');
        events::JobResultT result;
        result.body.Set(trained);
        return result;
      },
      owner.endpoint(), 1, 1, "tcp://127.0.0.1:*", false);
  const auto first = owner.runner();
  BOOST_TEST(first->run(owner.training(), go_on).failure->code == "cluster.unreachable");
  BOOST_TEST(first->lost());
  makes_something = false;
  const auto again = owner.runner(1);
  BOOST_TEST(!again->run(owner.training(), go_on).failure);
  BOOST_TEST(!again->lost());
}

BOOST_AUTO_TEST_CASE(a_result_whose_artifact_is_not_there_is_a_failure_and_no_reason_to_run_it_again) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(
      directory.path(),
      [](const events::JobT&, const actors::ProgressSink&) {
        events::TrainResultT trained;
        trained.checkpoint = std::string(64, '1');
        events::JobResultT result;
        result.body.Set(trained);
        return result;
      },
      owner.endpoint());
  const auto result = owner.runner()->run(owner.training(), go_on);
  BOOST_REQUIRE(result.failure);
  BOOST_TEST(result.failure->code == "cluster.no_such_file");
  BOOST_TEST(!owner.runner()->lost());
}

BOOST_AUTO_TEST_CASE(a_node_that_starts_again_offers_its_workers_again) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  std::string listen;
  {
    Workers workers(directory.path(), endless, owner.endpoint(), 2, 1);
    owner.runner(1);
    listen = workers.link->transport().endpoint();
  }
  Workers again(directory.path(), endless, owner.endpoint(), 1, 2, listen);
  const auto runner = owner.runner(2);
  int epochs = 0;
  runner->run(owner.training(), [&](const events::JobProgressT&) { return ++epochs < 2; });
  BOOST_TEST(epochs == 2);
  owner.runner(0)->run(owner.training(), go_on);  // of the start before
  BOOST_TEST(owner.runner(0)->lost());
}

BOOST_AUTO_TEST_CASE(a_job_whose_owner_is_gone_is_stopped) {
  TemporaryDirectory directory;
  auto owner = std::make_unique<Owner>(directory.path());
  Workers workers(directory.path(), endless, owner->endpoint());
  const auto runner = owner->runner();
  auto run = std::async(std::launch::async, [&] { return runner->run(owner->training(), go_on); });
  BOOST_REQUIRE(wait_until([&] { return workers.work->running() == 1; }));
  owner->link->stop();
  BOOST_TEST(wait_until([&] { return workers.work->running() == 0; }));
  owner->workers.stop();
  run.wait();
}

BOOST_AUTO_TEST_CASE(a_job_whose_files_cannot_be_had_fails_with_the_reason) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(directory.path(), endless, owner.endpoint());
  const auto result = owner.runner()->run(owner.training(std::string(64, '0')), go_on);
  BOOST_REQUIRE(result.failure);
  BOOST_TEST(result.failure->code == "cluster.no_such_file");
  BOOST_TEST(!owner.runner()->lost());
}

BOOST_AUTO_TEST_CASE(a_job_that_cannot_be_sent_fails_and_its_slot_stays, *boost::unit_test::timeout(60)) {
  TemporaryDirectory directory;
  Owner owner(directory.path());
  Workers workers(directory.path(), endless, owner.endpoint());
  const auto result = owner.runner()->run(events::JobT{}, go_on);
  BOOST_REQUIRE(result.failure);
  BOOST_TEST(result.failure->code == "events.incomplete");
  BOOST_TEST(!owner.runner()->lost());
}

BOOST_AUTO_TEST_CASE(workers_serve_several_nodes_with_agents) {
  TemporaryDirectory directory;
  Owner one(directory.path()), other(directory.path(), "c", 'c');
  Workers workers(directory.path(), endless, one.endpoint());
  value(workers.link->transport().connect(other.endpoint()));
  const auto run = [](Owner& owner) {
    int epochs = 0;
    owner.runner()->run(owner.training(), [&](const events::JobProgressT&) { return ++epochs < 3; });
    return epochs;
  };
  auto first = std::async(std::launch::async, [&] { return run(one); });
  BOOST_TEST(run(other) == 3);  // one slot: one after the other
  BOOST_TEST(first.get() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
