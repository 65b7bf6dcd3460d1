#pragma once

/// The parts of a job script that Slurm and PBS share. Each is some whole lines.

#include "jobs/job_plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::jobs {

/// What the job is, in comments: ranks, how the cores were split, memory to the byte. `unit_words`
/// is the node's memory as the batch system counts it.
std::string opening_comments(const JobPlan& plan, std::string_view unit_words);

/// `directives` behind `prefix` ("#SBATCH "), without those to be skipped; then the extra ones.
std::string directive_lines(const JobPlan& plan, std::string_view prefix,
                            const std::vector<std::string>& directives);

/// Lets the output go to a file of log_directory, named after `job_id`, an expression of bash.
std::string output_redirection(const JobPlan& plan, std::string_view job_id);

/// Modules, prologue, and the variables of `env`.
std::string prologue_lines(const JobPlan& plan);

/// The variables by which tutti and MPI learn of cores, memory, directory and interface. `cores` is
/// an expression of bash for those of a rank.
std::string rank_settings(const JobPlan& plan, std::string_view cores);

/// `set -- PROGRAM ARGUMENTS`, so that "$@" is what is to be started.
std::string program_line(const JobPlan& plan);

/// One line for each launcher, all but one in comments. `by_srun` is the line for srun; `ending` is
/// put behind each.
std::string launch_lines(const JobPlan& plan, std::string_view by_srun, std::string_view ending);

/// Waits for $launcher, also when signals interrupt, and sets rc.
std::string wait_lines();

std::string epilogue_lines(const JobPlan& plan);

/// The condition of bash under which a run that ended with $rc is to be continued.
std::string_view requeue_condition(const JobPlan& plan);

}  // namespace tutti::jobs
