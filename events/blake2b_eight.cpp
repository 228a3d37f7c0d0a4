// Compiled for AVX-512, which also rotates in one instruction.
#include "events/blake2b_lanes.hpp"

namespace automodel::events::lanes {

typedef uint64_t Eight __attribute__((vector_size(64)));

void hash_eight_at_a_time(const Job& job) { Lanes<Eight>(job).run(); }

}  // namespace automodel::events::lanes
