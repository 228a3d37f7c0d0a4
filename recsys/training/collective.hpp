// The processes that train one model together, as one of them sees them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace automodel::recsys {

/// All processes call the same functions in the same order, each from one thread, and each waits for the
/// others. Errors of all: training.worker_lost, where another process died, or was silent for half an hour;
/// nothing can be exchanged after it.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual std::uint32_t rank() const = 0;  // of this process, from 0
  virtual std::uint32_t size() const = 0;  // processes
  /// `values` becomes the sum of all processes', added in the order of their ranks: the same bits everywhere,
  /// however many computers there are. As many numbers everywhere.
  virtual Result<void> sum(std::span<float> values) = 0;
  /// The same where what a process adds is itself a sum that has to be made number by number after what the
  /// ranks before it added: `values` goes from rank to rank, `add` adds this one's to it, and all get what
  /// the last one made of it. Takes as long as there are ranks.
  virtual Result<void> sum_in_turn(std::span<float> values, const std::function<void()>& add) = 0;
  /// What each gives, one after the other by rank. As many bytes everywhere.
  virtual Result<std::string> gather(std::string_view mine) = 0;
  /// `bytes` becomes what rank 0 has there.
  virtual Result<void> broadcast(std::string& bytes) = 0;
};

/// `gather`, if all are well; else the error of the first one that is not, cut to a kilobyte, is everybody's.
Result<std::string> gather_if_well(Collective& group, const Result<void>& well, std::string_view mine);
Result<void> agree(Collective& group, const Result<void>& well);
/// Errors: training.processes_differ, where `what` (a text for people) is not the same to the bit everywhere.
Result<void> compare(Collective& group, std::string_view what,
                     std::span<const std::span<const std::byte>> pieces);

/// Where the processes of one training find each other.
struct Meeting {
  std::string file;  // on one computer: a path at which nothing is yet
  std::string host;  // else: where a `MeetingPoint` is
  std::uint16_t port = 0;
  std::uint64_t round = 0;  // of the meeting point
};
/// Waits for the others, at most `wait`. Talks over TCP, by c10d's gloo, with no proof of who is there: only
/// in a network that is trusted. SIGPIPE is ignored in this process from here on. Errors:
/// training.no_meeting.
Result<std::unique_ptr<Collective>> join(const Meeting& meeting, std::uint32_t rank, std::uint32_t size,
                                         std::chrono::seconds wait);

/// What those that start the processes on several computers share: the number of the round, which they raise
/// when a process died, so that all start theirs again.
class MeetingPoint {
 public:
  /// Opens it at this port of this computer, for as long as the object lives. Errors: training.no_meeting.
  static Result<MeetingPoint> open(const std::string& host, std::uint16_t port, std::chrono::seconds wait);
  /// Waits until somebody opened it. Errors: training.no_meeting.
  static Result<MeetingPoint> find(const std::string& host, std::uint16_t port, std::chrono::seconds wait);
  MeetingPoint(MeetingPoint&&) noexcept;
  MeetingPoint& operator=(MeetingPoint&&) noexcept;
  ~MeetingPoint();

  /// Errors: training.no_meeting where it has been closed.
  Result<std::uint64_t> round();
  /// Begins the round after `round`, unless somebody has.
  Result<void> begin_after(std::uint64_t round);

 private:
  struct Impl;
  explicit MeetingPoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::recsys
