#include "events/blake2b_many.hpp"

#include <sodium.h>

#include <stdexcept>

namespace automodel::events::lanes {

namespace {

HashMany chosen() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
#ifdef __x86_64__
  if (has_eight()) return hash_eight_at_a_time;
  if (has_four()) return hash_four_at_a_time;
#endif
  return hash_one_at_a_time;
}

}  // namespace

void hash_one_at_a_time(const Job& job) {
  for (size_t i = 0; i < job.count; ++i)
    crypto_generichash(job.hashes + 32 * i, 32, job.messages[i].data, job.messages[i].size, nullptr, 0);
}

#ifdef __x86_64__
bool has_four() { return __builtin_cpu_supports("avx2"); }
bool has_eight() { return __builtin_cpu_supports("avx512f"); }
#endif

HashMany widest() {
  static const HashMany one = chosen();
  return one;
}

}  // namespace automodel::events::lanes
