#pragma once

/// Options of a job, checked, and with all numbers that follow from them.

#include "tutti/jobs.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::jobs {

enum class BatchSystem : std::uint8_t { slurm, pbs };

/// "slurm" or "pbs".
std::string_view name_of(BatchSystem system);
/// Throws Error (bad_argument) when `name` is neither "slurm" nor "pbs".
BatchSystem batch_system_named(std::string_view name);

/// What a site allows; 0: no limit.
struct JobLimits {
  std::uint32_t nodes = 0;
  std::uint32_t cores = 0;         ///< of a node
  std::uint64_t memory_bytes = 0;  ///< of a node
  std::uint64_t walltime_s = 0;

  bool operator==(const JobLimits&) const = default;
};

struct JobPlan {
  JobOptions options;
  CoreSplit split;
  std::uint64_t walltime_s = 0;
  std::uint64_t memory_bytes = 0;         ///< of a node, 0: not given
  std::uint64_t worker_memory_bytes = 0;  ///< of a rank, 0: not given
  std::string launcher = {};              ///< never empty

  std::uint32_t cores_per_node() const { return split.ranks_per_node * split.worker_cores; }
  std::uint64_t ranks() const { return std::uint64_t{options.nodes} * split.ranks_per_node; }
};

/// Throws Error (bad_argument) naming the option, its value and what is allowed.
JobPlan plan_of(const JobOptions& options, BatchSystem system);

/// Throws Error (bad_argument) naming the limit that `plan` is beyond.
void check_limits(const JobPlan& plan, const JobLimits& limits);

/// The text of the script.
std::string slurm_script(const JobPlan& plan);
std::string pbs_script(const JobPlan& plan);
std::string script_of(const JobPlan& plan, BatchSystem system);

}  // namespace tutti::jobs
