# Debian's libcaf-dev has no CMake package. Gives Caf::core.
find_path(Caf_INCLUDE_DIR caf/actor_system.hpp)
find_library(Caf_core_LIBRARY caf_core)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Caf REQUIRED_VARS Caf_core_LIBRARY Caf_INCLUDE_DIR)
if(Caf_FOUND AND NOT TARGET Caf::core)
  find_package(Threads REQUIRED)
  add_library(Caf::core UNKNOWN IMPORTED)
  set_target_properties(Caf::core PROPERTIES IMPORTED_LOCATION ${Caf_core_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${Caf_INCLUDE_DIR} INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
