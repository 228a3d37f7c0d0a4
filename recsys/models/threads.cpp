#include "recsys/models/threads.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>

namespace automodel::recsys {

namespace {

/// A function of the system's BLAS, where that is OpenBLAS.
template <class F>
F of_openblas(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void keep_memory() {
  constexpr int kKept = 512 << 20, kInOnePiece = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, kInOnePiece);
  mallopt(M_TRIM_THRESHOLD, kKept);
}

void make_threads(std::uint32_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // LibTorch reaches BLAS through the system's libblas; only OpenBLAS has this knob and a pool of its own.
  if (const auto set = of_openblas<void (*)(int)>("openblas_set_num_threads")) set(static_cast<int>(threads));
}

}  // namespace automodel::recsys
