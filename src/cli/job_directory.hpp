#pragma once

/// Folders of submitted jobs. Each is readable by its owner alone and holds the script, what is
/// known of the job (job.json), its output unless it goes elsewhere, and its exit code once it has
/// ended.

#include "jobs/job_plan.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tutti::cli {

struct JobRecord {
  std::filesystem::path directory;
  jobs::BatchSystem system = jobs::BatchSystem::slurm;
  std::string id;
  std::string name;
  std::uint32_t nodes = 1;
  std::string submitted;      ///< local time, "2026-01-31 12:00:00"
  std::string log_directory;  ///< where NAME-ID.out is
};

/// Makes the folder for a job named `name` inside of `jobs_directory`, mode 0700. Throws Error
/// (io).
std::filesystem::path make_job_directory(const std::filesystem::path& jobs_directory,
                                         const std::string& name);

/// Writes job.json. Throws Error (io).
void write_record(const JobRecord& record);

/// All jobs, by time of submission. Folders without a readable job.json, or that belong to another
/// user, are passed over.
std::vector<JobRecord> read_records(const std::filesystem::path& jobs_directory);

/// What the script wrote at its end.
std::optional<int> exit_code_of(const JobRecord& record);
/// Where the script writes it.
std::filesystem::path exit_code_file(const std::filesystem::path& directory);

/// What the run of a job says in its status.json, which it replaces every second.
struct RunStatus {
  std::int64_t time_s = 0;  ///< when it was written, since 1970
  double seconds = 0;       ///< since the start of the run
  std::uint64_t done = 0;   ///< tasks, elements of maps included
  std::uint64_t left = 0;
  std::string ending;  ///< why the run ends early; empty while it does not
  bool over = false;
  std::uint64_t workers = 0;
  std::uint64_t parked = 0;  ///< of them
  std::uint64_t slots = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t spilled_bytes = 0;
};

/// Nothing before the run has begun, and for programs that are none of tutti.
std::optional<RunStatus> run_status_of(const JobRecord& record);

/// Asks the run of a job to end in good order, which it notices within a second. Throws Error (io)
/// when the folder is gone.
void request_stop(const JobRecord& record);

/// Asks it to work with so many workers ("4"), or with as many as there is work for ("1 8").
void request_scale(const JobRecord& record, const std::string& request);

/// The files of output that there are; those of an array's parts are several.
std::vector<std::filesystem::path> logs_of(const JobRecord& record);

}  // namespace tutti::cli
