// A whole node in this process on a small data set, with workers that are processes of the real program.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "actors/node/node.hpp"
#include "storage/memory/memory.hpp"
#include "tests/actors/small_data.hpp"

namespace automodel::test {

using namespace std::chrono_literals;

/// The processes that this process started and has not buried, by what they were started as (`worker`).
std::vector<pid_t> workers_of_this_process();

struct World {
  SmallData data;
  std::unique_ptr<actors::Node> node;

  explicit World(int rows = 2500) : data(rows) {}

  actors::NodeOptions options() const {
    const char* program = std::getenv("AUTOMODEL_PROGRAM");
    BOOST_REQUIRE_MESSAGE(program != nullptr, "AUTOMODEL_PROGRAM is not set: run this through ctest");
    actors::NodeOptions made;
    made.store = data.store();
    made.data_directory = data.directory();
    made.program = program;
    return made;
  }
  void start() { start(options()); }
  void start(const actors::NodeOptions& with) {
    node.reset();  // holds the store
    auto started = actors::Node::start(with);
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : to_string(started.error())));
    node = std::move(*started);
  }

  template <class Body>
  events::ReplyT tell(const std::string& agent, Body body, std::uint64_t number,
                      const std::string& sender = "test") {
    events::CommandT command;
    command.sender = sender;
    command.number = number;
    command.body.Set(std::move(body));
    auto reply = node->submit(agent, command);
    BOOST_REQUIRE_MESSAGE(reply, (reply ? "" : to_string(reply.error())));
    return std::move(*reply);
  }

  events::GoalT goal(std::uint32_t max_trials, double budget_seconds = 0) const {
    events::GoalT made;
    made.data = std::make_unique<events::DataRefT>(data.ref());
    made.metric = "auc";
    made.max_trials = max_trials;
    made.budget_seconds = budget_seconds;
    made.seed = 1;
    made.parallel = 1;
    return made;
  }
  events::ReplyT submit_goal(const events::GoalT& made, std::uint64_t number = 2) {
    events::RegisterDatasetT registered;
    registered.data = std::make_unique<events::DataRefT>(data.ref());
    registered.rows = data.rows;
    registered.users = data.users;
    registered.items = data.items;
    registered.source = "small.csv";
    BOOST_REQUIRE(tell("autofeature/main", registered, 1).accepted);
    events::SubmitGoalT submit;
    submit.goal = std::make_unique<events::GoalT>(made);
    submit.rows = data.train_rows;
    return tell("coordinator/main", submit, number);
  }

  void visit(const std::function<void(const events::Recorded&)>& see) const {
    const auto read = node->store().read_all(1, [&](const events::Recorded& event) {
      see(event);
      return true;
    });
    BOOST_REQUIRE(read.has_value());
  }
  std::size_t count(events::EventBody kind, const std::string& stream = {}) const {
    std::size_t found = 0;
    visit([&](const events::Recorded& event) {
      found += event.event.body.type == kind && (stream.empty() || event.stream == stream);
    });
    return found;
  }
  /// The failures of failed trials and jobs, by their code.
  std::map<std::string, int> failures() const {
    std::map<std::string, int> found;
    visit([&](const events::Recorded& event) {
      if (const auto* trial = event.event.body.AsTrialFailed()) ++found[trial->failure->code];
      if (const auto* job = event.event.body.AsJobFailed()) ++found[job->failure->code];
    });
    return found;
  }

  /// Until it holds, looking every 20 ms. False: it did not in time.
  bool wait(const std::function<bool()>& holds, std::chrono::seconds limit = 200s) const {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(20ms);
    }
    return true;
  }
  /// Also that memory knows.
  bool wait_finished(std::chrono::seconds limit = 200s) const {
    return wait([&] { return count(events::EventBody::GoalFinished) == 1; }, limit) &&
           node->store().wait_for("memory", node->store().last_sequence(), 10s).has_value();
  }
  std::optional<events::GoalRowT> goal_row() const {
    return storage::stored_memory(node->store()).find<events::GoalRowT>("goals", "goal-1");
  }
  std::size_t pending_messages() const {
    std::size_t waiting = 0;
    for (const std::string agent : {"coordinator", "autofeature", "autotrain", "autoperf", "recommender"})
      waiting += node->store().outbox(agent + "/main")->size();
    return waiting;
  }
};

}  // namespace automodel::test
