#include "tests/end_to_end/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace automodel::test {

namespace {

std::string program() {
  const char* path = std::getenv("AUTOMODEL_PROGRAM");
  if (!path) throw std::runtime_error("AUTOMODEL_PROGRAM is not set: run this through ctest");
  return path;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  auto pattern = (std::filesystem::temp_directory_path() / "automodel-test-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot create " + pattern);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (kept_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
             const std::vector<std::string>& before) {
  static std::atomic<int> count{0};
  const auto name = "child-" + std::to_string(++count);
  output_ = directory / (name + ".out");
  errors_ = directory / (name + ".err");
  std::vector<std::string> words = before;
  words.push_back(program());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, errors_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  const int failed = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed) throw std::runtime_error("cannot start " + words.front());
}

Child::~Child() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

bool Child::running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  ended_ = true;
  signalled_ = WIFSIGNALED(status);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return false;
}

void Child::send(int signal) const { ::kill(pid_, signal); }

int Child::wait(std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (running()) {
    if (std::chrono::steady_clock::now() > end) {
      send(SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      ended_ = true;
      return status_ = -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return status_;
}

std::string Child::output() const { return read(output_); }
std::string Child::errors() const { return read(errors_); }

Finished run(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
             std::chrono::seconds limit) {
  Child child(arguments, directory);
  Finished finished;
  finished.status = child.wait(limit);
  finished.output = child.output();
  finished.errors = child.errors();
  return finished;
}

std::vector<nlohmann::json> events_of(const std::filesystem::path& store,
                                      const std::filesystem::path& directory) {
  const auto listed = run({"events", "--store", store.string(), "--json"}, directory);
  if (listed.status != 0)
    throw std::runtime_error("automodel events failed: " + listed.output + listed.errors);
  std::vector<nlohmann::json> events;
  std::istringstream lines(listed.output);
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
  return events;
}

}  // namespace automodel::test
