#include "jobs/job_plan.hpp"
#include "jobs/quantities.hpp"
#include "jobs/script_parts.hpp"
#include "jobs/shell_text.hpp"

#include <fmt/format.h>

namespace tutti::jobs {
namespace {

std::string select_of(const JobPlan& plan) {
  const JobOptions& options = plan.options;
  if (!options.resource_spec.empty()) return options.resource_spec;
  std::string text = fmt::format("select={}:ncpus={}:mpiprocs={}", options.nodes,
                                 plan.cores_per_node(), plan.split.ranks_per_node);
  if (plan.memory_bytes > 0) text += ":mem=" + pbs_memory(plan.memory_bytes);
  if (options.gpus_per_node > 0) text += fmt::format(":ngpus={}", options.gpus_per_node);
  return text;
}

std::vector<std::string> pbs_directives(const JobPlan& plan) {
  const JobOptions& options = plan.options;
  std::vector<std::string> lines;
  lines.push_back("-N " + options.name);
  if (!options.queue.empty()) lines.push_back("-q " + options.queue);
  if (!options.account.empty()) lines.push_back("-A " + options.account);
  lines.push_back("-l " + select_of(plan));
  if (options.nodes > 1) {
    lines.emplace_back(options.exclusive ? "-l place=scatter:excl" : "-l place=scatter");
  } else if (options.exclusive) {
    lines.emplace_back("-l place=excl");
  }
  lines.push_back("-l walltime=" + pbs_walltime(plan.walltime_s));
  lines.emplace_back("-j oe");
  if (!options.log_directory.empty() && !names_variables(options.log_directory))
    lines.push_back("-o " + options.log_directory + "/");
  std::string from_outside;
  for (const JobVariable& variable : options.env) {
    if (!variable.value) from_outside += (from_outside.empty() ? "" : ",") + variable.name;
  }
  if (!from_outside.empty()) lines.push_back("-v " + from_outside);
  if (!options.array.empty()) lines.push_back("-J " + options.array);
  return lines;
}

/// What a bare mpirun needs to know when it was built without PBS's own library.
constexpr std::string_view hosts_part =
    "# An Open MPI without PBS's library (`tm`) has to be told the hosts and how to reach them: "
    "pbs_tmrsh starts a\n"
    "# program there without a shell, and without what was exported since this script began.\n"
    "if [ -n \"${PBS_NODEFILE:-}\" ] && command -v ompi_info >/dev/null &&\n"
    "  ! ompi_info | grep -q 'MCA plm: tm'; then\n"
    "  hosts=$(mktemp)\n"
    "  agent=$(mktemp)\n"
    "  trap 'rm -f \"$before\" \"$hosts\" \"$agent\"' EXIT\n"
    "  sort \"$PBS_NODEFILE\" | uniq -c | awk '{ print $2 \" slots=\" $1 }' >\"$hosts\"\n"
    "  # shellcheck disable=SC2016\n"
    "  printf '%s\\n' '#!/bin/bash' 'exec pbs_tmrsh \"$1\" bash -c \"${*:2}\"' >\"$agent\"\n"
    "  chmod +x \"$agent\"\n"
    "  changed=$(env -0 | sort -z | comm -z -13 \"$before\" - | cut -z -d= -f1 |\n"
    "    grep -zvE '^(_|PWD|OLDPWD|SHLVL|OMPI_.*|BASH_FUNC_.*)$' | tr '\\0' ';')\n"
    "  export OMPI_MCA_orte_default_hostfile=$hosts OMPI_MCA_mca_base_env_list=${changed%;}\n"
    "  export OMPI_MCA_plm_rsh_agent=$agent OMPI_MCA_plm_rsh_no_tree_spawn=1\n"
    "fi\n";

std::string launch_part(const JobPlan& plan) {
  static constexpr std::string_view by_srun = "SLURM_PMIX_FENCE=tree srun --mpi=pmix";
  if (plan.options.warn_s == 0) {
    return "# qdel tells the ranks itself; this script only waits for them.\ntrap : TERM\n" +
           launch_lines(plan, by_srun, "") + "rc=$?\n";
  }
  return fmt::format(
             "# PBS does not warn: a timer does, {0} seconds before the end.\n"
             "limit_s=$(qstat -f \"${{PBS_JOBID:-none}}\" 2>/dev/null |\n"
             "  awk -F '[ \\t:=]+' '/Resource_List.walltime/ "
             "{{ print $3 * 3600 + $4 * 60 + $5; exit }}')\n"
             "sleep $((${{limit_s:-{1}}} - {0})) &\ntimer=$!\n",
             plan.options.warn_s, plan.walltime_s) +
         launch_lines(plan, by_srun, " &") +
         "launcher=$!\n\n"
         "warned=no\n"
         "trap 'signalled=yes' TERM\n"
         "while kill -0 \"$launcher\" && kill -0 \"$timer\"; do wait -n \"$launcher\" \"$timer\"; "
         "done 2>/dev/null\n"
         "if kill -0 \"$launcher\" 2>/dev/null; then\n"
         "  warned=yes\n"
         "  kill -USR1 \"$launcher\"\n"
         "fi\n"
         "kill \"$timer\" 2>/dev/null\n" +
         wait_lines();
}

/// Variables that the next run gets from this one.
std::string handed_on(const JobOptions& options) {
  std::string names = "requeues";
  if (options.program.empty()) names += ",PROGRAM";
  for (const JobVariable& variable : options.env) {
    if (!variable.value) names += "," + variable.name;
  }
  return names;
}

std::string requeue_part(const JobPlan& plan) {
  if (!plan.options.requeue) return "";
  return fmt::format(
      "# Exit code 75: the program asks to be continued. The script then submits itself again.\n"
      "if {0}; then\n"
      "  export requeues=$((${{requeues:-0}} + 1))\n"
      "  if [ $requeues -le {1} ]; then\n"
      "    echo \"exit code $rc: submitted again after run $requeues\" >&2\n"
      "    qsub -v {2} \"$0\"\n"
      "  else\n"
      "    echo \"exit code $rc: this was run $requeues, and the limit is {1} further runs\" >&2\n"
      "  fi\n"
      "fi\n\n",
      requeue_condition(plan), plan.options.requeue_limit, handed_on(plan.options));
}

}  // namespace

std::string pbs_script(const JobPlan& plan) {
  const JobOptions& options = plan.options;
  std::string text = options.shebang + "\n";
  text += options.program.empty()
              ? "# Runs the program that is named by a variable: qsub -v PROGRAM=\"./my_program "
                "arguments\" FILE\n"
              : "# Submitted by: qsub FILE\n";
  text += opening_comments(plan, pbs_memory(plan.memory_bytes));
  text += directive_lines(plan, "#PBS ", pbs_directives(plan)) + "\n";
  text += "cd \"${PBS_O_WORKDIR:-.}\" || exit\n";
  if (!options.log_directory.empty()) {
    // Without a redirection the output would come only at the end of the job.
    text +=
        "# Where qsub stands in front of Slurm, the job has Slurm's number.\n"
        "job=${PBS_JOBID:-${SLURM_JOB_ID:-}}\n" +
        output_redirection(plan, "\"${job%%.*}\"");
  }
  text +=
      "before=$(mktemp)\n"
      "trap 'rm -f \"$before\"' EXIT\n"
      "env -0 | sort -z >\"$before\"\n";
  text += prologue_lines(plan);
  text += rank_settings(plan, fmt::format("{}", plan.split.worker_cores));
  if (!options.interface.empty()) text += "bash -c \"$check_interface\" || exit\n";
  text +=
      "# PBS sets it to the cores of all ranks of a node, which each of them would use.\n"
      "if [ \"${OMP_NUM_THREADS:-}\" = \"${NCPUS:-}\" ]; then unset OMP_NUM_THREADS; fi\n";
  text.append(hosts_part).append("\n");
  if (options.program.empty()) {
    text +=
        "if [ $# -eq 0 ]; then\n"
        "  read -r -a words <<<\"${PROGRAM:?names no program: qsub -v PROGRAM=./my_program}\"\n"
        "  set -- \"${words[@]}\"\n"
        "fi\n";
    if (options.requeue) text += "export PROGRAM=\"$*\"\n";
  }
  text += program_line(plan) + launch_part(plan) + "\n";
  text += epilogue_lines(plan) + requeue_part(plan);
  return text + "exit $rc\n";
}

}  // namespace tutti::jobs
