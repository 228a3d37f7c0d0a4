# Debian's libcaf-dev has no CMake package. Gives Caf::core, and Caf::io (its own remote actors: benchmarks compare with them).
find_path(Caf_INCLUDE_DIR caf/actor_system.hpp)
find_library(Caf_core_LIBRARY caf_core)
find_library(Caf_io_LIBRARY caf_io)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Caf REQUIRED_VARS Caf_core_LIBRARY Caf_io_LIBRARY Caf_INCLUDE_DIR)
if(Caf_FOUND AND NOT TARGET Caf::core)
  find_package(Threads REQUIRED)
  add_library(Caf::core UNKNOWN IMPORTED)
  set_target_properties(Caf::core PROPERTIES IMPORTED_LOCATION ${Caf_core_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${Caf_INCLUDE_DIR} INTERFACE_LINK_LIBRARIES Threads::Threads)
  add_library(Caf::io UNKNOWN IMPORTED)
  set_target_properties(Caf::io PROPERTIES IMPORTED_LOCATION ${Caf_io_LIBRARY} INTERFACE_LINK_LIBRARIES Caf::core)
endif()
