#pragma once

/// The table of all settings of a job: the names that configuration files, the environment and the
/// command line use, and how each gets into JobOptions.

#include "jobs/job_plan.hpp"
#include "tutti/jobs.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::jobs {

/// What all settings together say: the job, and what the site says about jobs.
struct JobRequest {
  JobOptions options;
  /// Empty: found by looking which of sbatch and qsub there is.
  std::string scheduler;
  JobLimits limits;
  /// Where `tutti submit` keeps a folder for each job. `$NAME` is expanded.
  std::string jobs_directory = "$HOME/.tutti/jobs";
};

enum class SettingKind : std::uint8_t { text, number, yes_or_no, list, variables };

/// One setting. A list and variables have any number of texts, all others one.
struct JobSetting {
  std::string_view name;     ///< "ranks_per_node": in files; `option_of`, `variable_of` elsewhere
  std::string_view another;  ///< its name in Dask, in Slurm or in JobOptions, for hints
  SettingKind kind;
  std::string_view help;
  void (*apply)(JobRequest& request, std::string_view name, const std::vector<std::string>& texts);
};

std::span<const JobSetting> job_settings();

/// "--ranks-per-node".
std::string option_of(const JobSetting& setting);
/// "TUTTI_JOBS_RANKS_PER_NODE".
std::string variable_of(const JobSetting& setting);

/// Throws Error (bad_argument) with the nearest name when there is no such setting. `where` says
/// where the name was found.
const JobSetting& job_setting_named(std::string_view name, std::string_view where);

}  // namespace tutti::jobs
