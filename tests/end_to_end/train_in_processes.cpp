// automodel train --workers N: the same model as by one process, whoever is killed on the way.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/end_to_end/program.hpp"

using namespace automodel::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A data set, and a place of their own for the state that workers keep.
struct World {
  World() {
    ::setenv("TMPDIR", directory.path().c_str(), 1);
    const auto made = run({"data", "generate", "small.inter", "--rows", "30000", "--users", "800", "--items",
                           "200", "--fields", "5"},
                          directory.path());
    BOOST_REQUIRE_MESSAGE(made.status == 0, made.errors);
    const auto imported = run({"data", "import", "small.inter", "--name", "small"}, directory.path());
    BOOST_REQUIRE_MESSAGE(imported.status == 0, imported.errors);
  }
  ~World() { ::unsetenv("TMPDIR"); }

  json train(const Words& flags) const {
    const auto done = run(flags, directory.path());
    BOOST_REQUIRE_MESSAGE(done.status == 0, done.output << done.errors);
    return json::parse(done.output);
  }

  TemporaryDirectory directory;
};

Words command(const std::string& method, int epochs = 3) {
  return {"train",
          "--method",
          method,
          "--data",
          "small",
          "--label",
          "click>=1",
          "--split",
          "random",
          "--batch",
          "512",
          "--epochs",
          std::to_string(epochs),
          "--patience",
          "100",
          "--json"};
}

struct Process {
  pid_t pid = 0, parent = 0;
  std::string arguments;
};

/// Processes that live, but for those that only wait to be reaped.
std::vector<Process> processes() {
  std::vector<Process> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::ifstream stat(entry.path() / "stat"), line(entry.path() / "cmdline");
    std::string text{std::istreambuf_iterator<char>(stat), {}};
    std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    char state = 'Z';
    Process found;
    found.pid = std::stoi(name);
    if (!(rest >> state >> found.parent) || state == 'Z') continue;
    found.arguments.assign(std::istreambuf_iterator<char>(line), {});
    std::replace(found.arguments.begin(), found.arguments.end(), '\0', ' ');
    out.push_back(std::move(found));
  }
  return out;
}

std::vector<pid_t> children_of(pid_t parent, const std::string& with = "--worker-rank") {
  std::vector<pid_t> out;
  for (const auto& process : processes())
    if (process.parent == parent && process.arguments.find(with) != std::string::npos)
      out.push_back(process.pid);
  return out;
}

template <class Condition>
bool soon(Condition condition, std::chrono::seconds limit = 60s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// Whether the training that `parent` looks after has finished epoch `epoch`.
bool finished(const std::filesystem::path& directory, pid_t parent, int epoch) {
  for (const auto& process : processes()) {
    if (process.parent != parent) continue;
    const auto at = process.arguments.find("--worker-directory ");
    if (at == std::string::npos) continue;
    std::istringstream words(process.arguments.substr(at));
    std::string flag, place;
    words >> flag >> place;
    BOOST_REQUIRE(place.starts_with(directory.string()));
    int reached = 0;
    std::ifstream(std::filesystem::path(place) / "epoch") >> reached;
    return reached >= epoch;
  }
  return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(train_in_processes, World)

BOOST_AUTO_TEST_CASE(workers_give_the_model_of_one_process) {
  for (const auto* method : {"lr", "fm", "deepfm", "mf-bpr", "lightgcn"}) {
    const auto one = train(command(method));
    for (const auto* workers : {"1", "2", "3"}) {
      const auto threads = train(command(method) + Words{"--threads", workers});
      const auto together = train(command(method) + Words{"--workers", workers});
      BOOST_TEST(together.at("model") == threads.at("model"), method << ", " << workers << " workers");
      BOOST_TEST(together.at("epochs") == 3);
      if (std::string(method) == "deepfm")
        continue;  // rounding decides where a rectifier's input is nearly zero
      for (const auto& [name, value] : one.at("test").items())
        BOOST_TEST(std::abs(together.at("test").at(name).get<double>() - value.get<double>()) < 1e-5,
                   method << " " << name << ", " << workers << " workers");
    }
  }
}

BOOST_AUTO_TEST_CASE(workers_of_two_threads_give_the_model_of_one_process) {
  const auto threads = train(command("deepfm") + Words{"--threads", "4"});
  const auto together = train(command("deepfm") + Words{"--workers", "2", "--threads", "2"});
  BOOST_TEST(together.at("model") == threads.at("model"));
}

BOOST_AUTO_TEST_CASE(a_killed_worker_changes_nothing) {
  const auto how = command("deepfm", 8) + Words{"--workers", "3"};
  const auto undisturbed = train(how);
  for (const auto* rank : {"0", "1"}) {
    Child child(how, directory.path());
    BOOST_REQUIRE(soon([&] { return finished(directory.path(), child.pid(), 2); }));
    const auto victims = children_of(child.pid(), std::string("--worker-rank ") + rank);
    BOOST_REQUIRE(victims.size() == 1U);
    ::kill(victims[0], SIGKILL);
    BOOST_TEST(child.wait(120s) == 0, child.errors());
    BOOST_TEST(
        child.errors().find(std::string("worker ") + rank + " ended with signal 9") != std::string::npos,
        child.errors());
    const auto result = json::parse(child.output());
    for (const auto* field : {"model", "epochs", "valid", "test"})
      BOOST_TEST(result.at(field) == undisturbed.at(field), field << " " << result.dump());
  }
}

BOOST_AUTO_TEST_CASE(workers_that_die_before_any_epoch_are_given_up) {
  Child child(command("deepfm", 50) + Words{"--workers", "2"}, directory.path());
  std::set<pid_t> killed;
  while (child.running()) {
    for (const auto pid : children_of(child.pid(), "--worker-rank 1"))
      if (killed.insert(pid).second) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(1ms);
  }
  BOOST_TEST(child.wait(1s) == 1);
  BOOST_TEST(killed.size() == 3U);
  BOOST_TEST(json::parse(child.output()).at("error").at("code") == "train.workers_die", child.output());
  BOOST_TEST(children_of(child.pid()).empty());
}

BOOST_AUTO_TEST_CASE(workers_of_several_computers_meet_and_meet_again_when_one_died) {
  const auto how = command("fm", 8) + Words{"--workers", "2"};
  const auto undisturbed = train(how);
  const auto place = "127.0.0.1:" + std::to_string(20'000 + ::getpid() % 20'000);
  Child second(how + Words{"--rank", "1", "--meet", place, "--wait", "60"}, directory.path());
  Child first(how + Words{"--rank", "0", "--meet", place, "--wait", "60"}, directory.path());
  BOOST_REQUIRE(soon([&] { return finished(directory.path(), second.pid(), 2); }));
  for (const auto pid : children_of(second.pid())) ::kill(pid, SIGKILL);
  BOOST_TEST(first.wait(120s) == 0, first.output() << first.errors());
  BOOST_TEST(second.wait(120s) == 0, second.output() << second.errors());
  BOOST_TEST(second.output().empty());
  BOOST_TEST(second.errors().find("ended with signal 9") != std::string::npos, second.errors());
  BOOST_TEST(first.errors().find("a worker on another computer is gone") != std::string::npos,
             first.errors());
  BOOST_TEST(json::parse(first.output()).at("model") == undisturbed.at("model"));
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_after_the_epoch_with_a_result_and_nobody_is_left) {
  Child child(command("deepfm", 1000) + Words{"--workers", "2"}, directory.path());
  BOOST_REQUIRE(soon([&] { return finished(directory.path(), child.pid(), 1); }));
  const auto workers = children_of(child.pid());
  child.send(SIGINT);
  BOOST_TEST(child.wait(60s) == 0, child.output() << child.errors());
  BOOST_TEST(json::parse(child.output()).at("epochs") < 1000);
  for (const auto pid : workers) BOOST_TEST(::kill(pid, 0) != 0);
}

BOOST_AUTO_TEST_CASE(workers_end_with_their_parent) {
  Child child(command("deepfm", 1000) + Words{"--workers", "2"}, directory.path());
  BOOST_REQUIRE(soon([&] { return finished(directory.path(), child.pid(), 1); }));
  const auto workers = children_of(child.pid());
  BOOST_REQUIRE(workers.size() == 2U);
  child.send(SIGKILL);
  child.wait(10s);
  BOOST_TEST(soon(
      [&] {
        const auto all = processes();
        return std::none_of(all.begin(), all.end(), [&](const Process& p) {
          return std::find(workers.begin(), workers.end(), p.pid) != workers.end();
        });
      },
      5s));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_trained_together_is_refused) {
  const auto refused = [&](const Words& flags, int status, const std::string& code) {
    const auto done = run(flags, directory.path());
    BOOST_TEST(done.status == status, done.output << done.errors);
    BOOST_TEST(json::parse(done.output).at("error").at("code") == code, done.output);
  };
  const auto fm = command("fm");
  refused(fm + Words{"--workers", "0"}, 2, "usage.wrong");
  refused(fm + Words{"--workers", "257"}, 2, "usage.wrong");
  refused(fm + Words{"--workers", "2", "--rank", "2", "--meet", "127.0.0.1:1"}, 2, "usage.rank");
  refused(fm + Words{"--workers", "2", "--rank", "1"}, 2, "usage.meet");
  refused(fm + Words{"--workers", "2", "--meet", "127.0.0.1:1"}, 2, "usage.rank");
  refused(fm + Words{"--rank", "0", "--meet", "127.0.0.1:1"}, 2, "usage.workers");
  refused(fm + Words{"--workers", "2", "--rank", "1", "--meet", "127.0.0.1"}, 2, "usage.meet");
  refused(fm + Words{"--workers", "2", "--rank", "1", "--meet", "127.0.0.1:1", "--wait", "1"}, 1,
          "training.no_meeting");
  const auto port = std::to_string(20'000 + ::getpid() % 20'000);
  refused(fm + Words{"--workers", "2", "--rank", "0", "--meet", "127.0.0.1:" + port, "--wait", "1"}, 1,
          "training.no_meeting");
  refused({"train", "--method", "popularity", "--data", "small", "--label", "click>=1", "--workers", "2",
           "--json"},
          1, "training.not_together");
  refused(fm + Words{"--workers", "2", "--max-parameters", "10"}, 1, "training.too_many_parameters");
  refused(fm + Words{"--workers", "2", "--feature", "men(label | item)"}, 1, "features.syntax");
}

BOOST_AUTO_TEST_SUITE_END()
