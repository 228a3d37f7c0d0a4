#include "tests/end_to_end/load.hpp"

#include "actors/session/client.hpp"

namespace automodel::test {

using namespace std::chrono_literals;
using nlohmann::json;

Load::Load(const Nodes& nodes, std::chrono::milliseconds between)
    : between_(between), versions_(nodes.names().size()) {
  for (std::size_t i = 0; i < versions_.size(); ++i)
    threads_.emplace_back(
        [this, i, endpoint = "ipc://" + (nodes.home(nodes.names()[i]) / "socket").string()] {
          run(endpoint, i);
        });
}

Load::~Load() { stop(); }

void Load::stop() {
  stopping_ = true;
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Load::run(const std::string& endpoint, std::size_t console) {
  auto client = actors::SessionClient::connect(endpoint, 2s);
  while (client && !stopping_) {
    events::CommandT command;
    command.body.Set(events::ResumeGoalT{});
    const auto reply = client->submit(std::move(command));
    if (reply) {
      const std::lock_guard lock(mutex_);
      versions_[console].push_back(reply->version);
      ++acknowledged_;
    } else if (reply.error().code.starts_with("cluster.") || reply.error().code.starts_with("session.")) {
      ++unanswered_;
    } else {
      const std::lock_guard lock(mutex_);
      if (refused_.size() < 100) refused_.push_back("refused: " + to_string(reply.error()));
    }
    std::this_thread::sleep_for(between_);
  }
  if (client) return;
  const std::lock_guard lock(mutex_);
  refused_.push_back("no console: " + to_string(client.error()));
}

std::vector<std::string> Load::wrong(const std::map<std::uint64_t, json>& events) const {
  const std::lock_guard lock(mutex_);
  auto found = refused_;
  for (auto& fault : wrong_commands(versions_, events)) found.push_back(std::move(fault));
  return found;
}

std::vector<std::string> wrong_commands(const std::vector<std::vector<std::uint64_t>>& told,
                                        const std::map<std::uint64_t, json>& events) {
  std::vector<std::string> found;
  std::map<std::string, std::uint64_t> by_cause;
  for (const auto& [version, event] : events) {
    const auto cause = event.value("causation", "");
    if (event.at("kind") != "GoalResumed" || !cause.starts_with("console/")) continue;
    const auto [first, fresh] = by_cause.emplace(cause, version);
    if (!fresh)
      found.push_back("doubled: command " + cause + " at versions " + std::to_string(first->second) +
                      " and " + std::to_string(version));
  }
  std::set<std::uint64_t> acknowledged;
  for (const auto& versions : told) {
    std::string sender;
    std::uint64_t last = 0;
    for (const auto version : versions) {
      const auto event = events.find(version);
      const auto cause = event == events.end() ? "" : event->second.value("causation", "");
      const auto by = cause.substr(0, cause.rfind('/'));
      if (sender.empty()) sender = by;
      if (!by_cause.contains(cause) || by != sender || !acknowledged.insert(version).second)
        found.push_back("lost: what was acknowledged as version " + std::to_string(version) + " is " +
                        (event == events.end() ? "nowhere" : "another event: " + event->second.dump()));
      if (version <= last)
        found.push_back("out of order: version " + std::to_string(version) + " after " +
                        std::to_string(last));
      last = version;
    }
  }
  return found;
}

}  // namespace automodel::test
