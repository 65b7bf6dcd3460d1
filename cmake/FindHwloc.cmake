# Hwloc::hwloc: the library that knows the machine's cores and caches.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND AND NOT HWLOC_ROOT)
  pkg_check_modules(PC_HWLOC QUIET hwloc)
endif()
find_path(Hwloc_INCLUDE_DIR hwloc.h HINTS ${HWLOC_ROOT} ${PC_HWLOC_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(Hwloc_LIBRARY hwloc HINTS ${HWLOC_ROOT} ${PC_HWLOC_LIBRARY_DIRS} PATH_SUFFIXES lib lib64)
mark_as_advanced(Hwloc_INCLUDE_DIR Hwloc_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hwloc REQUIRED_VARS Hwloc_LIBRARY Hwloc_INCLUDE_DIR)

if(Hwloc_FOUND AND NOT TARGET Hwloc::hwloc)
  add_library(Hwloc::hwloc UNKNOWN IMPORTED)
  set_target_properties(Hwloc::hwloc PROPERTIES
    IMPORTED_LOCATION ${Hwloc_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Hwloc_INCLUDE_DIR})
endif()
