// A worker for tests: speaks the frames of a real one; what a job does is named by its goal.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "actors/runtime/frames.hpp"
#include "actors/runtime/worker_process.hpp"

using namespace automodel;
using namespace automodel::actors;

namespace {

/// Allocates until it is refused, with the limit that the real worker sets.
bool exhaust_memory() {
  const rlimit limit{256u << 20, 256u << 20};
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) return false;
  std::vector<std::vector<char>> all;
  while (true) all.emplace_back(16u << 20, 'x');
}

events::JobResultT work(const events::JobT& job) {
  if (job.goal == "crash") {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would end the process without one
    ::raise(SIGSEGV);
  }
  if (job.goal == "exit") std::_Exit(7);
  if (job.goal == "memory") exhaust_memory();
  if (job.goal == "hang")
    while (true) ::pause();
  if (job.goal == "garbage") {
    const std::string text = "this is no frame at all";
    if (::write(worker_out, text.data(), text.size()) < 0) std::_Exit(8);
  }
  events::TrainResultT trained;
  events::JobResultT result;
  result.job = job.id;
  if (job.goal == "epochs") {
    for (std::uint32_t epoch = 1; epoch <= 100; ++epoch) {
      events::JobProgressT progress;
      progress.job = job.id;
      progress.epoch = std::make_unique<events::EpochReportT>();
      progress.epoch->epoch = epoch;
      if (!write_frame(worker_out, FrameKind::progress, events::pack(progress))) std::_Exit(9);
      const auto answer = read_frame(worker_in);
      if (!answer) std::_Exit(10);
      trained.rows = epoch;
      trained.stopped = answer->kind == FrameKind::stop;
      if (trained.stopped) break;
    }
  }
  // How it was started is part of what the node promises.
  trained.resume = std::string(std::getenv("OPENBLAS_NUM_THREADS")) + "/" + std::getenv("OMP_NUM_THREADS");
  trained.parameters = static_cast<std::uint64_t>(::getpid());
  result.body.Set(std::move(trained));
  return result;
}

}  // namespace

int main() {
  while (true) {
    const auto frame = read_frame(worker_in);
    if (!frame) return 0;
    const auto job = events::unpack<events::JobT>(frame->bytes);
    if (!job || !write_frame(worker_out, FrameKind::result, events::pack(work(*job)))) return 1;
  }
}
