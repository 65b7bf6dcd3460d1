#include "jobs/job_plan.hpp"

#include "base/nearest_name.hpp"
#include "jobs/quantities.hpp"
#include "jobs/shell_text.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace tutti::jobs {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorCode::bad_argument, sentence);
}

/// A directive is one line, in which blanks and quotes separate options.
void check_word(std::string_view option, std::string_view text) {
  if (!text.empty()) check_characters(option, text, "_.+-@/", "_@");
}

void check_lines(std::string_view option, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) check_one_line(option, line);
}

void check_texts(const JobOptions& options, BatchSystem system) {
  check_characters("name", options.name, "_.+-");
  if (system == BatchSystem::pbs && options.name.size() > 236)
    refuse(fmt::format("the option name has {} characters, but PBS takes at most 236",
                       options.name.size()));
  check_word("queue", options.queue);
  check_word("account", options.account);
  for (const std::string& module : options.modules) check_characters("modules", module, "_.+-/:@=");
  if (!options.resource_spec.empty())
    check_characters("resource_spec", options.resource_spec, "_.+-:=,/@<>!&|~^%[]");
  if (!options.array.empty()) check_characters("array", options.array, "-,:%");
  if (!options.interface.empty()) check_characters("interface", options.interface, "_.-:@");
  check_one_line("shebang", options.shebang);
  if (!options.shebang.starts_with("#!"))
    refuse("the option shebang is '" + options.shebang +
           "', but must begin with #!, such as #!/usr/bin/env bash");
  check_one_line("program", options.program);
  if (options.program.empty() && !options.arguments.empty())
    refuse("arguments are given, but no program");
  check_lines("arguments", options.arguments);
  check_lines("extra", options.job_extra_directives);
  check_lines("prologue", options.job_script_prologue);
  check_lines("epilogue", options.job_script_epilogue);
  check_one_line("local_directory", options.local_directory);
  check_one_line("log_directory", options.log_directory);
  const auto cannot_stand = options.log_directory.find_first_of(" \"'\\");
  if (!names_variables(options.log_directory) && cannot_stand != std::string::npos)
    refuse("the option log_directory is '" + options.log_directory +
           "', but a path in a directive holds no blanks, quotes or backslashes");
  for (const std::string& part : options.job_directives_skip) {
    if (part.empty()) refuse("an entry of the option skip is empty, which would skip everything");
  }
}

void check_variables(const JobOptions& options) {
  for (const JobVariable& variable : options.env) {
    if (!is_variable_name(variable.name))
      refuse("the option env names the variable '" + variable.name +
             "', but a name has letters, digits and underscores and begins with no digit");
    if (variable.value) check_one_line("env", *variable.value);
  }
}

std::string launcher_of(const JobOptions& options, BatchSystem system) {
  static constexpr std::array<std::string_view, 4> known{"srun", "mpirun", "mpiexec", "tutti"};
  if (options.launcher.empty()) return system == BatchSystem::slurm ? "srun" : "mpirun";
  if (std::find(known.begin(), known.end(), options.launcher) != known.end())
    return options.launcher;
  const std::string_view nearest = base::nearest_name(options.launcher, known);
  std::string sentence = "the option launcher is '" + options.launcher +
                         "', but must be srun, mpirun, mpiexec or tutti";
  if (!nearest.empty()) sentence.append("; did you mean ").append(nearest).append("?");
  refuse(sentence);
}

void check_numbers(const JobPlan& plan, BatchSystem system) {
  const JobOptions& options = plan.options;
  if (options.nodes == 0) refuse("the option nodes is 0, but a job has at least one node");
  if (options.warn_s > 0 && options.warn_s >= plan.walltime_s)
    refuse(fmt::format("the option warn is {} seconds, but the whole walltime is {}",
                       options.warn_s, plan.walltime_s));
  // Slurm stores the seconds of --signal in 16 bits.
  if (options.warn_s > 65'535)
    refuse(fmt::format("the option warn is {} seconds, but may be at most 65535", options.warn_s));
  if (system == BatchSystem::slurm && !options.resource_spec.empty())
    refuse(
        "the option resource_spec is for PBS; for Slurm use extra, such as "
        "--extra=--constraint=haswell");
  if (system == BatchSystem::pbs && options.requeue && !options.array.empty())
    refuse(
        "the options requeue and array do not go together for PBS: a part of an array cannot "
        "submit itself again");
}

/// Sets both memories from what is given.
void set_memory(JobPlan& plan) {
  const JobOptions& options = plan.options;
  const std::uint64_t ranks = plan.split.ranks_per_node;
  if (!options.memory.empty()) plan.memory_bytes = memory_bytes("memory", options.memory);
  if (options.worker_memory.empty()) {
    plan.worker_memory_bytes = plan.memory_bytes / ranks;
    return;
  }
  plan.worker_memory_bytes = memory_bytes("memory_per_worker", options.worker_memory);
  if (plan.worker_memory_bytes > (std::uint64_t{1} << 60) / ranks)
    refuse("the option memory_per_worker is '" + options.worker_memory + "', which is no node's");
  const std::uint64_t needed = plan.worker_memory_bytes * ranks;
  if (plan.memory_bytes == 0) plan.memory_bytes = needed;
  if (needed > plan.memory_bytes)
    refuse(
        fmt::format("ranks_per_node = {} and memory_per_worker = {} need {} bytes, but memory = "
                    "{} are {}: raise memory, or ask for fewer ranks_per_node",
                    ranks, options.worker_memory, needed, options.memory, plan.memory_bytes));
}

}  // namespace

std::string_view name_of(BatchSystem system) {
  return system == BatchSystem::slurm ? "slurm" : "pbs";
}

BatchSystem batch_system_named(std::string_view name) {
  if (name == "slurm") return BatchSystem::slurm;
  if (name == "pbs") return BatchSystem::pbs;
  refuse("the option scheduler is '" + std::string(name) + "', but must be slurm or pbs");
}

JobPlan plan_of(const JobOptions& options, BatchSystem system) {
  check_texts(options, system);
  check_variables(options);
  JobPlan plan{.options = options,
               .split = split_cores(options.cores, options.ranks_per_node, options.worker_cores),
               .walltime_s = walltime_seconds("walltime", options.walltime),
               .launcher = launcher_of(options, system)};
  constexpr std::uint64_t most_ranks = 1 << 24;
  if (plan.split.ranks_per_node > most_ranks || plan.split.worker_cores > most_ranks ||
      std::uint64_t{plan.split.ranks_per_node} * plan.split.worker_cores > most_ranks)
    refuse(fmt::format("ranks_per_node = {} and worker_cores = {} are more than any node has",
                       plan.split.ranks_per_node, plan.split.worker_cores));
  set_memory(plan);
  check_numbers(plan, system);
  return plan;
}

void check_limits(const JobPlan& plan, const JobLimits& limits) {
  const auto check_limit = [](std::string_view what, std::uint64_t asked, std::uint64_t allowed,
                              auto show) {
    if (allowed == 0 || asked <= allowed) return;
    refuse(
        fmt::format("the job asks for {} of {}, but this site allows at most {} (the setting "
                    "max_{})",
                    what, show(asked), show(allowed), what));
  };
  const auto plain = [](std::uint64_t value) { return std::to_string(value); };
  check_limit("nodes", plan.options.nodes, limits.nodes, plain);
  check_limit("cores", std::max(plan.cores_per_node(), plan.options.cores), limits.cores, plain);
  check_limit("memory", plan.memory_bytes, limits.memory_bytes,
              [](std::uint64_t bytes) { return fmt::format("{} bytes", bytes); });
  check_limit("walltime", plan.walltime_s, limits.walltime_s, pbs_walltime);
}

std::string script_of(const JobPlan& plan, BatchSystem system) {
  return system == BatchSystem::slurm ? slurm_script(plan) : pbs_script(plan);
}

}  // namespace tutti::jobs
