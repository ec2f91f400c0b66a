# catflap_link_statically(NAME): links a program with nothing but its own file, position independent as the others, if
# that works here: a third less time from exec to main, and no pages of shared libraries. Only what people run: tests and
# sanitizers want the usual libraries.
#
# Sets the property CATFLAP_STATIC of the program, by which modules choose a library, where there are two:
#   $<IF:$<BOOL:$<TARGET_PROPERTY:CATFLAP_STATIC>>,static,shared>

option(CATFLAP_STATIC "link catflap-bgpd statically in Release builds, where it can be done" ON)

find_library(CATFLAP_LIBNL_STATIC libnl-3.a)

# Sets CATFLAP_STATIC_WORKS.
function(catflap_check_static)
  if(DEFINED CATFLAP_STATIC_WORKS)
    return()
  endif()
  set(works OFF)
  if(CATFLAP_LIBNL_STATIC)
    find_package(PkgConfig REQUIRED)
    pkg_get_variable(include libnl-3.0 includedir)
    try_compile(works "${CMAKE_BINARY_DIR}/static_check"
      SOURCES "${CMAKE_SOURCE_DIR}/cmake/static/check.cpp" "${CMAKE_SOURCE_DIR}/cmake/static/fmt.cpp"
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${include}/libnl3" "-DCMAKE_POSITION_INDEPENDENT_CODE=ON"
      LINK_OPTIONS -static-pie
      LINK_LIBRARIES "${CATFLAP_LIBNL_STATIC}"
      CXX_STANDARD 20
      NO_CACHE)
  endif()
  if(NOT works)
    message(STATUS "catflap-bgpd is linked with shared libraries: a static program cannot be linked here")
  endif()
  set(CATFLAP_STATIC_WORKS "${works}" CACHE INTERNAL "a static program can be linked")
endfunction()

function(catflap_link_statically name)
  if(NOT CATFLAP_STATIC OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR CATFLAP_SANITIZE)
    return()
  endif()
  catflap_check_static()
  if(CATFLAP_STATIC_WORKS)
    if(NOT TARGET catflap_fmt_static)
      add_library(catflap_fmt_static STATIC "${CMAKE_SOURCE_DIR}/cmake/static/fmt.cpp")
    endif()
    set_target_properties(${name} PROPERTIES CATFLAP_STATIC ON)
    target_link_options(${name} PRIVATE -static-pie)
  endif()
endfunction()
