// Real nodes with agents on this machine, each in a directory of its own, joined to all that were named
// before.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/end_to_end/program.hpp"

namespace automodel::test {

bool wait_until(const std::function<bool()>& condition,
                std::chrono::seconds limit = std::chrono::seconds(240));

/// Where nodes run, and how they find each other.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// Before the first start; `homes` by name.
  virtual void prepare(const std::map<std::string, std::filesystem::path>& homes) = 0;
  /// What runs the program there: the words before it.
  virtual std::vector<std::string> before(const std::string& node) const = 0;
  /// Its --cluster, --keys and the like.
  virtual std::vector<std::string> options(const std::string& node) const = 0;
  /// --join of `node`, to `other`.
  virtual std::string join(const std::string& node, const std::string& other) const = 0;
};

/// On 127.0.0.1, without keys, each at the same port after a restart.
std::unique_ptr<Surroundings> loopback();

class Nodes {
 public:
  /// The first one has data set "small" of so many rows and begins with the agents; each with `workers`.
  Nodes(std::vector<std::string> names, int rows, int workers,
        std::unique_ptr<Surroundings> surroundings = loopback());

  const std::vector<std::string>& names() const { return names_; }
  std::filesystem::path directory() const { return directory_.path(); }
  std::filesystem::path home(const std::string& node) const { return directory_.path() / node; }
  Child& operator[](const std::string& node) { return *children_.at(node); }
  /// Whether the stores stay when this ends.
  void keep(bool kept = true) { directory_.keep(kept); }

  /// Also of one that was killed; returns when it listens.
  void start(const std::string& node);
  /// Whether `asked` sees all the others.
  bool connected(const std::string& asked) const;
  /// SIGINT to each, from the last to the first; each must end well.
  void stop();

  Finished console(const std::string& node, const std::string& command) const;
  /// What node `asked` says of `node`; empty where it knows none.
  nlohmann::json row_of(const std::string& asked, const std::string& node) const;
  /// Asks `from` until the move has been made.
  void migrate(const std::string& from, const std::string& agent, const std::string& to) const;
  std::vector<nlohmann::json> events(const std::string& node) const;
  long count(const std::string& node, const std::string& kind) const;
  /// Whether the store of a node that has stopped is what its events make it.
  bool verified(const std::string& node) const;
  /// What all of them wrote to stderr.
  std::string errors() const;

 private:
  TemporaryDirectory directory_;
  std::vector<std::string> names_;
  int workers_;
  std::unique_ptr<Surroundings> surroundings_;
  std::map<std::string, std::unique_ptr<Child>> children_;
};

}  // namespace automodel::test
