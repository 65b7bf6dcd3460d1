#pragma once

/// How this process was started, read from the environment before MPI_Init. Pure: the environment
/// is passed in.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::runtime {

using Environment = std::map<std::string, std::string, std::less<>>;

/// The environment of this process as "NAME=value" entries.
std::vector<std::string> environment_entries();
Environment environment_of(const std::vector<std::string>& entries);

/// What the environment says about the start.
struct Launch {
  /// Started by an MPI launcher, so that MPI_Init must be called. False: one process on its own.
  bool under_mpi = false;
  /// For people: "mpirun of Open MPI", "srun with PMIx", "no launcher".
  std::string launcher = "no launcher";
  /// Processes that were started together, as far as the environment tells; 0 when it does not.
  std::uint64_t processes = 1;
  /// False in all but one of several processes that were started together without MPI, so that an
  /// error is printed once.
  bool prints = true;
  /// A sentence why the program must not run like this (ErrorCode::bad_launch), empty when it may.
  std::string problem = {};
};

Launch launch_of(const Environment& environment);

/// To be asked after MPI_Init, with the size of its world: a sentence when the launcher started
/// several processes and each is a world of its own, else empty.
std::string world_problem(const Launch& launch, int world_size);

/// Memory in bytes that the batch system gave the job on this node, if it says so.
std::optional<std::uint64_t> job_memory_bytes(const Environment& environment);

}  // namespace tutti::runtime
