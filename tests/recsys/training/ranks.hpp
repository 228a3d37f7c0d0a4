// The processes of a training as threads of one process: they speak over the same sockets.
#pragma once

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "recsys/training/collective.hpp"

namespace automodel::recsys {

/// A path at which nothing is.
inline std::filesystem::path new_meeting() {
  static unsigned count = 0;
  return std::filesystem::temp_directory_path() /
         ("automodel-meeting-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
}

/// What `work` gives at each of `size` ranks, by rank.
template <class T>
std::vector<T> at_all_ranks(std::uint32_t size, const std::function<T(Collective&)>& work) {
  const auto file = new_meeting();
  std::vector<std::optional<T>> out(size);
  std::vector<std::string> why(size);
  std::vector<std::thread> threads;
  for (std::uint32_t rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      auto group = join({file.string(), {}, 0, 0}, rank, size, std::chrono::seconds(20));
      if (group) out[rank].emplace(work(**group));
      if (!group) why[rank] = to_string(group.error());
    });
  }
  for (auto& thread : threads) thread.join();
  std::filesystem::remove(file);
  std::vector<T> all;
  for (std::uint32_t rank = 0; rank < size; ++rank) {
    BOOST_REQUIRE_MESSAGE(out[rank], "rank " << rank << ": " << why[rank]);
    all.push_back(std::move(*out[rank]));
  }
  return all;
}

}  // namespace automodel::recsys
