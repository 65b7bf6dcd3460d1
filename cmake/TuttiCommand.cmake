# The program `tutti`: job scripts, jobs, launching. It links no MPI, so that it also runs on a login node.
# tutti-probe, which it starts, does.

find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)

file(GLOB tutti_command_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.cpp)
add_executable(tutti-command ${tutti_command_sources})
tutti_own_target(tutti-command)
set_target_properties(tutti-command PROPERTIES OUTPUT_NAME tutti)
tutti_link_modules(tutti-command jobs)
target_link_libraries(tutti-command PRIVATE CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
install(TARGETS tutti-command)

# What `tutti journal` starts. HDF5 is one that was built for MPI.
add_executable(tutti-journal ${PROJECT_SOURCE_DIR}/src/cli/journal/main.cpp)
tutti_own_target(tutti-journal)
tutti_link_modules(tutti-journal hdf5 journal)
target_link_libraries(tutti-journal PRIVATE CLI11::CLI11 fmt::fmt)
install(TARGETS tutti-journal DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tutti)

# What `tutti doctor` starts on two ranks.
add_executable(tutti-probe ${PROJECT_SOURCE_DIR}/src/cli/probe/probe.cpp)
tutti_own_target(tutti-probe)
target_link_libraries(tutti-probe PRIVATE tutti::tutti)
install(TARGETS tutti-probe DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tutti)

# What `tutti farm` becomes.
file(GLOB tutti_farm_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/farm/*.cpp)
add_executable(tutti-farm ${tutti_farm_sources} $<TARGET_OBJECTS:tutti_farm>)
tutti_own_target(tutti-farm)
target_include_directories(tutti-farm PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(tutti-farm PRIVATE tutti::tutti CLI11::CLI11 fmt::fmt)
install(TARGETS tutti-farm DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tutti)
