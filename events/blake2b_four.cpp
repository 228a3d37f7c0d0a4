// Compiled for AVX2.
#include "events/blake2b_lanes.hpp"

namespace automodel::events::lanes {

typedef uint64_t Four __attribute__((vector_size(32)));

void hash_four_at_a_time(const Job& job) { Lanes<Four>(job).run(); }

}  // namespace automodel::events::lanes
