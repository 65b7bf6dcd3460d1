#pragma once

/// How `tutti run` starts a program: launcher, arguments and variables, from what surrounds it.
/// Pure: what surrounds it is passed in.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::jobs {

struct LaunchRequest {
  std::uint32_t ranks = 0;    ///< 0: all that the allocation has; without one, one a core
  std::string launcher = {};  ///< srun, mpirun, mpiexec; empty: chosen
  std::string hosts = {};     ///< "a:4,b:4"; a host without a number has one rank
  std::string hostfile = {};  ///< of mpirun
  std::vector<std::string> program = {};  ///< with its arguments; not empty
};

struct LaunchSurroundings {
  std::map<std::string, std::string, std::less<>> environment = {};
  std::uint32_t cores = 1;  ///< that this process may use
  bool root = false;
  bool has_srun = false;  ///< with PMIx
  bool has_mpirun = false;
  bool mpirun_knows_pbs = false;
  std::vector<std::string> node_file = {};  ///< lines of $PBS_NODEFILE, a host for each rank
  std::string agent = {};  ///< command that starts a command on another host of a PBS job
};

struct LaunchPlan {
  std::vector<std::string> arguments;            ///< the whole command
  std::map<std::string, std::string> variables;  ///< to be set for it
};

/// Throws Error (bad_argument, bad_launch) when no launcher is there or they contradict each other.
LaunchPlan launch_plan(const LaunchRequest& request, const LaunchSurroundings& surroundings);

/// "a:4,b:2" from lines "a a a a b b", in the order of the first appearance.
std::string hosts_with_slots(const std::vector<std::string>& node_file);

/// The number of ranks that "a:4,b:2" has room for. Throws Error (bad_argument) when it is no list
/// of hosts.
std::uint32_t slots_of(std::string_view hosts);

}  // namespace tutti::jobs
