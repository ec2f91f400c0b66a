include(CatflapStatic)

# Builds a module from its folder: `catflap_module()` in harness/<module>/CMakeLists.txt is all a module needs.
#
#   *.cpp           the library catflap_<module>, linked with what harness/modules.txt names and with LINK
#   *_test.cpp      the test <module>_test, label "unit"
#   *.hpp           verified to be self-contained (CMAKE_VERIFY_INTERFACE_HEADER_SETS)

file(STRINGS "${CMAKE_SOURCE_DIR}/harness/modules.txt" CATFLAP_MODULE_LINES REGEX "^[a-z]")
set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/harness/modules.txt")

# All unit tests: what the sanitizer presets build.
add_custom_target(unit_tests)

function(catflap_module_dependencies module out)
  foreach(line IN LISTS CATFLAP_MODULE_LINES)
    separate_arguments(words UNIX_COMMAND "${line}")
    list(POP_FRONT words name purity)
    if(name STREQUAL module)
      set(${out} "${words}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "module ${module} is not in harness/modules.txt")
endfunction()

function(catflap_target_name module out)
  string(REPLACE "/" "_" flat "${module}")
  set(${out} "catflap_${flat}" PARENT_SCOPE)
endfunction()

# catflap_module([LINK library...]): LINK names third-party libraries, private to the module's .cpp files.
function(catflap_module)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(RELATIVE_PATH module "${CMAKE_SOURCE_DIR}/harness" "${CMAKE_CURRENT_SOURCE_DIR}")
  catflap_module_dependencies("${module}" dependencies)
  catflap_target_name("${module}" target)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  file(GLOB headers CONFIGURE_DEPENDS *.hpp)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()

  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE catflap_options ${ARG_LINK})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${CMAKE_SOURCE_DIR}/harness")
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/harness" FILES ${headers})
  target_link_libraries(${target} ${scope} $<IF:$<BOOL:$<TARGET_PROPERTY:CATFLAP_STATIC>>,catflap_fmt_static,fmt::fmt>)
  foreach(dependency IN LISTS dependencies)
    catflap_target_name("${dependency}" name)
    target_link_libraries(${target} ${scope} ${name})
  endforeach()

  if(tests AND CATFLAP_TESTS)
    string(REPLACE "/" "_" flat "${module}")
    add_executable(${flat}_test ${tests})
    target_link_libraries(${flat}_test PRIVATE ${target} catflap_options ${ARG_LINK} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${flat}_test PRIVATE CATFLAP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    if(CATFLAP_FUZZ)
      target_compile_options(${flat}_test PRIVATE -O0)  # only what is under test is worth the optimiser's time
    endif()
    add_test(NAME ${flat}_test COMMAND ${flat}_test)
    set_tests_properties(${flat}_test PROPERTIES LABELS unit TIMEOUT 120)
    add_dependencies(unit_tests ${flat}_test)
  endif()
endfunction()

# catflap_program(NAME): an executable of apps/, put into build/<preset>/bin.
function(catflap_program name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(RELATIVE_PATH module "${CMAKE_SOURCE_DIR}/harness" "${CMAKE_CURRENT_SOURCE_DIR}")
  catflap_module_dependencies("${module}" dependencies)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  target_link_libraries(${name} PRIVATE catflap_options ${ARG_LINK})
  foreach(dependency IN LISTS dependencies)
    catflap_target_name("${dependency}" target)
    target_link_libraries(${name} PRIVATE ${target})
  endforeach()
endfunction()
