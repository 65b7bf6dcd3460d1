#include "cli/known_jobs.hpp"

#include "cli/files.hpp"
#include "cli/job_request.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>

namespace tutti::cli {

KnownJobs::KnownJobs(CLI::App& command, About about) {
  command.add_option("--jobs-directory", jobs_directory_, "where `tutti submit` keeps its folders");
  if (about == About::one) command.add_option("JOB", wanted_, "id or name; else the only job");
}

std::vector<JobStatus> KnownJobs::all() const {
  std::vector<jobs::SettingsLayer> above = jobs::environment_layers(environment_entries());
  if (!jobs_directory_.empty()) {
    above.push_back(
        {.origin = "--jobs-directory", .texts = {{"jobs_directory", {jobs_directory_}}}});
  }
  const char* profile = std::getenv("TUTTI_PROFILE");
  const std::vector<jobs::SettingsFile> files = settings_files();
  const jobs::JobRequest request = jobs::request_of(
      jobs::layers_in_order(files, profile == nullptr ? "" : profile, std::move(above)));
  return status_of(read_records(with_variables(request.jobs_directory)));
}

JobStatus KnownJobs::one() const {
  const std::vector<JobStatus> jobs = all();
  if (!wanted_.empty()) return chosen_job(jobs, wanted_);
  std::vector<JobStatus> active;
  std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(active),
               [](const JobStatus& job) { return !job.is_over(); });
  return chosen_job(active.empty() ? jobs : active, "");
}

}  // namespace tutti::cli
