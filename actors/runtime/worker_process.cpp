#include "actors/runtime/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "actors/runtime/frames.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/spawn.hpp"

namespace automodel::actors {

namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

/// Both ends above the numbers that the child gets, so that none is overwritten while they are moved there.
Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("jobs.no_worker", std::strerror(errno), "pipe");
  Descriptor low_read(ends[0]), low_write(ends[1]);
  Pipe pipe{Descriptor(::fcntl(ends[0], F_DUPFD_CLOEXEC, 16)),
            Descriptor(::fcntl(ends[1], F_DUPFD_CLOEXEC, 16))};
  if (pipe.read.get() < 0 || pipe.write.get() < 0)
    return fail("jobs.no_worker", std::strerror(errno), "pipe");
  return pipe;
}

struct Child {
  pid_t pid = -1;
  Descriptor to, from;
};

Result<Child> start_child(const WorkerOptions& options) {
  auto in = make_pipe();
  if (!in) return fail(in.error());
  auto out = make_pipe();
  if (!out) return fail(out.error());
  auto pid = spawn({options.program,
                    options.arguments,
                    options.threads,
                    {{STDERR_FILENO, STDOUT_FILENO},  // stdout is for the node's results
                     {in->read.get(), worker_in},
                     {out->write.get(), worker_out}}});
  if (!pid) return fail("jobs.no_worker", pid.error().message, pid.error().where);
  Child child;
  child.pid = *pid;
  child.to = std::move(in->write);
  child.from = std::move(out->read);
  return child;
}

class ProcessRunner final : public JobRunner {
 public:
  explicit ProcessRunner(WorkerOptions options)
      : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::signal(SIGPIPE, SIG_IGN);
  }

  ~ProcessRunner() override {
    if (child_) end_child(SIGKILL);
  }

  events::JobResultT run(const events::JobT& job, const ProgressSink& progress) override {
    auto result = attempt(job, progress);
    events::JobResultT answer = result ? std::move(*result) : failed_job(job.id, result.error());
    answer.job = job.id;
    const std::lock_guard lock(mutex_);
    cancelled_.erase(job.id);  // another try of it may come
    return answer;
  }

  void cancel(const std::string& job) override {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.insert(job);
    }
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0)
      log().error("job {} is not cancelled: {}", job, std::strerror(errno));
  }

 private:
  Result<events::JobResultT> attempt(const events::JobT& job, const ProgressSink& progress) {
    if (auto sent = hand_over(job); !sent) return fail(sent.error());
    while (true) {
      if (!wait_for_frame(job.id)) return died(job, {"jobs.cancelled", "it did not stop in time", {}, {}});
      auto frame = read_frame(child_->from.get());
      if (!frame) return died(job, frame.error());
      if (frame->kind == FrameKind::result) {
        auto result = events::unpack<events::JobResultT>(frame->bytes);
        if (!result) return died(job, result.error());
        return result;
      }
      auto epoch = events::unpack<events::JobProgressT>(frame->bytes);
      if (frame->kind != FrameKind::progress || !epoch)
        return died(
            job, {"runtime.bad_frame", "the worker sent something else than progress or a result", {}, {}});
      const bool go_on = progress(*epoch) && !cancelled(job.id);
      if (auto sent = write_frame(child_->to.get(), go_on ? FrameKind::proceed : FrameKind::stop); !sent)
        return died(job, sent.error());
    }
  }

  /// Starts a child where there is none, or where the one there was has died since its last job.
  Result<void> hand_over(const events::JobT& job) {
    const auto bytes = events::pack_whole(job);
    if (!bytes) return fail(bytes.error());
    if (child_ && write_frame(child_->to.get(), FrameKind::job, *bytes)) return {};
    if (child_) log().warn("an idle worker process ended with {}", end_child(SIGKILL));
    auto started = start_child(options_);
    if (!started) return fail(started.error());
    child_ = std::move(*started);
    if (auto sent = write_frame(child_->to.get(), FrameKind::job, *bytes); !sent)
      return died(job, sent.error());
    return {};
  }

  /// Until the worker says something (or is gone). False: the job was cancelled, and the grace is over.
  bool wait_for_frame(const std::string& job) {
    while (true) {
      const bool ending = cancelled(job);
      pollfd waits[2] = {{child_->from.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      const int ready = ::poll(waits, ending ? 1 : 2, ending ? static_cast<int>(options_.grace.count()) : -1);
      if (ready < 0 && errno != EINTR) return false;
      if (ready == 0) return false;
      if (waits[0].revents != 0) return true;
      std::uint64_t count = 0;  // of wake-ups; which job they were for is in cancelled_
      if (waits[1].revents != 0 && ::read(wake_.get(), &count, sizeof count) < 0 && errno != EAGAIN)
        return false;
    }
  }

  bool cancelled(const std::string& job) {
    const std::lock_guard lock(mutex_);
    return cancelled_.contains(job);
  }

  tl::unexpected<Error> died(const events::JobT& job, const Error& why) {
    // A pipe closes when its process ends; everything else means that it must.
    const auto ended = end_child(why.code == "runtime.pipe_closed" ? 0 : SIGKILL);
    return fail(
        "jobs.worker_died", "the worker process ended with " + ended + " while it ran the job", job.id,
        why.code == "runtime.pipe_closed" ? "a crash, or more memory than a worker may use" : why.message);
  }

  std::string end_child(int signal) {
    auto child = std::move(*child_);
    child_.reset();
    child.to = Descriptor();
    if (signal != 0) ::kill(child.pid, signal);
    int status = 0;
    pid_t waited = -1;
    do waited = ::waitpid(child.pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    return waited == child.pid ? how_it_ended(status) : std::strerror(errno);
  }

  WorkerOptions options_;
  Descriptor wake_;
  std::optional<Child> child_;
  std::mutex mutex_;
  std::set<std::string> cancelled_;
};

}  // namespace

std::unique_ptr<JobRunner> process_runner(WorkerOptions options) {
  return std::make_unique<ProcessRunner>(std::move(options));
}

}  // namespace automodel::actors
