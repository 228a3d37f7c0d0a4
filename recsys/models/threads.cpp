#include "recsys/models/threads.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace automodel::recsys {

void make_threads(std::uint32_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // LibTorch reaches BLAS through the system's libblas; only OpenBLAS has this knob and a pool of its own.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(static_cast<int>(threads));
}

}  // namespace automodel::recsys
