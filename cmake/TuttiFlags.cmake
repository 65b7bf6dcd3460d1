# tutti_flags: language, warnings, sanitizers and code generation for our own targets. Never exported.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

find_program(TUTTI_CCACHE ccache)
if(TUTTI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache needs to work with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TUTTI_CCACHE})
endif()

add_library(tutti_flags INTERFACE)
# Everything is compiled position independent in the same way, so that library, tests and programs
# can share one set of precompiled headers. -ffp-contract=off keeps results equal on every machine.
target_compile_options(tutti_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fPIC -fno-semantic-interposition -ffp-contract=off -pthread)
target_link_options(tutti_flags INTERFACE -pthread)

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # When it optimises, GCC 12 reports copies inside std::string that do not exist (GCC bug 105651).
  target_compile_options(tutti_flags INTERFACE
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(TUTTI_SANITIZE STREQUAL "address+undefined")
  set(tutti_sanitize_options -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(TUTTI_SANITIZE STREQUAL "thread")
  set(tutti_sanitize_options -fsanitize=thread)
elseif(NOT TUTTI_SANITIZE STREQUAL "")
  message(FATAL_ERROR "TUTTI_SANITIZE is '${TUTTI_SANITIZE}': use address+undefined, thread or nothing.")
endif()
if(TUTTI_SANITIZE)
  target_compile_options(tutti_flags INTERFACE ${tutti_sanitize_options} -fno-omit-frame-pointer)
  target_link_options(tutti_flags INTERFACE ${tutti_sanitize_options})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With instrumentation GCC 12 loses track of what is initialised.
    target_compile_options(tutti_flags INTERFACE
      -Wno-maybe-uninitialized -Wno-tsan)
  endif()
endif()

if(TUTTI_BUILD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "TUTTI_BUILD_FUZZ needs clang: use the preset 'fuzz'.")
  endif()
  target_compile_options(tutti_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# One precompiled set of standard headers for all our targets. It holds nothing else: no module may
# see through it what it may not include.
if(TUTTI_PRECOMPILED_HEADERS)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/precompiled.cpp CONTENT "")
  add_library(tutti_precompiled OBJECT ${PROJECT_BINARY_DIR}/generated/precompiled.cpp)
  target_link_libraries(tutti_precompiled PRIVATE tutti_flags)
  target_precompile_headers(tutti_precompiled PRIVATE
    <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <cstring> <deque> <functional> <limits>
    <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <stdexcept> <string>
    <string_view> <thread> <tuple> <type_traits> <unordered_map> <utility> <variant> <vector>)
endif()

if(TUTTI_SANITIZE)
  add_library(tutti_keep_libraries OBJECT ${PROJECT_SOURCE_DIR}/tests/support/keep_libraries.cpp)
endif()

# Applies our flags, and the precompiled headers, to `target`.
function(tutti_own_target target)
  target_link_libraries(${target} PRIVATE tutti_flags)
  get_target_property(type ${target} TYPE)
  if(TUTTI_SANITIZE AND type STREQUAL EXECUTABLE)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:tutti_keep_libraries>)
  endif()
  if(TUTTI_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM tutti_precompiled)
  endif()
endfunction()
