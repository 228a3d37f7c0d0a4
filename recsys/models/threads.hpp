// How many threads compute, in the whole process.
#pragma once

#include <cstdint>

namespace automodel::recsys {

/// Memory that is given back stays with the process, up to 512 MB: the tensors of a step are as large as
/// those of the one before, and the system would hand out fresh pages each time. To be called at the start of
/// a program.
void keep_memory();

/// LibTorch and OpenBLAS use so many from here on, made now. To be called before the process's memory is
/// limited: LibTorch waits for ever for a thread whose stack the system refuses.
void make_threads(std::uint32_t threads);

}  // namespace automodel::recsys
