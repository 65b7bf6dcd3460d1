# tutti_module(name LINKS module-or-library... [NOT_INSTALLED])
#
# A folder of src/ as the object library tutti_<name>. LINKS names all that its code may use: modules
# by their short names, everything else as CMake targets or libraries. Sources are found by looking;
# a folder without any is an empty module. NOT_INSTALLED keeps it out of libtutti.

set_property(GLOBAL PROPERTY tutti_modules "")
set_property(GLOBAL PROPERTY tutti_installed_modules "")

function(tutti_module name)
  cmake_parse_arguments(ARG "NOT_INSTALLED" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp ${PROJECT_SOURCE_DIR}/src/${name}/*/*.cpp)
  if(NOT sources)
    set(sources ${PROJECT_BINARY_DIR}/generated/empty_${name}.cpp)
    file(CONFIGURE OUTPUT ${sources} CONTENT "")
  endif()
  add_library(tutti_${name} OBJECT ${sources})
  tutti_own_target(tutti_${name})
  target_include_directories(tutti_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

  get_property(known GLOBAL PROPERTY tutti_modules)
  set(closure ${name})
  foreach(link IN LISTS ARG_LINKS)
    if(link IN_LIST known)
      # Only the arrow is noted: what a lower module uses inside stays invisible to those above it.
      get_target_property(lower tutti_${link} TUTTI_CLOSURE)
      list(APPEND closure ${lower})
    else()
      target_link_libraries(tutti_${name} PRIVATE ${link})
      set_property(TARGET tutti_${name} APPEND PROPERTY TUTTI_THIRD_PARTY ${link})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set_property(TARGET tutti_${name} PROPERTY TUTTI_CLOSURE ${closure})
  set_property(GLOBAL APPEND PROPERTY tutti_modules ${name})
  if(NOT ARG_NOT_INSTALLED)
    set_property(GLOBAL APPEND PROPERTY tutti_installed_modules ${name})
  endif()
endfunction()

# tutti_link_modules(target module...): puts the objects of these modules, and of all below them, into
# `target`, with the libraries that those need. Links nothing else of tutti.
function(tutti_link_modules target)
  set(closure "")
  foreach(module IN LISTS ARGN)
    get_target_property(lower tutti_${module} TUTTI_CLOSURE)
    list(APPEND closure ${lower})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  foreach(module IN LISTS closure)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:tutti_${module}>)
    get_target_property(libraries tutti_${module} TUTTI_THIRD_PARTY)
    if(libraries)
      target_link_libraries(${target} PRIVATE ${libraries})
    endif()
  endforeach()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
endfunction()
