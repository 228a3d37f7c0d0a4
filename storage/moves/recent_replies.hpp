// The commands that agents on the move have answered since their moves began, so that what a part must hold
// of the inbox is found without reading all of it while the agent is frozen. Private to storage/.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace automodel::storage {

/// The writer notes, readers of any thread look.
class RecentReplies {
 public:
  struct Reply {
    std::string sender;
    std::uint64_t number = 0;
    std::uint64_t version = 0;
  };
  /// From here on what the stream answers, now at `version`, is remembered.
  void begin(const std::string& stream, std::uint64_t version);
  void end(const std::string& stream);
  /// Before the commit that makes it visible. One that is not committed does no harm: it is not found.
  void note(const std::string& stream, const std::string& sender, std::uint64_t number,
            std::uint64_t version);
  /// At version `after` and later; none where not all of them are remembered.
  std::optional<std::vector<Reply>> since(const std::string& stream, std::uint64_t after) const;

 private:
  struct Stream {
    std::uint64_t begun = 0;
    std::vector<Reply> replies;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace automodel::storage
