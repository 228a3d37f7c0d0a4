# Debian's md4cConfig.cmake insists on the HTML library, which its own package does not install. Gives Md4c::md4c.
find_path(Md4c_INCLUDE_DIR md4c.h)
find_library(Md4c_LIBRARY md4c)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Md4c REQUIRED_VARS Md4c_LIBRARY Md4c_INCLUDE_DIR)
if(Md4c_FOUND AND NOT TARGET Md4c::md4c)
  add_library(Md4c::md4c UNKNOWN IMPORTED)
  set_target_properties(Md4c::md4c PROPERTIES IMPORTED_LOCATION ${Md4c_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${Md4c_INCLUDE_DIR})
endif()
