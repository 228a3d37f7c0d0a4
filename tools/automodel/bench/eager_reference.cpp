#include "tools/automodel/bench/eager_reference.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace automodel::tools {

extern const char* const eager_program;  // tools/bench/eager.py, kept in the program

namespace {

/// A process with its stdin and stdout at our ends of two pipes, or at /dev/null where they are -1.
int spawn(const std::string& program, const std::vector<std::string>& arguments, int in, int out,
          bool quiet) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto connect = [&](int descriptor, int as) {
    if (descriptor >= 0) {
      posix_spawn_file_actions_adddup2(&actions, descriptor, as);
    } else {
      posix_spawn_file_actions_addopen(&actions, as, "/dev/null", O_RDWR, 0);
    }
  };
  connect(in, STDIN_FILENO);
  connect(out, STDOUT_FILENO);
  if (quiet) connect(-1, STDERR_FILENO);
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawnp(&pid, program.c_str(), &actions, nullptr, pointers.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

int status_of(int pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

bool has_pytorch(const std::string& python) {
  const int pid = spawn(python, {"-c", "import numpy, torch"}, -1, -1, true);
  return pid > 0 && status_of(pid) == 0;
}

tl::unexpected<Error> failed(std::string why) {
  return fail("bench.reference_failed", "the eager reference: " + std::move(why), "tools/bench/eager.py");
}

}  // namespace

Result<EagerReference> EagerReference::start(const std::string& python,
                                             const std::filesystem::path& directory) {
  const auto candidates =
      python.empty() ? std::vector<std::string>{"python3", "/usr/bin/python3"} : std::vector{python};
  const auto found = std::find_if(candidates.begin(), candidates.end(), has_pytorch);
  if (found == candidates.end()) {
    return fail("bench.no_pytorch", "no Python with PyTorch is found to compare with", candidates.back(),
                "apt-get install python3-torch python3-numpy, or --python PROGRAM, or --alone to measure "
                "this program only");
  }
  const auto script = directory / "eager.py";
  if (!(std::ofstream(script) << eager_program)) return failed("cannot write " + script.string());
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return failed(std::strerror(errno));
  if (::pipe2(out, O_CLOEXEC) != 0) return failed(std::strerror(errno));
  EagerReference self;
  self.directory_ = directory;
  self.to_ = in[1];
  self.from_ = out[0];
  ::signal(SIGPIPE, SIG_IGN);
  self.pid_ = spawn(*found, {script.string(), directory.string()}, in[0], out[1], false);
  ::close(in[0]);
  ::close(out[1]);
  if (self.pid_ < 0) return failed("cannot start " + *found);
  const auto ready = self.read_line();
  if (!ready) return fail(ready.error());
  self.version_ = "PyTorch " + nlohmann::json::parse(*ready).value("ready", std::string("?"));
  return self;
}

EagerReference::EagerReference(EagerReference&& other) noexcept
    : directory_(std::move(other.directory_)),
      version_(std::move(other.version_)),
      rest_(std::move(other.rest_)),
      pid_(std::exchange(other.pid_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1)) {}

EagerReference::~EagerReference() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  status_of(pid_);
}

Result<std::string> EagerReference::read_line() {
  while (rest_.find('\n') == std::string::npos) {
    char buffer[4096];
    const auto count = ::read(from_, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed("it ended; what it said is above");
    rest_.append(buffer, static_cast<std::size_t>(count));
  }
  const auto end = rest_.find('\n');
  auto line = rest_.substr(0, end);
  rest_.erase(0, end + 1);
  return line;
}

Result<TrainingAnswer> EagerReference::run(const TrainingRequest& request) {
  const auto text =
      nlohmann::json{
          {"model", request.model}, {"threads", request.threads}, {"blas_threads", request.blas_threads},
          {"seed", request.seed},   {"epochs", request.epochs},   {"batches", request.batches}}
          .dump() +
      "\n";
  if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed(std::strerror(errno));
  const auto line = read_line();
  if (!line) return fail(line.error());
  TrainingAnswer out;
  try {
    const auto answer = nlohmann::json::parse(*line);
    answer.at("seconds").get_to(out.seconds);
    answer.at("rows").get_to(out.rows);
    answer.at("parameters").get_to(out.parameters);
  } catch (const nlohmann::json::exception& e) {
    return failed(e.what());
  }
  const auto file = directory_ / "scores";
  std::error_code none;
  out.scores.resize(std::filesystem::file_size(file, none) / sizeof(float));
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(out.scores.data()),
          static_cast<std::streamsize>(out.scores.size() * sizeof(float)));
  if (!in) return failed("cannot read " + file.string());
  return out;
}

}  // namespace automodel::tools
