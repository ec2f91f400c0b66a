# catflap_command_line_tests(FILE...): each pytest file as a test. They drive the programs as a user does, in namespaces
# of their own (isolated.sh), with Debian's Python.
find_program(CATFLAP_SYSTEM_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
set(CATFLAP_COMMAND_LINE_TESTS "${CMAKE_CURRENT_LIST_DIR}")

function(catflap_command_line_tests)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME area)
  foreach(file IN LISTS ARGN)
    cmake_path(GET file STEM name)
    set(name "${area}.${name}")
    if(NOT CATFLAP_SYSTEM_PYTHON)
      add_test(NAME "${name}" COMMAND "${CMAKE_COMMAND}" -E echo "skipped: no /usr/bin/python3")
      set_tests_properties("${name}" PROPERTIES LABELS netns SKIP_REGULAR_EXPRESSION "^skipped")
      continue()
    endif()
    add_test(NAME "${name}" COMMAND "${CATFLAP_COMMAND_LINE_TESTS}/isolated.sh" "${CATFLAP_SYSTEM_PYTHON}" -m pytest
      -q -p no:cacheprovider "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    set_tests_properties("${name}" PROPERTIES LABELS netns TIMEOUT 120 SKIP_RETURN_CODE 77 ENVIRONMENT
      "CATFLAP_BIN=$<TARGET_FILE_DIR:catflap>;PYTHONPATH=${CATFLAP_COMMAND_LINE_TESTS};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
