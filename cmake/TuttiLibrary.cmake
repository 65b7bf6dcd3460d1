# tutti::tutti: the one library that is installed, made of the objects of all installed modules.

include(CMakePackageConfigHelpers)

add_library(tutti)
add_library(tutti::tutti ALIAS tutti)
get_property(tutti_installed_modules GLOBAL PROPERTY tutti_installed_modules)
foreach(module IN LISTS tutti_installed_modules)
  target_sources(tutti PRIVATE $<TARGET_OBJECTS:tutti_${module}>)
endforeach()
file(GLOB_RECURSE tutti_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tutti/*.hpp)
target_sources(tutti PUBLIC
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${tutti_headers})
target_compile_features(tutti PUBLIC cxx_std_20)
# Public headers use Boost.Serialization, and Boost.MPI where communicators are handed to the user.
target_link_libraries(tutti
  PUBLIC MPI::MPI_CXX Boost::mpi Boost::serialization Threads::Threads
  PRIVATE ParallelHdf5::hdf5 Hwloc::hwloc Xxhash::xxhash fmt::fmt ${CMAKE_DL_LIBS} $<BUILD_INTERFACE:tutti_flags>)
set_target_properties(tutti PROPERTIES
  LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  VERIFY_INTERFACE_HEADER_SETS ${TUTTI_BUILD_TESTS})

set(tutti_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tutti)
install(TARGETS tutti EXPORT tuttiTargets FILE_SET HEADERS)
install(EXPORT tuttiTargets NAMESPACE tutti:: DESTINATION ${tutti_config_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tuttiConfig.cmake.in
  ${PROJECT_BINARY_DIR}/generated/tuttiConfig.cmake INSTALL_DESTINATION ${tutti_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/tuttiConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/tuttiConfig.cmake
  ${PROJECT_BINARY_DIR}/generated/tuttiConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindParallelHdf5.cmake ${PROJECT_SOURCE_DIR}/cmake/FindHwloc.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindXxhash.cmake
  DESTINATION ${tutti_config_dir})
