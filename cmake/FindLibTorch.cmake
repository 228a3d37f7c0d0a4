# Debian's TorchConfig.cmake drags in the private dependencies that LibTorch was built with; these three libraries are all that
# we call. Gives LibTorch::torch.
find_path(LibTorch_INCLUDE_DIR torch/script.h)
find_path(LibTorch_API_INCLUDE_DIR torch/torch.h PATH_SUFFIXES torch/csrc/api/include)
find_library(LibTorch_torch_LIBRARY torch)
find_library(LibTorch_cpu_LIBRARY torch_cpu)
find_library(LibTorch_c10_LIBRARY c10)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_cpu_LIBRARY
  LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR)
if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  add_library(LibTorch::torch INTERFACE IMPORTED)
  set_target_properties(LibTorch::torch PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LibTorch_INCLUDE_DIR};${LibTorch_API_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${LibTorch_torch_LIBRARY};${LibTorch_cpu_LIBRARY};${LibTorch_c10_LIBRARY}")
endif()
