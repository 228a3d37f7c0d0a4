// Brings files of another node here: artifacts by their hash, data sets by theirs. In parts; what is there of
// an earlier try is kept and gone on with; nothing gets its name before its content has been verified.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "actors/cluster/files/file_server.hpp"

namespace automodel::cluster {

struct FetchLimits {
  std::chrono::milliseconds ask_again{3000};  // a part that does not come is asked for again
  std::chrono::milliseconds give_up{30000};   // without any part
};

class Fetcher {
 public:
  /// `link` must outlive it.
  Fetcher(Link& link, FilePlaces places, FetchLimits limits = {});

  /// Returns when the artifact is here; at once where it is. Blocks: not from the transport's thread. Errors:
  /// cluster.unreachable, cluster.damaged_file (what came has another hash or length), cluster.stopped, those
  /// of the other side (cluster.no_such_file) and of writing it (storage.full, storage.io).
  Result<void> artifact(PeerNumber from, const std::string& hash);
  /// The same of a data set; errors also: cluster.other_data (another data set has this name here).
  Result<void> data_set(PeerNumber from, const std::string& name, const std::string& hash);
  /// Whoever waits gets cluster.stopped, now and from now on.
  void stop();

 private:
  Result<events::FilePartT> part(PeerNumber from, events::FileAskedT asked);
  /// `most`: bytes that the file can have, as far as that is known.
  Result<void> whole_file(PeerNumber from, events::FileAskedT asked, const std::filesystem::path& into,
                          std::uint64_t most);
  Result<void> fetch_data_set(PeerNumber from, const std::string& name, const std::string& hash,
                              const std::filesystem::path& into);

  Link& link_;
  FilePlaces places_;
  FetchLimits limits_;
  std::mutex one_at_a_time_;
  std::mutex mutex_;  // of what follows
  std::condition_variable came_;
  std::map<std::uint64_t, std::optional<events::FilePartT>> open_;  // by request
  std::uint64_t next_request_ = 1;
  bool stopped_ = false;
};

}  // namespace automodel::cluster
