# The program `tutti`: job scripts, jobs, launching. It links no MPI, so that it also runs on a login node.

find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)

file(GLOB tutti_command_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.cpp)
add_executable(tutti-command ${tutti_command_sources})
tutti_own_target(tutti-command)
set_target_properties(tutti-command PROPERTIES OUTPUT_NAME tutti)
tutti_link_modules(tutti-command jobs)
target_link_libraries(tutti-command PRIVATE CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
install(TARGETS tutti-command)
