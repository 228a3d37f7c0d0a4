// What files of history are made of: frames, that is a kind (1 byte), a length (4 bytes), that many bytes.
// Numbers are little endian. Private to storage/.
#pragma once

#include <string>
#include <string_view>

#include "events/codec.hpp"

namespace automodel::storage::frames {

inline constexpr char header = 'h', record = 'e', end = 'z';  // of binary exports and of segments
inline constexpr char block = 'b', index = 'i';               // of segments alone
inline constexpr std::size_t head_bytes = 1 + 4;
inline constexpr std::size_t header_bytes = 8 + 8 + 32;  // before the node's name
inline constexpr std::size_t end_bytes = 8 + 32;
inline constexpr std::size_t max_node_bytes = 4096;

void put_number(std::string& out, std::uint64_t value, int width);
void put_hash(std::string& out, const events::Hash256& hash);
/// `bytes` must reach so far.
std::uint64_t number_at(events::ByteView bytes, std::size_t at, std::size_t width);
events::Hash256 hash_at(events::ByteView bytes, std::size_t at);

std::string head(char kind, std::uint64_t length);
std::string frame(char kind, std::string_view content);
/// Which events follow, the commit before the first of them, and whose they are.
std::string header_frame(std::uint64_t first, std::uint64_t last, const events::Hash256& commit_before,
                         std::string_view node);
std::string end_frame(std::uint64_t last, const events::Hash256& commit_hash);

}  // namespace automodel::storage::frames
