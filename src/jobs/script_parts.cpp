#include "jobs/script_parts.hpp"

#include "jobs/shell_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::jobs {
namespace {

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string variable_lines(const std::vector<JobVariable>& variables) {
  std::string lines;
  for (const JobVariable& variable : variables) {
    if (variable.value) {
      lines += fmt::format("export {}={}\n", variable.name, quoted(*variable.value));
    } else {
      lines +=
          fmt::format(": \"${{{0}?has to come from where the job is submitted}}\"\nexport {0}\n",
                      variable.name);
    }
  }
  return lines;
}

/// The interface is looked for by `check`, here and by whoever else can start it on other nodes.
std::string interface_lines(const std::string& interface) {
  if (interface.empty()) return "";
  return fmt::format(
      "# For connections by TCP; where a fabric carries the data (UCX, PSM2) it has no effect.\n"
      "export OMPI_MCA_btl_tcp_if_include={0} OMPI_MCA_oob_tcp_if_include={0}\n"
      "check_interface='[ -e /sys/class/net/{0} ] || {{ echo \"$(hostname) has no network "
      "interface "
      "{0}, but\" $(ls /sys/class/net) >&2; exit 1; }}'\n",
      interface);
}

}  // namespace

std::string opening_comments(const JobPlan& plan, std::string_view unit_words) {
  const JobOptions& options = plan.options;
  std::string lines = fmt::format(
      "# {} on {}{}, {} each: rank 0 schedules{}.\n", counted(plan.split.ranks_per_node, "rank"),
      options.nodes == 1 ? "" : "each of ", counted(options.nodes, "node"),
      counted(plan.split.worker_cores, "core"),
      plan.ranks() == 1 ? " and works" : fmt::format(", {} run tasks", plan.ranks() - 1));
  lines += "# Cores: " + plan.split.rule + ".\n";
  if (plan.memory_bytes > 0) {
    lines += fmt::format("# Memory: {} bytes a node ({}, in units of 1024), {} bytes a rank.\n",
                         plan.memory_bytes, unit_words, plan.worker_memory_bytes);
  }
  return lines;
}

std::string directive_lines(const JobPlan& plan, std::string_view prefix,
                            const std::vector<std::string>& directives) {
  const std::vector<std::string>& skip = plan.options.job_directives_skip;
  std::string lines;
  for (const std::string& directive : directives) {
    const bool skipped = std::any_of(skip.begin(), skip.end(), [&](const std::string& part) {
      return directive.find(part) != std::string::npos;
    });
    if (!skipped) lines.append(prefix).append(directive).append("\n");
  }
  for (const std::string& directive : plan.options.job_extra_directives)
    lines.append(prefix).append(directive).append("\n");
  return lines;
}

std::string output_redirection(const JobPlan& plan, std::string_view job_id) {
  const std::string directory = quoted_with_variables(plan.options.log_directory);
  return fmt::format("mkdir -p {0} && exec >>{0}/{1}-{2}.out 2>&1 || exit\n", directory,
                     plan.options.name, job_id);
}

std::string prologue_lines(const JobPlan& plan) {
  const JobOptions& options = plan.options;
  std::string lines;
  if (!options.modules.empty()) {
    lines += "# Not every shell of a job knows the command `module` from the start.\n";
    lines += "type module >/dev/null 2>&1 || . /etc/profile\nmodule load";
    for (const std::string& module : options.modules) lines += " " + quoted(module);
    lines += " || exit\n";
  }
  for (const std::string& line : options.job_script_prologue) lines += line + "\n";
  return lines + variable_lines(options.env);
}

std::string rank_settings(const JobPlan& plan, std::string_view cores) {
  std::string lines =
      "# A rank runs as many tasks at once as it has cores. tutti binds its threads, mpirun no "
      "rank.\n";
  lines += fmt::format(
      "export TUTTI_THREADS_PER_WORKER=${{TUTTI_THREADS_PER_WORKER:-{}}}\n"
      "export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none\n",
      cores);
  if (plan.worker_memory_bytes > 0) {
    lines += fmt::format("export TUTTI_MEMORY_LIMIT=${{TUTTI_MEMORY_LIMIT:-{}B}}\n",
                         plan.worker_memory_bytes);
  }
  if (!plan.options.local_directory.empty()) {
    if (names_variables(plan.options.local_directory))
      lines += "# Each rank puts the variables in, on its own node.\n# shellcheck disable=SC2016\n";
    lines += fmt::format("export TUTTI_LOCAL_DIRECTORY={}\n", quoted(plan.options.local_directory));
  }
  return lines + interface_lines(plan.options.interface);
}

std::string program_line(const JobPlan& plan) {
  if (plan.options.program.empty()) return "";
  std::string line = "set -- " + quoted(plan.options.program);
  for (const std::string& argument : plan.options.arguments) line += " " + quoted(argument);
  return line + "\n";
}

std::string launch_lines(const JobPlan& plan, std::string_view by_srun, std::string_view ending) {
  struct Launcher {
    std::string_view name;
    std::string line;
  };
  const bool mpiexec = plan.launcher == "mpiexec";
  std::vector<Launcher> launchers{
      {"srun", std::string(by_srun) + " \"$@\""},
      {mpiexec ? "mpiexec" : "mpirun", std::string(mpiexec ? "mpiexec" : "mpirun") + " \"$@\""},
      {"tutti", "tutti run \"$@\""}};
  std::stable_partition(launchers.begin(), launchers.end(), [&plan](const Launcher& launcher) {
    return launcher.name == plan.launcher;
  });
  std::string lines;
  for (const Launcher& launcher : launchers) {
    if (launcher.name != plan.launcher) lines += "# ";
    lines.append(launcher.line).append(ending).append("\n");
  }
  return lines;
}

std::string wait_lines() {
  return "# A signal interrupts `wait`, which then waits again.\n"
         "while signalled=no; wait \"$launcher\"; rc=$?; [ $signalled = yes ]; do :; done\n";
}

std::string epilogue_lines(const JobPlan& plan) {
  std::string lines;
  for (const std::string& line : plan.options.job_script_epilogue) lines += line + "\n";
  return lines;
}

std::string_view requeue_condition(const JobPlan& plan) {
  return plan.options.warn_s > 0 ? "[ $rc -eq 75 ] || { [ $warned = yes ] && [ $rc -ne 0 ]; }"
                                 : "[ $rc -eq 75 ]";
}

}  // namespace tutti::jobs
