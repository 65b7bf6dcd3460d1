# The tests `compile_fail_*`: `source` must not compile, and the compiler must say what the source expects
# in lines `// expect: words`. With `// expect success` it must compile: a twin that shows that the
# failure of its neighbours has the right reason.

cmake_minimum_required(VERSION 3.24)
set(arguments -I${source_dir}/include -I${source_dir}/src)
string(REPLACE "|" ";" includes "${includes}")
foreach(directory IN LISTS includes)
  # The system folder named again would come before the standard library that includes from it.
  if(directory AND NOT directory STREQUAL "/usr/include")
    list(APPEND arguments -isystem ${directory})
  endif()
endforeach()
execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only ${arguments} ${source}
  RESULT_VARIABLE code ERROR_VARIABLE words OUTPUT_QUIET)

file(STRINGS ${source} success REGEX "^// expect success")
if(success)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${source} must compile, but the compiler says:\n${words}")
  endif()
  return()
endif()
if(code EQUAL 0)
  message(FATAL_ERROR "${source} compiles, and must not.")
endif()
file(STRINGS ${source} expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "${source} does not state what it expects: add a line `// expect: words`.")
endif()
foreach(expectation IN LISTS expectations)
  string(REGEX REPLACE "^// expect: *" "" expectation "${expectation}")
  string(FIND "${words}" "${expectation}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${source} fails to compile, but not with the words\n  ${expectation}\nThe compiler says:\n${words}")
  endif()
endforeach()
