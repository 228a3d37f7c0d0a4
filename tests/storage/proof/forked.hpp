// Runs something in a process of its own: a crash there is a finding, not the end of the test.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>

namespace automodel::storage::testing {

struct Ended {
  int signal = 0;  // that killed it; 0: none
  std::string said;
};

/// `work`'s answer, or the signal that ended it. An exception is part of the answer.
inline Ended in_a_process(const std::function<std::string()>& work, unsigned seconds = 120) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) std::signal(number, SIG_DFL);
    ::alarm(seconds);  // whoever hangs is killed
    std::string said;
    try {
      said = work();
    } catch (const std::exception& thrown) {
      said = std::string("exception: ") + thrown.what();
    }
    for (std::size_t at = 0; at < said.size();) {
      const ssize_t written = ::write(ends[1], said.data() + at, said.size() - at);
      if (written <= 0) ::_exit(3);
      at += static_cast<std::size_t>(written);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  Ended ended;
  char part[4096];
  for (ssize_t read = 0; (read = ::read(ends[0], part, sizeof part)) > 0;)
    ended.said.append(part, static_cast<std::size_t>(read));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return ended;
}

/// A place whose syncs cost nothing, where there is one: for disks that are only imagined.
inline std::filesystem::path fast_place() {
  return ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm")
                                         : std::filesystem::temp_directory_path();
}

/// How often a test goes round: AUTOMODEL_ROUNDS where it is set (tools/soak), `usual` otherwise.
inline unsigned rounds(unsigned usual) {
  const char* asked = std::getenv("AUTOMODEL_ROUNDS");
  return asked != nullptr ? static_cast<unsigned>(std::strtoul(asked, nullptr, 10)) : usual;
}

/// AUTOMODEL_SEED where it is set, to repeat what failed.
inline std::uint64_t chosen_seed() {
  const char* asked = std::getenv("AUTOMODEL_SEED");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : std::random_device{}();
}

}  // namespace automodel::storage::testing
