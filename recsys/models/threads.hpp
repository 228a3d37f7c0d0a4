// How many threads compute, in the whole process.
#pragma once

#include <cstdint>

namespace automodel::recsys {

/// LibTorch and OpenBLAS use so many from here on, made now. To be called before the process's memory is
/// limited: LibTorch waits for ever for a thread whose stack the system refuses.
void make_threads(std::uint32_t threads);

}  // namespace automodel::recsys
