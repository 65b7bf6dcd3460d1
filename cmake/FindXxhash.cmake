# Xxhash::xxhash: fast checksums.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND AND NOT XXHASH_ROOT)
  pkg_check_modules(PC_XXHASH QUIET libxxhash)
endif()
find_path(Xxhash_INCLUDE_DIR xxhash.h HINTS ${XXHASH_ROOT} ${PC_XXHASH_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(Xxhash_LIBRARY xxhash HINTS ${XXHASH_ROOT} ${PC_XXHASH_LIBRARY_DIRS} PATH_SUFFIXES lib lib64)
mark_as_advanced(Xxhash_INCLUDE_DIR Xxhash_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Xxhash REQUIRED_VARS Xxhash_LIBRARY Xxhash_INCLUDE_DIR)

if(Xxhash_FOUND AND NOT TARGET Xxhash::xxhash)
  add_library(Xxhash::xxhash UNKNOWN IMPORTED)
  set_target_properties(Xxhash::xxhash PROPERTIES
    IMPORTED_LOCATION ${Xxhash_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Xxhash_INCLUDE_DIR})
endif()
