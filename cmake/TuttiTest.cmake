# The ways to add a test. All take LABEL (more than one is allowed), ENV name=value..., TIMEOUT seconds.
#
#   tutti_test(name LABEL unit SOURCES a.cpp ... [MODULES scheduler ...] [MAIN] [RANKS 1 2 4])
#       A program. MODULES: it is made of these modules and all below them; without, it links
#       tutti::tutti. MAIN: adds doctest's main(). RANKS: it is started by mpirun, once for each
#       number, as name_<ranks>, and finds the number in TUTTI_TEST_RANKS.
#   tutti_script_test(name LABEL mpi SCRIPT x.sh [ARGS ...])
#       A shell script. It finds TUTTI_TEST_SOURCE_DIR, TUTTI_TEST_PROGRAMS_DIR, TUTTI_TEST_BIN_DIR and TUTTI_TEST_MPIRUN
#       in its environment; exit code 77 means that it cannot run here and was skipped.
#
# A source or script can state its own settings, in lines of its first comment:
#   // test ranks: 2 4        // test timeout: 120        // test labels: slow
#   // test env: NAME=value OTHER=value                   // test skip: why
#   # test fixture: slurm_cluster   (scripts) what tests/CMakeLists.txt sets up; one test uses it at a time

set(TUTTI_TEST_MPIRUN ${PROJECT_SOURCE_DIR}/scripts/lib/mpirun.sh)
set(TUTTI_TEST_BIN_DIR ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tests)
if(TUTTI_SANITIZE)
  set(tutti_timeout_factor 6)
else()
  set(tutti_timeout_factor 1)
endif()
set(tutti_suppressions ${PROJECT_SOURCE_DIR}/tests/support)
set(tutti_sanitizer_environment
  "ASAN_OPTIONS=detect_stack_use_after_return=1:abort_on_error=0:handle_abort=0"
  "LSAN_OPTIONS=suppressions=${tutti_suppressions}/lsan.supp:print_suppressions=0"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=suppressions=${tutti_suppressions}/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=1")

# Reads what `file` states about itself under `key`, as a list, into `variable`; else leaves it alone.
function(tutti_test_setting file key variable)
  file(STRINGS ${file} lines REGEX "^(//|#) test ${key}: " LIMIT_INPUT 4000)
  if(lines)
    list(GET lines 0 line)
    string(REGEX REPLACE "^(//|#) test ${key}: *" "" value "${line}")
    string(REGEX REPLACE "[ ,]+" ";" value "${value}")
    set(${variable} ${value} PARENT_SCOPE)
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

# What all tests have in common.
function(tutti_test_properties name)
  cmake_parse_arguments(ARG "" "TIMEOUT;PROCESSORS" "LABEL;ENV" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_PROCESSORS)
    set(ARG_PROCESSORS 1)
  endif()
  math(EXPR seconds "${ARG_TIMEOUT} * ${tutti_timeout_factor}")
  math(EXPR last_resort "${seconds} + 30")
  set(environment ${ARG_ENV} TUTTI_TEST_TIMEOUT=${seconds})
  if(TUTTI_SANITIZE)
    list(APPEND environment ${tutti_sanitizer_environment})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" ENVIRONMENT "${environment}"
    TIMEOUT ${last_resort} PROCESSORS ${ARG_PROCESSORS} SKIP_RETURN_CODE 77)
endfunction()

# Registers `command...` under mpirun once for each rank count; the first count above one is the
# test's part in sanitizer runs.
function(tutti_add_mpi_tests name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABEL;ENV;RANKS;COMMAND" ${ARGN})
  set(sanitized FALSE)
  foreach(ranks IN LISTS ARG_RANKS)
    set(labels ${ARG_LABEL})
    if(ranks GREATER 1 AND NOT sanitized)
      list(APPEND labels san)
      set(sanitized TRUE)
    endif()
    add_test(NAME ${name}_${ranks} COMMAND ${TUTTI_TEST_MPIRUN} -n ${ranks} ${ARG_COMMAND})
    tutti_test_properties(${name}_${ranks} LABEL ${labels} TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ranks}
      ENV ${ARG_ENV} TUTTI_TEST_RANKS=${ranks})
  endforeach()
endfunction()

# A program for tests that is no test itself.
function(tutti_test_program name)
  cmake_parse_arguments(ARG "MAIN" "" "SOURCES;MODULES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  tutti_own_target(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${TUTTI_TEST_BIN_DIR})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  if(ARG_MODULES)
    tutti_link_modules(${name} ${ARG_MODULES})
  else()
    target_link_libraries(${name} PRIVATE tutti::tutti fmt::fmt tsl::robin_map)
  endif()
  target_link_libraries(${name} PRIVATE doctest::doctest)
  if(ARG_MAIN)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:tutti_unit_main>)
  endif()
endfunction()

function(tutti_test name)
  cmake_parse_arguments(ARG "MAIN" "TIMEOUT" "LABEL;SOURCES;MODULES;RANKS;ENV" ${ARGN})
  set(skip "")
  set(labels "")
  set(env "")
  list(GET ARG_SOURCES 0 source)
  foreach(setting IN ITEMS skip labels env)
    tutti_test_setting(${source} ${setting} ${setting})
  endforeach()
  tutti_test_setting(${source} ranks ARG_RANKS)
  tutti_test_setting(${source} timeout ARG_TIMEOUT)
  set(main "")
  if(ARG_MAIN)
    set(main MAIN)
  endif()
  tutti_test_program(${name} ${main} SOURCES ${ARG_SOURCES} MODULES ${ARG_MODULES})
  if(skip)
    return()
  endif()
  if(ARG_RANKS)
    tutti_add_mpi_tests(${name} LABEL ${ARG_LABEL} ${labels} RANKS ${ARG_RANKS}
      ENV ${ARG_ENV} ${env} TIMEOUT ${ARG_TIMEOUT} COMMAND $<TARGET_FILE:${name}>)
  else()
    add_test(NAME ${name} COMMAND ${name})
    tutti_test_properties(${name} LABEL ${ARG_LABEL} ${labels} ENV ${ARG_ENV} ${env}
      TIMEOUT ${ARG_TIMEOUT})
  endif()
endfunction()

function(tutti_script_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;SCRIPT;PROCESSORS" "LABEL;ARGS;ENV" ${ARGN})
  set(skip "")
  set(labels "")
  set(env "")
  foreach(setting IN ITEMS skip labels env)
    tutti_test_setting(${ARG_SCRIPT} ${setting} ${setting})
  endforeach()
  tutti_test_setting(${ARG_SCRIPT} timeout ARG_TIMEOUT)
  set(fixture "")
  tutti_test_setting(${ARG_SCRIPT} fixture fixture)
  if(skip)
    return()
  endif()
  if(NOT ARG_PROCESSORS)
    set(ARG_PROCESSORS 4)
  endif()
  add_test(NAME ${name} COMMAND bash ${ARG_SCRIPT} ${ARG_ARGS}
           WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  tutti_test_properties(${name} LABEL ${ARG_LABEL} ${labels} TIMEOUT ${ARG_TIMEOUT}
    PROCESSORS ${ARG_PROCESSORS}
    ENV ${ARG_ENV} ${env} TUTTI_TEST_SOURCE_DIR=${PROJECT_SOURCE_DIR} TUTTI_TEST_MPIRUN=${TUTTI_TEST_MPIRUN}
        TUTTI_TEST_PROGRAMS_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY} TUTTI_TEST_BIN_DIR=${TUTTI_TEST_BIN_DIR})
  if(fixture)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED ${fixture} RESOURCE_LOCK ${fixture})
  endif()
endfunction()
