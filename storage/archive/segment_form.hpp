// Sizes and marks of segments' files: what their writer and reader must agree on. Private to
// storage/archive/.
#pragma once

#include <sodium.h>

#include <string_view>

#include "storage/frames.hpp"

namespace automodel::storage::segment_form {

inline constexpr std::string_view magic =
    "\x89"
    "AMS\r\n\x1a\n";
inline constexpr std::uint64_t version = 1;
inline constexpr std::size_t magic_bytes = 8 + 4;                 // with the version
inline constexpr std::size_t index_entry_bytes = 8 + 4 + 4 + 32;  // of a block
inline constexpr std::size_t tail_bytes = 8 + 32;                 // where the index is, the file's hash
inline constexpr std::size_t most_index_bytes = 256u << 20;
/// A block ends with the record that makes it so long. Larger ones compress little better, and one event
/// costs a whole block.
inline constexpr std::size_t block_bytes = 128u << 10;
inline constexpr std::size_t most_block_bytes = block_bytes + frames::head_bytes + events::max_message_bytes;

/// Over everything but the blocks, whose hashes are in the index.
class FileHash {
 public:
  FileHash() { crypto_generichash_init(&state_, nullptr, 0, 32); }
  void add(events::ByteView bytes) { crypto_generichash_update(&state_, bytes.data(), bytes.size()); }
  events::Hash256 finish() {
    events::Hash256 hash;
    crypto_generichash_final(&state_, hash.data(), hash.size());
    return hash;
  }

 private:
  crypto_generichash_state state_;
};

}  // namespace automodel::storage::segment_form
