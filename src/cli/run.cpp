#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/process.hpp"
#include "jobs/launch_plan.hpp"
#include "jobs/shell_text.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sched.h>
#include <sstream>
#include <unistd.h>

namespace tutti::cli {
namespace {

std::uint32_t own_cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(CPU_COUNT(&set));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

bool prints(const std::vector<std::string>& command, std::string_view words) {
  if (!find_program(command[0])) return false;
  const ProcessEnd end = run_process(command);
  return (end.output + end.messages).find(words) != std::string::npos;
}

/// Looks only at what can matter: the commands it asks take a moment.
jobs::LaunchSurroundings surroundings() {
  jobs::LaunchSurroundings around{.cores = own_cores(), .root = ::geteuid() == 0};
  for (const std::string& entry : environment_entries()) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      around.environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  around.has_mpirun = find_program("mpirun").has_value();
  if (around.environment.count("SLURM_JOB_ID") > 0) {
    around.has_srun = prints({"srun", "--mpi=list"}, "pmix");
  } else if (const auto file = around.environment.find("PBS_NODEFILE");
             file != around.environment.end()) {
    around.node_file = lines_of(read_file(file->second).value_or(""));
    around.mpirun_knows_pbs = !find_program("ompi_info") || prints({"ompi_info"}, "MCA plm: tm");
    std::error_code ignored;
    around.agent = std::filesystem::read_symlink("/proc/self/exe", ignored).string() + " pbs-agent";
  }
  return around;
}

void print_dry(const jobs::LaunchPlan& plan) {
  for (const auto& [name, value] : plan.variables)
    std::cout << name << "=" << jobs::quoted(value) << " ";
  for (std::size_t i = 0; i < plan.arguments.size(); ++i)
    std::cout << (i == 0 ? "" : " ") << jobs::quoted(plan.arguments[i]);
  std::cout << "\n";
}

/// `tutti pbs-agent HOST WORDS...`: what Open MPI calls in place of ssh. pbs_tmrsh has no shell.
void add_pbs_agent(CLI::App& app) {
  CLI::App* command = app.add_subcommand("pbs-agent", "")->group("");
  command->prefix_command();
  command->callback([command] {
    const std::vector<std::string> rest = command->remaining();
    if (rest.size() < 2) throw Error(ErrorCode::bad_argument, "pbs-agent: host or command missing");
    std::string words;
    for (std::size_t i = 1; i < rest.size(); ++i) words += (i == 1 ? "" : " ") + rest[i];
    become({"pbs_tmrsh", rest[0], "bash", "-c", words});
  });
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("run", "starts a program on many ranks, here or inside a job");
  const auto request = std::make_shared<jobs::LaunchRequest>();
  const auto dry_run = std::make_shared<bool>(false);
  command->prefix_command();
  command->add_option("-n,--ranks", request->ranks, "ranks; else all of the job, or one a core")
      ->check(CLI::Range(1u, 100'000'000u));
  command->add_option("--launcher", request->launcher, "srun, mpirun or mpiexec; else what fits");
  command->add_option("--hosts", request->hosts, "hosts and their ranks, by ssh: a:4,b:4");
  command->add_option("--hostfile", request->hostfile, "file of hosts, as mpirun reads it");
  command->add_flag("--dry-run", *dry_run, "prints the command and its variables");
  command->callback([command, request, dry_run, &exit_code] {
    request->program = command->remaining();
    if (request->program.empty())
      throw Error(ErrorCode::bad_argument, "no program is given: tutti run -n 4 ./my_program");
    if (request->program[0].starts_with("-"))
      throw Error(ErrorCode::bad_argument,
                  "there is no option " + request->program[0] +
                      ": -n, --launcher, --hosts, --hostfile and --dry-run are all, then comes the "
                      "program");
    if (!find_program(request->program[0]))
      throw Error(ErrorCode::bad_argument,
                  "there is no program '" + request->program[0] + "' that can be run");
    const jobs::LaunchPlan plan = jobs::launch_plan(*request, surroundings());
    if (*dry_run) {
      print_dry(plan);
      exit_code = 0;
      return;
    }
    become(plan.arguments, plan.variables);
  });
  add_pbs_agent(app);
}

}  // namespace tutti::cli
