// Hands out files of this node to others: artifacts by their hash, data sets by theirs.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "actors/cluster/transport/link.hpp"

namespace automodel::cluster {

/// Where a node keeps its files.
struct FilePlaces {
  std::filesystem::path data_directory;  // data sets by name
  std::filesystem::path artifacts;       // by hash
};

/// Bytes of a file in one part.
inline constexpr std::size_t file_part_bytes = 1u << 20;

/// Whether a text can be a hash: 64 hexadecimal digits. It becomes part of a path.
bool is_file_hash(const std::string& text);
/// Whether a text can name a data set or one of its files: no path leads out of a directory.
bool is_file_name(const std::string& text);

/// The part that was asked for. What is not there, or not of that hash, is a failure: cluster.no_such_file,
/// cluster.bad_name, cluster.io.
events::FilePartT read_part(const FilePlaces& places, const events::FileAskedT& asked);

/// Answers on a thread of its own: the disk may take its time. Must end before the link's transport.
class FileServer {
 public:
  FileServer(Link& link, FilePlaces places);
  ~FileServer();

 private:
  struct Asked {
    PeerNumber peer;
    events::FileAskedT what;
  };
  void run();

  Link& link_;
  FilePlaces places_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Asked> asked_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace automodel::cluster
