# Debian's libzmq3-dev has no CMake package of its own. Gives ZeroMq::zmq.
find_path(ZeroMq_INCLUDE_DIR zmq.hpp)
find_library(ZeroMq_LIBRARY zmq)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ZeroMq REQUIRED_VARS ZeroMq_LIBRARY ZeroMq_INCLUDE_DIR)
if(ZeroMq_FOUND AND NOT TARGET ZeroMq::zmq)
  add_library(ZeroMq::zmq UNKNOWN IMPORTED)
  set_target_properties(ZeroMq::zmq PROPERTIES IMPORTED_LOCATION ${ZeroMq_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${ZeroMq_INCLUDE_DIR})
endif()
