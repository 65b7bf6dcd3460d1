#pragma once

/// The settings of a job from all sources: files, environment, command line.

#include "jobs/configuration.hpp"

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tutti::cli {

/// Adds an option for each setting of jobs to a subcommand, and the program with its arguments
/// behind them. It has to live as long as the subcommand.
class JobRequestOptions {
 public:
  explicit JobRequestOptions(CLI::App& command);
  JobRequestOptions(const JobRequestOptions&) = delete;
  JobRequestOptions& operator=(const JobRequestOptions&) = delete;

  /// All sources in their order. Throws Error (bad_argument).
  std::vector<jobs::SettingsLayer> layers() const;

  /// What they say together, with the program of the command line. Throws Error (bad_argument),
  /// also for an unknown option, with the nearest name.
  jobs::JobRequest request() const;

 private:
  CLI::App& command_;
  std::string profile_;
  std::map<std::string, std::vector<std::string>> texts_;
  std::map<std::string, bool> switches_;
};

/// The files of settings that there are, in order: /etc/tutti/config.toml,
/// ~/.config/tutti/config.toml, $TUTTI_CONFIG. Throws Error (bad_argument) for one that cannot be
/// used, and when $TUTTI_CONFIG names none.
std::vector<jobs::SettingsFile> settings_files();

/// The one that `request` names, or else the one whose sbatch or qsub is on the PATH. Throws Error
/// (unsatisfiable) when neither or both are.
jobs::BatchSystem batch_system_of(const jobs::JobRequest& request);

/// Checked, and within the limits of the site.
jobs::JobPlan plan_of(const jobs::JobRequest& request, jobs::BatchSystem system);

}  // namespace tutti::cli
