#include "actors/jobs/worker_main.hpp"

#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "actors/runtime/frames.hpp"
#include "actors/runtime/worker_process.hpp"
#include "recsys/models/threads.hpp"

namespace automodel::actors {

namespace {

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// OpenBLAS takes a buffer (128 MiB of addresses) for each thread that multiplies, and where the system
/// refuses one it asks again for ever. So it gets them before the limit holds; what it gives back, it keeps
/// for itself. Another BLAS has no such functions.
void reserve_blas_buffers(std::uint32_t threads) {
  const auto take = reinterpret_cast<void* (*)(int)>(::dlsym(RTLD_DEFAULT, "blas_memory_alloc"));
  const auto give_back = reinterpret_cast<void (*)(void*)>(::dlsym(RTLD_DEFAULT, "blas_memory_free"));
  if (take == nullptr || give_back == nullptr) return;
  std::vector<void*> buffers;
  for (std::uint32_t i = 0; i < threads; ++i) buffers.push_back(take(0));
  for (void* buffer : buffers) give_back(buffer);
}

/// Private writable memory of this process, MB; 0 where it is not known.
std::uint64_t data_mb() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmData:")) return std::strtoull(line.c_str() + 7, nullptr, 10) >> 10;
  return 0;
}

/// What the libraries need to run at all comes first: not all of them take a refusal.
Result<void> limit_memory(std::uint64_t megabytes, std::uint32_t threads) {
  reserve_blas_buffers(threads);
  recsys::make_threads(threads);
  constexpr std::uint64_t least = 64;  // for a job
  if (const auto used = data_mb(); used + least > megabytes)
    return fail("jobs.memory_limit", "a limit of " + std::to_string(megabytes) + " MB is too small",
                "--memory", "a worker uses " + std::to_string(used) + " MB before it begins");
  const rlim_t bytes = megabytes << 20;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_DATA, &limit) != 0)
    return fail("jobs.memory_limit", "the memory limit cannot be set", "--memory");
  return {};
}

int complain(const Error& error) {
  std::cerr << "worker: " << to_string(error) << '\n';
  return 1;
}

}  // namespace

std::vector<std::string> format_worker_arguments(const WorkerArguments& arguments) {
  return {"worker",
          "--parent",
          std::to_string(arguments.parent),
          "--data",
          arguments.environment.data_directory.string(),
          "--artifacts",
          arguments.environment.artifacts.string(),
          "--threads",
          std::to_string(arguments.environment.threads),
          "--memory",
          std::to_string(arguments.memory_mb),
          "--parameters",
          std::to_string(arguments.environment.max_parameters)};
}

Result<WorkerArguments> parse_worker_arguments(std::span<const std::string> arguments) {
  WorkerArguments parsed;
  if (arguments.empty() || arguments[0] != "worker" || arguments.size() % 2 != 1)
    return fail(
        "jobs.bad_arguments",
        "expected: worker --parent PID --data DIR --artifacts DIR --threads N --memory MB --parameters N");
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const auto& name = arguments[i];
    const auto& value = arguments[i + 1];
    bool good = true;
    if (name == "--data")
      parsed.environment.data_directory = value;
    else if (name == "--artifacts")
      parsed.environment.artifacts = value;
    else if (name == "--parent")
      good = read_number(value, parsed.parent);
    else if (name == "--threads")
      good = read_number(value, parsed.environment.threads);
    else if (name == "--parameters")
      good = read_number(value, parsed.environment.max_parameters);
    else if (name == "--memory")
      good = read_number(value, parsed.memory_mb);
    else
      good = false;
    if (!good) return fail("jobs.bad_arguments", name + " " + value, "worker");
  }
  return parsed;
}

int worker_loop(int in_fd, int out_fd, const JobEnvironment& environment) {
  while (true) {
    auto frame = read_frame(in_fd);
    if (!frame) return frame.error().code == "runtime.pipe_closed" ? 0 : complain(frame.error());
    if (frame->kind != FrameKind::job) return complain({"runtime.bad_frame", "expected a job", {}, {}});
    auto job = events::unpack<events::JobT>(frame->bytes);
    if (!job) return complain(job.error());
    bool connected = true;
    const auto progress = [&](const events::JobProgressT& epoch) {
      connected = connected && write_frame(out_fd, FrameKind::progress, events::pack(epoch)).has_value();
      if (!connected) return false;
      auto answer = read_frame(in_fd);
      connected = answer.has_value();
      return connected && answer->kind == FrameKind::proceed;
    };
    const auto result = execute(*job, environment, progress);
    if (!connected) return 0;
    if (auto sent = write_frame(out_fd, FrameKind::result, events::pack(result)); !sent)
      return complain(sent.error());
  }
}

int worker_main(const std::vector<std::string>& arguments) {
  auto parsed = parse_worker_arguments(arguments);
  if (!parsed) return complain(parsed.error());
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (parsed->parent != 0 && ::getppid() != parsed->parent) return 0;  // it ended before the line above
  if (parsed->memory_mb != 0)
    if (auto limited = limit_memory(parsed->memory_mb, std::max(1u, parsed->environment.threads)); !limited)
      return complain(limited.error());
  return worker_loop(worker_in, worker_out, parsed->environment);
}

}  // namespace automodel::actors
