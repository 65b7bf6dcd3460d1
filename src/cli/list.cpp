#include "cli/commands.hpp"
#include "cli/known_jobs.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace tutti::cli {

void add_list(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("list", "lists the jobs of `tutti submit`");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::all);
  const auto active_only = std::make_shared<bool>(false);
  command->add_flag("--active", *active_only, "leaves out those that are over");
  command->callback([known, active_only, &exit_code] {
    std::vector<JobStatus> jobs = known->all();
    if (*active_only) std::erase_if(jobs, [](const JobStatus& job) { return job.is_over(); });
    std::cout << table_of(jobs);
    exit_code = 0;
  });
}

}  // namespace tutti::cli
