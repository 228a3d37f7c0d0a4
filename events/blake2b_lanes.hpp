// BLAKE2b of several messages beside each other, one in each lane of a vector (RFC 7693). Private to events/;
// included by a source file for each width, which is compiled for the processors that have it. Nothing of the
// standard library is used here: an inline function compiled for a newer processor could be the one that the
// linker keeps for all.
#pragma once

#include <stdint.h>
#include <string.h>

#include "events/blake2b_many.hpp"

namespace automodel::events::lanes {
namespace {

constexpr uint64_t iv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                            0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr uint8_t order[12][16] = {  // RFC 7693, section 2.7
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

/// As many messages as a vector of 64-bit words has lanes, hashed a block at a time; a lane that ends takes
/// the next message.
template <class Vector>
class Lanes {
 public:
  explicit Lanes(const Job& job) : job_(job) {
    for (int lane = 0; lane < Width; ++lane) {
      message_[lane] = none;
      take(lane);
    }
  }

  void run() {
    while (running_ > 0) {
      alignas(sizeof(Vector)) uint64_t counters[Width], finals[Width];
      const uint8_t* blocks[Width];
      for (int lane = 0; lane < Width; ++lane) blocks[lane] = next_block(lane, counters[lane], finals[lane]);
      compress(blocks, counters, finals);
      for (int lane = 0; lane < Width; ++lane)
        if (finals[lane] != 0 && message_[lane] != none) {
          give(lane);
          take(lane);
        }
    }
  }

 private:
  static constexpr int Width = sizeof(Vector) / 8;
  static constexpr size_t block_bytes = 128, none = ~size_t{0};

  void take(int lane) {
    const bool was_running = message_[lane] != none;
    message_[lane] = next_ < job_.count ? next_++ : none;
    running_ += (message_[lane] != none) - was_running;
    read_[lane] = 0;
    for (int i = 0; i < 8; ++i) state_[i][lane] = iv[i];
    state_[0][lane] ^= 0x01010000 ^ 32;  // no key, 32 bytes of hash
  }

  /// The lane's next block; the last one is filled up with zeros.
  const uint8_t* next_block(int lane, uint64_t& counter, uint64_t& final) {
    counter = final = 0;
    if (message_[lane] == none) return last_[lane];  // whatever is there: nobody asks for the result
    const Message& message = job_.messages[message_[lane]];
    const size_t left = message.size - read_[lane];
    const uint8_t* block = message.data + read_[lane];
    if (left <= block_bytes) {
      memset(last_[lane], 0, block_bytes);
      if (left > 0) memcpy(last_[lane], block, left);
      block = last_[lane];
      final = ~uint64_t{0};
    }
    read_[lane] += left < block_bytes ? left : block_bytes;
    counter = read_[lane];
    return block;
  }

  void give(int lane) {
    uint8_t* hash = job_.hashes + 32 * message_[lane];
    for (int i = 0; i < 4; ++i) {
      memcpy(hash + 8 * i, &state_[i][lane], 8);  // x86: little endian, as the hash is
    }
  }

  static Vector vector(const uint64_t* words) {
    Vector loaded;
    memcpy(&loaded, words, sizeof loaded);
    return loaded;
  }

  static Vector rotated(Vector x, int right) { return (x >> right) | (x << (64 - right)); }

  static void mix(Vector& a, Vector& b, Vector& c, Vector& d, Vector x, Vector y) {
    a = a + b + x;
    d = rotated(d ^ a, 32);
    c = c + d;
    b = rotated(b ^ c, 24);
    a = a + b + y;
    d = rotated(d ^ a, 16);
    c = c + d;
    b = rotated(b ^ c, 63);
  }

  /// RFC 7693, section 3.2, in every lane.
  void compress(const uint8_t* const* blocks, const uint64_t* counters, const uint64_t* finals) {
    Vector m[16], v[16];
    for (int word = 0; word < 16; ++word) {
      alignas(sizeof(Vector)) uint64_t words[Width];
      for (int lane = 0; lane < Width; ++lane) memcpy(&words[lane], blocks[lane] + 8 * word, 8);
      m[word] = vector(words);
    }
    for (int i = 0; i < 8; ++i) {
      v[i] = vector(state_[i]);
      v[i + 8] = Vector{} + iv[i];
    }
    v[12] ^= vector(counters);
    v[14] ^= vector(finals);
#pragma GCC unroll 12
    for (int round = 0; round < 12; ++round) {
      const uint8_t* s = order[round];
      mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
      mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
      mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
      mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
      mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
      mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
      mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
      mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; ++i) {
      const Vector mixed = vector(state_[i]) ^ v[i] ^ v[i + 8];
      memcpy(state_[i], &mixed, sizeof mixed);
    }
  }

  const Job job_;
  size_t next_ = 0;
  int running_ = 0;
  alignas(sizeof(Vector)) uint64_t state_[8][Width] = {};
  size_t message_[Width] = {};  // what each lane hashes
  size_t read_[Width] = {};     // how much of it
  uint8_t last_[Width][block_bytes] = {};
};

}  // namespace
}  // namespace automodel::events::lanes
