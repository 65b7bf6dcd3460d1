#pragma once

/// Slurm and PBS, asked by their own commands.

#include "cli/job_directory.hpp"
#include "jobs/queue_text.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tutti::cli {

/// Hands a script over; returns the id. Throws Error (io) with the words of sbatch or qsub when
/// they refuse, and when they are not on the PATH.
std::string submit_script(jobs::BatchSystem system, const std::filesystem::path& directory,
                          const std::filesystem::path& script);

/// A job with what the queue says about it.
struct JobStatus {
  JobRecord record;
  jobs::QueuedJob queued;  ///< state `ended` when the queue does not know it
  std::optional<int> exit_code;

  bool is_over() const { return queued.state == jobs::QueueState::ended; }
  /// PENDING, RUNNING, STOPPING, STOPPED (with exit code 0) or FAILED.
  std::string state() const;
};

/// Asks once for each system. Throws Error (io) when its command fails.
std::vector<JobStatus> status_of(const std::vector<JobRecord>& records);
JobStatus status_of(const JobRecord& record);

/// Asks the batch system to end the job: it sends TERM, and after a while KILL. Throws Error (io).
void cancel(const JobRecord& record);
/// The same without TERM first.
void kill(const JobRecord& record);

/// The job that `wanted` (id or name) names among `jobs`, or the only one. Throws Error
/// (bad_argument) that lists all jobs when there is none or more than one.
const JobStatus& chosen_job(const std::vector<JobStatus>& jobs, const std::string& wanted);

/// A table with a line for each job.
std::string table_of(const std::vector<JobStatus>& jobs);

}  // namespace tutti::cli
