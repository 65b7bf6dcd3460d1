#include "cli/batch_queue.hpp"
#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/job_directory.hpp"
#include "cli/job_request.hpp"
#include "cli/process.hpp"
#include "jobs/shell_text.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

namespace tutti::cli {
namespace {

constexpr std::chrono::seconds time_between_questions{2};

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts));
  return text;
}

/// What the job could only find out after it has waited in the queue.
void check_program(const JobOptions& options) {
  if (options.program.empty())
    throw Error(ErrorCode::bad_argument,
                "no program is given: tutti submit --nodes 2 --cores 48 ./my_program arguments");
  const std::optional<std::string> program = find_program(options.program);
  // A module may bring a program that has no path.
  const bool brought = options.program.find('/') == std::string::npos &&
                       (!options.modules.empty() || !options.job_script_prologue.empty());
  if (!program && !brought)
    throw Error(ErrorCode::bad_argument,
                "there is no program '" + options.program + "' that can be run" +
                    (options.program.find('/') == std::string::npos
                         ? " on the PATH; write ./" + options.program + " for one in this folder"
                         : ""));
  for (const JobVariable& variable : options.env) {
    if (!variable.value && std::getenv(variable.name.c_str()) == nullptr)
      throw Error(ErrorCode::bad_argument,
                  "--env " + variable.name + " takes the value from here, but it is not set");
  }
}

/// The same folder on another node would be another one.
void warn_of_local_storage(const jobs::JobPlan& plan, const std::filesystem::path& jobs_directory) {
  std::vector<std::string> sentences{
      not_shared("the working directory", std::filesystem::current_path()),
      not_shared("the folder of jobs", jobs_directory)};
  if (const std::optional<std::string> program = find_program(plan.options.program))
    sentences.push_back(not_shared("the program", *program));
  for (const std::string& sentence : sentences) {
    if (!sentence.empty()) std::cerr << "tutti: warning: " << sentence << "\n";
  }
}

/// Puts the job's output and exit code where the other subcommands find them.
void add_bookkeeping(jobs::JobPlan& plan, const std::filesystem::path& directory) {
  if (plan.options.log_directory.empty()) plan.options.log_directory = directory.string();
  // The parts of an array would write over each other's status.
  if (plan.options.array.empty())
    plan.options.env.push_back({.name = "TUTTI_JOB_DIRECTORY", .value = directory.string()});
  plan.options.job_script_epilogue.push_back("echo $rc >" +
                                             jobs::quoted(exit_code_file(directory).string()));
}

void make_log_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw Error(ErrorCode::io,
                "cannot make the log directory '" + directory + "': " + error.message());
}

JobRecord submit(const jobs::JobRequest& request) {
  const jobs::BatchSystem system = batch_system_of(request);
  jobs::JobPlan plan = plan_of(request, system);
  check_program(plan.options);
  const std::filesystem::path jobs_directory = with_variables(request.jobs_directory);
  const std::filesystem::path directory =
      make_job_directory(std::filesystem::absolute(jobs_directory), plan.options.name);
  warn_of_local_storage(plan, jobs_directory);
  add_bookkeeping(plan, directory);
  const std::string log_directory =
      std::filesystem::absolute(with_variables(plan.options.log_directory));
  make_log_directory(log_directory);
  // Once more: the path of the folder is part of the script as well.
  plan = jobs::plan_of(plan.options, system);
  const std::filesystem::path script =
      directory / (system == jobs::BatchSystem::slurm ? "job.sbatch" : "job.pbs");
  replace_file(script, jobs::script_of(plan, system));
  JobRecord record{.directory = directory,
                   .system = system,
                   .id = submit_script(system, directory, script),
                   .name = plan.options.name,
                   .nodes = plan.options.nodes,
                   .submitted = local_time(),
                   .log_directory = log_directory};
  write_record(record);
  return record;
}

/// Its exit code; 1 when it ended without one.
int wait_for_end(const JobRecord& record) {
  for (;;) {
    const JobStatus status = status_of(record);
    if (status.is_over()) {
      if (!status.exit_code)
        std::cerr << "tutti: job " << record.id
                  << " was ended from outside, or could not begin: see `tutti logs " << record.id
                  << "`\n";
      return status.exit_code.value_or(1);
    }
    std::this_thread::sleep_for(time_between_questions);
  }
}

}  // namespace

void add_submit(CLI::App& app, int& exit_code) {
  struct Switches {
    bool dry_run = false;
    bool wait = false;
  };
  CLI::App* command = app.add_subcommand("submit", "submits a program as a job, prints its id");
  const auto options = std::make_shared<JobRequestOptions>(*command);
  const auto switches = std::make_shared<Switches>();
  command->add_flag("--dry-run", switches->dry_run, "prints the script and submits nothing");
  command->add_flag("--wait", switches->wait,
                    "waits for the end; the job's exit code is that of tutti");
  command->callback([options, switches, &exit_code] {
    const jobs::JobRequest request = options->request();
    if (switches->dry_run) {
      const jobs::BatchSystem system = batch_system_of(request);
      check_program(request.options);
      std::cout << jobs::script_of(plan_of(request, system), system);
      exit_code = 0;
      return;
    }
    const JobRecord record = submit(request);
    std::cout << record.id << std::endl;
    exit_code = switches->wait ? wait_for_end(record) : 0;
  });
}

}  // namespace tutti::cli
