#include "actors/runtime/stored_reply.hpp"

namespace automodel::actors {

namespace {

// A packed table takes more than this.
constexpr std::size_t most_plain_bytes = 7;

}  // namespace

events::Bytes pack_reply(const events::ReplyT& reply) {
  const bool plain = reply.accepted && !reply.failure && reply.subject.empty() && !reply.stop;
  if (!plain || reply.version >> (8 * most_plain_bytes) != 0) return events::pack(reply);
  events::Bytes bytes;  // the version, the lowest byte first, without zeros behind it
  for (std::uint64_t version = reply.version; version > 0; version >>= 8)
    bytes.push_back(static_cast<std::uint8_t>(version));
  return bytes;
}

Result<events::ReplyT> unpack_reply(events::ByteView bytes) {
  if (bytes.size() > most_plain_bytes) return events::unpack<events::ReplyT>(bytes);
  events::ReplyT reply;
  reply.accepted = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) reply.version |= std::uint64_t{bytes[i]} << (8 * i);
  return reply;
}

}  // namespace automodel::actors
