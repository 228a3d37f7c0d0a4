#include "tests/end_to_end/nodes.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/end_to_end/ratings.hpp"

namespace automodel::test {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// A port that nobody listens at, below those that the system gives to connections: one of those could be
/// taken, even by the one who tries to connect to it, while its node is down.
std::string free_endpoint() {
  std::random_device random;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(20000 + random() % 12000);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (free) return "tcp://127.0.0.1:" + std::to_string(port);
  }
  throw std::runtime_error("no port is free on 127.0.0.1");
}

class Loopback : public Surroundings {
 public:
  void prepare(const std::map<std::string, std::filesystem::path>& homes) override {
    for (const auto& [node, home] : homes) endpoints_[node] = free_endpoint();
  }
  std::vector<std::string> before(const std::string&) const override { return {}; }
  std::vector<std::string> options(const std::string& node) const override {
    return {"--cluster", endpoints_.at(node)};
  }
  std::string join(const std::string&, const std::string& other) const override {
    return endpoints_.at(other);
  }

 private:
  std::map<std::string, std::string> endpoints_;
};

}  // namespace

std::unique_ptr<Surroundings> loopback() { return std::make_unique<Loopback>(); }

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(50ms);
  return condition();
}

Nodes::Nodes(std::vector<std::string> names, int rows, int workers,
             std::unique_ptr<Surroundings> surroundings)
    : names_(std::move(names)), workers_(workers), surroundings_(std::move(surroundings)) {
  std::map<std::string, std::filesystem::path> homes;
  for (const auto& node : names_) {
    std::filesystem::create_directories(home(node));
    homes[node] = home(node);
    children_[node];
  }
  surroundings_->prepare(homes);
  import_small(home(names_.front()), rows);
  for (const auto& node : names_) start(node);
  for (const auto& node : names_)
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return connected(node); }, 60s), errors());
}

void Nodes::start(const std::string& node) {
  std::vector<std::string> arguments{"node",    "--name", node,           "--listen", "ipc://socket",
                                     "--store", "store",  "--lost-after", "2s",       "--json"};
  for (auto& word : surroundings_->options(node)) arguments.push_back(std::move(word));
  if (workers_ > 0)
    arguments.insert(arguments.end(), {"--workers", std::to_string(workers_)});
  else
    arguments.insert(arguments.end(), {"--roles", "agents"});
  for (const auto& earlier : names_) {
    if (earlier == node) break;
    arguments.insert(arguments.end(), {"--join", surroundings_->join(node, earlier)});
  }
  auto& child = children_.at(node);
  child = std::make_unique<Child>(arguments, home(node), surroundings_->before(node));
  const bool listens =
      wait_until([&] { return !child->running() || child->output().find('\n') != std::string::npos; }, 60s);
  if (!listens || !child->running()) throw std::runtime_error(node + " did not start: " + child->errors());
}

bool Nodes::connected(const std::string& asked) const {
  return std::ranges::all_of(names_, [&](const std::string& node) {
    return node == asked || row_of(asked, node).value("state", "") == "connected";
  });
}

void Nodes::stop() {
  for (auto node = names_.rbegin(); node != names_.rend(); ++node) {
    children_.at(*node)->send(SIGINT);
    BOOST_TEST(children_.at(*node)->wait(30s) == 0, children_.at(*node)->errors());
  }
}

Finished Nodes::console(const std::string& node, const std::string& command) const {
  return run({"console", "--connect", "ipc://socket", "--json", "-c", command}, home(node));
}

json Nodes::row_of(const std::string& asked, const std::string& node) const {
  const auto told = console(asked, "nodes");
  if (told.status == 0)
    for (const auto& row : json::parse(told.output))
      if (row.at("node") == node) return row;
  return json::object();
}

void Nodes::migrate(const std::string& from, const std::string& agent, const std::string& to) const {
  const auto command = "migrate " + agent + " " + to;
  auto told = console(from, command);
  // A node that has just come back is silent for a moment, and no move begins then.
  for (int again = 0; again < 100 && told.status != 0; ++again) {
    std::this_thread::sleep_for(200ms);
    told = console(from, command);
  }
  BOOST_REQUIRE_MESSAGE(told.status == 0, told.output << told.errors << errors());
}

std::vector<json> Nodes::events(const std::string& node) const {
  return events_of(home(node) / "store", home(node));
}

long Nodes::count(const std::string& node, const std::string& kind) const {
  const auto all = events(node);
  return std::ranges::count_if(all, [&](const json& event) { return event.at("kind") == kind; });
}

bool Nodes::verified(const std::string& node) const {
  const auto told = run({"replay", "--store", "store", "--verify", "--json"}, home(node), 600s);
  return told.status == 0 && json::parse(told.output).at("match").get<bool>();
}

std::string Nodes::errors() const {
  std::string all;
  for (const auto& [node, child] : children_)
    if (child) all += node + ": " + child->errors() + '\n';
  return all;
}

}  // namespace automodel::test
