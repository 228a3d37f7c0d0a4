# cmake -DFLATC=… -DCURRENT=events/schema -DRELEASES=tests/golden/schemas -P conform.cmake
# Every schema must be an evolution of that of every release: flatc's own judgement.
file(GLOB released ${RELEASES}/*/*.fbs)
if(NOT released)
  message(FATAL_ERROR "no released schemas in ${RELEASES}")
endif()
set(broken "")
foreach(schema ${released})
  cmake_path(GET schema FILENAME name)
  execute_process(COMMAND ${FLATC} --conform ${schema} ${CURRENT}/${name}
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    string(APPEND broken "\n${CURRENT}/${name} does not conform to ${schema}: ${said}")
  endif()
endforeach()
if(broken)
  message(FATAL_ERROR "${broken}\nfields are only added, never renumbered or reused")
endif()
