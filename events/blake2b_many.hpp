// Many hashes at once. Private to events/.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace automodel::events::lanes {

struct Message {
  const uint8_t* data;
  size_t size;
};

/// `hashes` has room for 32 bytes for each message, in their order.
struct Job {
  const Message* messages;
  size_t count;
  uint8_t* hashes;
};

/// BLAKE2b-256, without a key, of every message. libsodium's, one after the other.
void hash_one_at_a_time(const Job& job);

#ifdef __x86_64__
/// The same beside each other, where the processor can: AVX2, AVX-512.
void hash_four_at_a_time(const Job& job);
void hash_eight_at_a_time(const Job& job);
bool has_four();
bool has_eight();
#endif

/// The fastest of these on this processor.
using HashMany = void (*)(const Job&);
HashMany widest();

}  // namespace automodel::events::lanes
