#include "cli/commands.hpp"
#include "cli/known_jobs.hpp"
#include "cli/process.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tutti::cli {

void add_logs(CLI::App& app, int& exit_code) {
  struct Options {
    std::string lines = "+1";
    bool follow = false;
  };
  CLI::App* command = app.add_subcommand("logs", "prints the output of a job");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::one);
  const auto options = std::make_shared<Options>();
  command->add_option("-n,--lines", options->lines, "only so many lines at the end")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("-f,--follow", options->follow,
                    "goes on with what is added, until interrupted");
  command->callback([known, options, &exit_code] {
    const JobStatus job = known->one();
    const std::vector<std::filesystem::path> logs = logs_of(job.record);
    if (logs.empty())
      throw Error(ErrorCode::io, "job " + job.record.id + " (" + job.state() +
                                     ") has no output in '" + job.record.log_directory + "' yet");
    exit_code = 0;
    std::vector<std::string> command_line{"tail", "--lines=" + options->lines};
    if (options->follow) command_line.emplace_back("--follow=name");
    for (const std::filesystem::path& log : logs) command_line.push_back(log.string());
    become(command_line);
  });
}

}  // namespace tutti::cli
