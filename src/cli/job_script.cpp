#include "cli/commands.hpp"
#include "cli/job_request.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace tutti::cli {

void add_job_script(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("job-script", "prints the script for sbatch or qsub");
  const auto options = std::make_shared<JobRequestOptions>(*command);
  command->callback([options, &exit_code] {
    const jobs::JobRequest request = options->request();
    const jobs::BatchSystem system = batch_system_of(request);
    std::cout << jobs::script_of(plan_of(request, system), system);
    exit_code = 0;
  });
}

}  // namespace tutti::cli
