#include "tools/automodel/train_group.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "actors/runtime/spawn.hpp"
#include "tools/automodel/interrupt.hpp"

namespace automodel::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostDeaths = 3;  // in a row, without an epoch in between
constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::seconds kLookAtMeeting{1};
constexpr std::chrono::seconds kGrace{3};  // in which those that lost another one find that out

/// A worker as its parent sees it; killed with this object.
struct Worker {
  std::uint32_t rank = 0;
  pid_t pid = -1;
  std::optional<int> status;  // of waitpid, once it has ended

  void look(int flags = WNOHANG) {
    int now = 0;
    if (!status && ::waitpid(pid, &now, flags) == pid) status = now;
  }
  void end() {
    if (status) return;
    ::kill(pid, SIGKILL);
    look(0);
  }
};

class Workers {
 public:
  ~Workers() {
    for (auto& worker : all) worker.end();
  }
  std::vector<Worker> all;
};

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make() {
    auto path = (std::filesystem::temp_directory_path() / "automodel-train-XXXXXX").string();
    if (!::mkdtemp(path.data()))
      return fail("train.no_state", "cannot make a directory for the training's state", path,
                  "set TMPDIR to where there is room");
    return TemporaryDirectory(path);
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class Supervisor {
 public:
  Supervisor(const GroupOptions& options, Workplace place, std::optional<recsys::MeetingPoint> meeting)
      : options_(options), place_(std::move(place)), meeting_(std::move(meeting)) {}

  Result<int> run() {
    if (auto begun = find_round(); !begun) return fail(begun.error());
    while (true) {
      Workers workers;
      if (auto started = start(workers); !started) return fail(started.error());
      auto end = watch(workers);
      if (!end) return fail(end.error());
      if (*end) return **end;
      if (auto next = begin_again(workers); !next) return fail(next.error());
    }
  }

 private:
  Result<void> start(Workers& workers) {
    place_.forget_failures();
    const auto first = options_.rank.value_or(0), count = options_.rank ? 1 : options_.size;
    for (auto rank = first; rank < first + count; ++rank) {
      actors::SpawnOptions how;
      how.arguments = options_.arguments;
      for (auto& flag : worker_flags(rank, round_, place_.directory()))
        how.arguments.push_back(std::move(flag));
      how.threads = options_.threads;
      auto pid = actors::spawn(how);
      if (!pid) return fail(pid.error());
      workers.all.push_back({rank, *pid, {}});
    }
    return {};
  }

  /// The exit status, or nothing: they have to start again.
  Result<std::optional<int>> watch(Workers& workers) {
    auto next_look = Clock::now() + kLookAtMeeting;
    while (true) {
      if (interrupt_.count() > 1) return fail("train.interrupted", "the training was stopped in an epoch");
      if (interrupt_.count() == 1 && !told_to_stop_) {
        told_to_stop_ = true;
        for (const auto& worker : workers.all) ::kill(worker.pid, SIGINT);
      }
      for (auto& worker : workers.all) worker.look();
      const auto running = std::ranges::count_if(workers.all, [](const Worker& w) { return !w.status; });
      if (std::ranges::any_of(workers.all, [](const Worker& w) { return w.status && *w.status != 0; }))
        return judge(workers);
      if (running == 0) return 0;
      if (meeting_ && Clock::now() >= next_look) {
        next_look = Clock::now() + kLookAtMeeting;
        // Where it is gone, worker 0 has ended: ours is about to.
        if (const auto now = meeting_->round(); now && *now != round_) return std::nullopt;
      }
      std::this_thread::sleep_for(kLook);
    }
  }

  /// One has ended before its time.
  Result<std::optional<int>> judge(Workers& workers) {
    const auto patience = Clock::now() + kGrace;
    const auto all_ended = [&] {
      for (auto& worker : workers.all) worker.look();
      return std::ranges::all_of(workers.all, [](const Worker& w) { return w.status.has_value(); });
    };
    while (!all_ended() && Clock::now() < patience) std::this_thread::sleep_for(kLook);
    return judge_failures(workers);
  }

  /// What a worker says of itself comes first; then deaths, of which the others' failures are consequences.
  Result<std::optional<int>> judge_failures(const Workers& workers) {
    why_.clear();
    std::optional<Error> alone;
    for (const auto& worker : workers.all) {
      if (!worker.status || *worker.status == 0) continue;
      auto error = place_.failure(worker.rank);
      if (error && error->code == "training.worker_lost") continue;
      if (error && error->code == "training.no_meeting") {
        alone = std::move(error);
        continue;
      }
      if (error) return fail(*error);
      // Whoever read our output has gone, and is satisfied.
      if (WIFSIGNALED(*worker.status) && WTERMSIG(*worker.status) == SIGPIPE) return 128 + SIGPIPE;
      if (why_.empty())
        why_ =
            "worker " + std::to_string(worker.rank) + " ended with " + actors::how_it_ended(*worker.status);
    }
    if (why_.empty() && alone && !round_is_over()) return fail(*alone);
    return std::nullopt;
  }

  /// Whether another computer's parent has begun the next round, or does so now: who dies while others look
  /// for it is not found.
  bool round_is_over() {
    if (!meeting_) return false;
    for (const auto patience = Clock::now() + kGrace; Clock::now() < patience;
         std::this_thread::sleep_for(kLook)) {
      const auto now = meeting_->round();
      if (!now) return false;
      if (*now != round_) return true;
    }
    return false;
  }

  Result<void> begin_again(Workers& workers) {
    for (auto& worker : workers.all) worker.end();
    if (told_to_stop_) return fail("train.interrupted", "the training was stopped in an epoch");
    const auto epoch = place_.epoch();
    deaths_ = epoch > last_epoch_ ? 1 : deaths_ + 1;
    last_epoch_ = epoch;
    if (why_.empty()) why_ = "a worker on another computer is gone";
    if (deaths_ >= kMostDeaths)
      return fail(
          "train.workers_die",
          std::to_string(kMostDeaths) + " times in a row a worker died before an epoch was finished: " + why_,
          {}, "too little memory, perhaps: try fewer workers, a smaller batch or dim");
    std::cerr << "automodel: " << why_ << "; all start again "
              << (epoch == 0 ? "from the beginning" : "after epoch " + std::to_string(epoch)) << std::endl;
    why_.clear();
    if (!meeting_) {
      ++round_;
      return {};
    }
    if (auto begun = meeting_->begin_after(round_); !begun) return begun;
    return find_round();
  }

  Result<void> find_round() {
    if (!meeting_) return {};
    auto round = meeting_->round();
    if (!round) return fail(round.error());
    round_ = *round;
    return {};
  }

  const GroupOptions& options_;
  Workplace place_;
  std::optional<recsys::MeetingPoint> meeting_;
  Interrupt interrupt_;
  bool told_to_stop_ = false;
  std::uint64_t round_ = 0;
  std::uint32_t last_epoch_ = 0;
  int deaths_ = 0;
  std::string why_;
};

}  // namespace

Result<recsys::Meeting> parse_meeting(const std::string& text) {
  recsys::Meeting out;
  const auto colon = text.rfind(':');
  const auto digits = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  out.host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || out.port == 0 ||
      out.host.empty())
    return fail("usage.meet", "'" + text + "' is not HOST:PORT", "--meet",
                "worker 0's computer and a port that is free there: --meet 10.0.0.1:29500");
  return out;
}

std::vector<std::string> worker_flags(std::uint32_t rank, std::uint64_t round,
                                      const std::filesystem::path& directory) {
  return {"--worker-rank",      std::to_string(rank), "--worker-round",  std::to_string(round),
          "--worker-directory", directory.string(),   "--worker-parent", std::to_string(::getpid())};
}

Result<int> supervise(const GroupOptions& options) {
  auto directory = TemporaryDirectory::make();
  if (!directory) return fail(directory.error());
  std::optional<recsys::MeetingPoint> meeting;
  if (options.rank) {
    const auto& [file, host, port, round] = options.meeting;
    if (*options.rank > 0)
      std::cerr << "looking for worker 0 at " << host << ':' << port << ", for at most "
                << options.wait.count() << " s" << std::endl;
    auto point = *options.rank == 0 ? recsys::MeetingPoint::open(host, port, options.wait)
                                    : recsys::MeetingPoint::find(host, port, options.wait);
    if (!point) return fail(point.error());
    meeting.emplace(std::move(*point));
  }
  return Supervisor(options, Workplace(directory->path()), std::move(meeting)).run();
}

}  // namespace automodel::tools
