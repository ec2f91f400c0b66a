# Tests that run labs, as ctest tests: label "netns", skipped (not failed) where the machine cannot run them.

set(CATFLAP_LAB_TEST_TIMEOUT 120 CACHE STRING "seconds until a test that runs labs is given up")

# What programs that bring labs up find by environment: our speaker, and the folder of the topologies.
function(catflap_lab_environment out)
  set(${out} "CATFLAP_BGPD=$<TARGET_FILE:catflap-bgpd>" "CATFLAP_TOPOLOGY_PATH=${CMAKE_SOURCE_DIR}/topologies"
    PARENT_SCOPE)
endfunction()

# catflap_discover_tests(TARGET): every test of a GoogleTest program as a test of its own; see catflap/gtest.hpp.
# Each brings its lab up by itself, so they are independent and can run side by side.
function(catflap_discover_tests target)
  include(GoogleTest)
  catflap_lab_environment(environment)
  # The environment is set by a launcher: generator expressions do not reach properties of discovered tests.
  set_property(TARGET ${target} PROPERTY CROSSCOMPILING_EMULATOR "${CMAKE_COMMAND};-E;env;${environment}")
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${target}."
    PROPERTIES LABELS netns TIMEOUT ${CATFLAP_LAB_TEST_TIMEOUT})
endfunction()

# catflap_add_scenarios(FILE... [PREFIX prefix] [LABELS label...]): each topology file, with all speakers of its
# matrix, as a test `scenario.<name of the file>`. Patterns such as dir/*.yaml are expanded.
function(catflap_add_scenarios)
  cmake_parse_arguments(ARG "" "PREFIX" "LABELS" ${ARGN})
  if(NOT DEFINED ARG_PREFIX)
    set(ARG_PREFIX "scenario.")
  endif()
  set(labels netns ${ARG_LABELS})
  catflap_lab_environment(environment)
  foreach(pattern IN LISTS ARG_UNPARSED_ARGUMENTS)
    file(GLOB files CONFIGURE_DEPENDS "${pattern}")
    if(NOT files)
      message(FATAL_ERROR "catflap_add_scenarios: no file ${pattern}")
    endif()
    foreach(file IN LISTS files)
      cmake_path(GET file STEM name)
      add_test(NAME "${ARG_PREFIX}${name}" COMMAND catflap test "${file}" --matrix)
      set_tests_properties("${ARG_PREFIX}${name}" PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77
        TIMEOUT ${CATFLAP_LAB_TEST_TIMEOUT} ENVIRONMENT "${environment}")
    endforeach()
  endforeach()
endfunction()
