# ParallelHdf5::hdf5: the C libraries of HDF5, with its high-level part, as they were built for MPI.
#
# Looked for in HDF5_ROOT, then by pkg-config under the names that distributions and sites give it,
# then in the usual places. CMake's own FindHDF5 prefers the serial build where both are installed.

find_package(PkgConfig QUIET)
foreach(name IN ITEMS hdf5-openmpi hdf5-mpich hdf5-mpi hdf5)
  if(PkgConfig_FOUND AND NOT HDF5_ROOT AND NOT DEFINED ENV{HDF5_ROOT} AND NOT PC_HDF5_FOUND)
    pkg_check_modules(PC_HDF5 QUIET ${name})
  endif()
endforeach()

find_path(ParallelHdf5_INCLUDE_DIR hdf5.h
  HINTS ${HDF5_ROOT} ENV HDF5_ROOT ${PC_HDF5_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(ParallelHdf5_LIBRARY NAMES ${PC_HDF5_LIBRARIES} hdf5 hdf5_openmpi
  HINTS ${HDF5_ROOT} ENV HDF5_ROOT ${PC_HDF5_LIBRARY_DIRS} PATH_SUFFIXES lib lib64)
cmake_path(GET ParallelHdf5_LIBRARY PARENT_PATH folder)
find_library(ParallelHdf5_HIGH_LEVEL_LIBRARY NAMES hdf5_hl hdf5_openmpi_hl HINTS ${folder})
mark_as_advanced(ParallelHdf5_INCLUDE_DIR ParallelHdf5_LIBRARY ParallelHdf5_HIGH_LEVEL_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ParallelHdf5
  REQUIRED_VARS ParallelHdf5_LIBRARY ParallelHdf5_HIGH_LEVEL_LIBRARY ParallelHdf5_INCLUDE_DIR)

if(ParallelHdf5_FOUND AND NOT TARGET ParallelHdf5::hdf5)
  add_library(ParallelHdf5::hdf5 UNKNOWN IMPORTED)
  set_target_properties(ParallelHdf5::hdf5 PROPERTIES
    IMPORTED_LOCATION ${ParallelHdf5_HIGH_LEVEL_LIBRARY}
    INTERFACE_LINK_LIBRARIES ${ParallelHdf5_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ParallelHdf5_INCLUDE_DIR})
endif()
