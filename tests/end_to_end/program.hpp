// Runs the program under test as a child process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace automodel::test {

/// A directory of its own, removed at the end unless it is kept.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  /// Leaves it where it is: what a failed test looked at.
  void keep(bool kept = true) { kept_ = kept; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

/// A running child. Its stdout and stderr go to files, so that it never blocks on a full pipe.
class Child {
 public:
  /// `before`: words in front of the program, of one that becomes it (nice, ip netns exec).
  Child(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
        const std::vector<std::string>& before = {});
  ~Child();  // kills what still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running();
  pid_t pid() const { return pid_; }
  void send(int signal) const;
  /// Waits for the end; a child that outlives `limit` is killed and gives -1.
  int wait(std::chrono::seconds limit);
  bool killed_by_signal() const { return signalled_; }
  std::string output() const;  // stdout so far
  std::string errors() const;  // stderr so far

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  bool signalled_ = false;
  std::filesystem::path output_;
  std::filesystem::path errors_;
};

struct Finished {
  int status = -1;
  std::string output;
  std::string errors;
};

/// Runs the program (AUTOMODEL_PROGRAM) in `directory` to its end.
Finished run(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
             std::chrono::seconds limit = std::chrono::seconds(120));

/// `automodel events --json` of a store: one object a line.
std::vector<nlohmann::json> events_of(const std::filesystem::path& store,
                                      const std::filesystem::path& directory);

}  // namespace automodel::test
