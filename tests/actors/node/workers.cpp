#include <unistd.h>

#include <fstream>

#include "world.hpp"

namespace automodel::test {

std::vector<pid_t> workers_of_this_process() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat"), command(entry.path() / "cmdline", std::ios::binary);
    std::string pid, program, state;
    pid_t parent = 0;
    if (!(stat >> pid >> program >> state >> parent) || parent != ::getpid() || state == "Z") continue;
    std::string path, word;
    if (std::getline(command, path, '\0') && std::getline(command, word, '\0') && word == "worker")
      found.push_back(std::stoi(name));
  }
  return found;
}

}  // namespace automodel::test
