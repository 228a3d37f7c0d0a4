# How every target of ours is built: one place for warnings, sanitizers and the include root.

add_library(automodel_options INTERFACE)
target_include_directories(automodel_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(automodel_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Optimising, g++ 12 warns of strings that are fine: GCC bugs 105329, 105651, 105562.
  target_compile_options(automodel_options INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(AUTOMODEL_SANITIZE STREQUAL "address")
  # CAF 0.17 forms null references in init_fun_factory.hpp: hence no-sanitize=null.
  set(flags -fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
elseif(AUTOMODEL_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread -fno-omit-frame-pointer -O1 -g1)
elseif(AUTOMODEL_FUZZ)
  # The libraries too: the fuzzer steers by the branches that it sees taken.
  set(flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
endif()
if(flags)
  target_compile_options(automodel_options INTERFACE ${flags})
  target_link_options(automodel_options INTERFACE ${flags})
endif()

# The generated value types are slow to parse: whoever reads events shares the one precompiled header of automodel_events.
function(automodel_reuse_events_header target)
  target_precompile_headers(${target} REUSE_FROM automodel_events)
endfunction()

# automodel_library(NAME [READS_EVENTS] SOURCES … LINK …): a static library of ours, called automodel::NAME.
function(automodel_library name)
  cmake_parse_arguments(arg "READS_EVENTS" "" "SOURCES;LINK" ${ARGN})
  add_library(automodel_${name} STATIC ${arg_SOURCES})
  if(AUTOMODEL_SANITIZE STREQUAL "thread")
    set_target_properties(automodel_${name} PROPERTIES EXCLUDE_FROM_ALL ON)  # built for the threaded tests that link it
  endif()
  add_library(automodel::${name} ALIAS automodel_${name})
  target_link_libraries(automodel_${name} PUBLIC automodel_options ${arg_LINK})
  if(arg_READS_EVENTS)
    automodel_reuse_events_header(automodel_${name})
  endif()
endfunction()

# automodel_test(NAME [READS_EVENTS] [THREADED] SOURCES … LINK … [TIMEOUT seconds] [LABELS …]): a Boost.Test program run
# by ctest. Under the thread sanitizer only THREADED ones are built and run: the others have one thread.
function(automodel_test name)
  cmake_parse_arguments(arg "READS_EVENTS;THREADED" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(test_${name} $<TARGET_OBJECTS:automodel_test_main> ${arg_SOURCES})
  target_compile_definitions(test_${name} PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(test_${name} PRIVATE automodel_options Boost::unit_test_framework ${arg_LINK})
  if(arg_READS_EVENTS)
    automodel_reuse_events_header(test_${name})
  endif()
  if(AUTOMODEL_SANITIZE STREQUAL "thread" AND NOT arg_THREADED)
    set_target_properties(test_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  add_test(NAME ${name} COMMAND test_${name} --log_level=test_suite --color_output=no)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
