#include "storage/moves/recent_replies.hpp"

namespace automodel::storage {

void RecentReplies::begin(const std::string& stream, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  streams_[stream] = {version, {}};
}

void RecentReplies::end(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void RecentReplies::note(const std::string& stream, const std::string& sender, std::uint64_t number,
                         std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  if (const auto at = streams_.find(stream); at != streams_.end())
    at->second.replies.push_back({sender, number, version});
}

std::optional<std::vector<RecentReplies::Reply>> RecentReplies::since(const std::string& stream,
                                                                      std::uint64_t after) const {
  const std::lock_guard lock(mutex_);
  const auto at = streams_.find(stream);
  if (at == streams_.end() || after < at->second.begun) return std::nullopt;
  std::vector<Reply> found;
  for (auto reply = at->second.replies.rbegin(); reply != at->second.replies.rend(); ++reply) {
    if (reply->version < after) break;  // versions only grow
    found.push_back(*reply);
  }
  return found;
}

}  // namespace automodel::storage
