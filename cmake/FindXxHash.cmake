# XxHash::xxhash: fast hashes of contents.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND AND NOT XXHASH_ROOT)
  pkg_check_modules(PC_XXHASH QUIET libxxhash)
endif()
find_path(XxHash_INCLUDE_DIR xxhash.h HINTS ${XXHASH_ROOT} ${PC_XXHASH_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(XxHash_LIBRARY xxhash HINTS ${XXHASH_ROOT} ${PC_XXHASH_LIBRARY_DIRS} PATH_SUFFIXES lib lib64)
mark_as_advanced(XxHash_INCLUDE_DIR XxHash_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XxHash REQUIRED_VARS XxHash_LIBRARY XxHash_INCLUDE_DIR)

if(XxHash_FOUND AND NOT TARGET XxHash::xxhash)
  add_library(XxHash::xxhash UNKNOWN IMPORTED)
  set_target_properties(XxHash::xxhash PROPERTIES
    IMPORTED_LOCATION ${XxHash_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${XxHash_INCLUDE_DIR})
endif()
