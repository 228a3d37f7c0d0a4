// Who reads the store, and for how long: a reader that stays keeps every page that was replaced since it
// began, and the file grows instead of using them again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "base/error.hpp"

namespace automodel::storage {

class Environment;

/// One open read transaction.
struct OpenReader {
  int process = 0;
  bool is_own = false;               // of this process
  std::uint64_t transaction = 0;     // the commit that it sees
  std::uint64_t commits_behind = 0;  // made since
  double seconds = 0;                // for which it has been seen to be open: at least so long
};

/// Looks at LMDB's table of readers now and then, and remembers when it first saw which. Private to storage/.
class ReaderWatch {
 public:
  using Tell = std::function<void(const OpenReader&)>;
  /// `tell` may be absent.
  ReaderWatch(const Environment& environment, std::chrono::seconds longest, Tell tell)
      : environment_(environment), longest_(longest), tell_(std::move(tell)) {}

  /// The longest first. Errors: storage.io.
  Result<std::vector<OpenReader>> look();
  /// To be called often: at most once a second it looks, clears the entries of processes that died, and tells
  /// of readers that have become long.
  void tick();

 private:
  Result<std::vector<OpenReader>> look_and_note(std::vector<OpenReader>* grown_long);
  using Clock = std::chrono::steady_clock;
  struct Sight {
    Clock::time_point first;
    bool told = false;
  };
  const Environment& environment_;
  const std::chrono::seconds longest_;
  const Tell tell_;
  std::mutex mutex_;
  std::map<std::tuple<int, std::uint64_t, std::uint64_t>, Sight> seen_;
  Clock::time_point next_{};
};

}  // namespace automodel::storage
