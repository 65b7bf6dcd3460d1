#include "jobs/job_plan.hpp"
#include "jobs/quantities.hpp"
#include "jobs/script_parts.hpp"
#include "jobs/shell_text.hpp"

#include <fmt/format.h>

namespace tutti::jobs {
namespace {

std::vector<std::string> slurm_directives(const JobPlan& plan) {
  const JobOptions& options = plan.options;
  std::vector<std::string> lines;
  lines.push_back("--job-name=" + options.name);
  if (!options.queue.empty()) lines.push_back("--partition=" + options.queue);
  if (!options.account.empty()) lines.push_back("--account=" + options.account);
  lines.push_back(fmt::format("--nodes={}", options.nodes));
  lines.push_back(fmt::format("--ntasks-per-node={}", plan.split.ranks_per_node));
  lines.push_back(fmt::format("--cpus-per-task={}", plan.split.worker_cores));
  if (options.gpus_per_node > 0)
    lines.push_back(fmt::format("--gres=gpu:{}", options.gpus_per_node));
  if (plan.memory_bytes > 0) lines.push_back("--mem=" + slurm_memory(plan.memory_bytes));
  if (options.exclusive) lines.emplace_back("--exclusive");
  lines.push_back("--time=" + slurm_walltime(plan.walltime_s));
  const std::string file = options.array.empty() ? "%x-%j.out" : "%x-%A_%a.out";
  const bool in_directory =
      !options.log_directory.empty() && !names_variables(options.log_directory);
  lines.push_back("--output=" + (in_directory ? options.log_directory + "/" + file : file));
  // A job that Slurm starts again keeps the output of its first run.
  lines.emplace_back("--open-mode=append");
  if (options.requeue) lines.emplace_back("--requeue");
  if (options.warn_s > 0) lines.push_back(fmt::format("--signal=B:USR1@{}", options.warn_s));
  if (!options.array.empty()) lines.push_back("--array=" + options.array);
  return lines;
}

std::string launch_part(const JobPlan& plan) {
  if (plan.options.warn_s == 0) {
    return "# When the job is cancelled Slurm tells the ranks itself; this script only waits for "
           "them.\ntrap : TERM\n" +
           launch_lines(plan, "srun --mpi=pmix", "") + "rc=$?\n";
  }
  return launch_lines(plan, "srun --mpi=pmix", " &") +
         "launcher=$!\n\n"
         "# Slurm warns this script alone, which hands USR1 to the launcher, and that to all "
         "ranks; "
         "of TERM they hear\n# from Slurm itself.\n"
         "warned=no\n"
         "trap 'signalled=yes; warned=yes; kill -USR1 \"$launcher\"' USR1\n"
         "trap 'signalled=yes' TERM\n" +
         wait_lines();
}

std::string requeue_part(const JobPlan& plan) {
  if (!plan.options.requeue) return "";
  return fmt::format(
      "# Exit code 75: the program asks to be continued. The same job then starts again.\n"
      "if {0}; then\n"
      "  runs=$((${{SLURM_RESTART_COUNT:-0}} + 1))\n"
      "  if [ $runs -le {1} ]; then\n"
      "    echo \"exit code $rc: job $SLURM_JOB_ID goes back into the queue after run $runs\" >&2\n"
      "    scontrol requeue \"$SLURM_JOB_ID\"\n"
      "  else\n"
      "    echo \"exit code $rc: this was run $runs, and the limit is {1} further runs\" >&2\n"
      "  fi\n"
      "fi\n\n",
      requeue_condition(plan), plan.options.requeue_limit);
}

}  // namespace

std::string slurm_script(const JobPlan& plan) {
  const std::uint32_t cores = plan.split.worker_cores;
  std::string text = plan.options.shebang + "\n";
  text += plan.options.program.empty()
              ? "# Runs the program that follows its name: sbatch FILE ./my_program arguments\n"
              : "# Submitted by: sbatch FILE\n";
  text += opening_comments(plan, slurm_memory(plan.memory_bytes));
  text += directive_lines(plan, "#SBATCH ", slurm_directives(plan)) + "\n";
  if (names_variables(plan.options.log_directory))
    text += output_redirection(plan, "\"$SLURM_JOB_ID\"");
  text += prologue_lines(plan);
  text += rank_settings(plan, fmt::format("${{SLURM_CPUS_PER_TASK:-{}}}", cores));
  if (!plan.options.interface.empty()) {
    text +=
        "srun --nodes=\"$SLURM_JOB_NUM_NODES\" --ntasks=\"$SLURM_JOB_NUM_NODES\" "
        "--ntasks-per-node=1 bash -c \"$check_interface\" || exit\n";
  }
  text += fmt::format(
      "# Only by this variable does srun learn of the cores of a rank. By default Slurm mixes two "
      "kinds of fences, and\n# ranks talk to others that are still in MPI_Init.\n"
      "export SRUN_CPUS_PER_TASK=${{SLURM_CPUS_PER_TASK:-{}}} SLURM_PMIX_FENCE=tree\n\n",
      cores);
  text += program_line(plan) + launch_part(plan) + "\n";
  text += epilogue_lines(plan) + requeue_part(plan);
  return text + "exit $rc\n";
}

}  // namespace tutti::jobs
