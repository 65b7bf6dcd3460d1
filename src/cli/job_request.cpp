#include "cli/job_request.hpp"

#include "cli/files.hpp"
#include "cli/process.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

namespace tutti::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// What the command line holds behind the options is the program; what looks like an option there
/// is one that does not exist.
void check_no_option(const std::vector<std::string>& rest) {
  if (rest.empty() || !rest[0].starts_with("-")) return;
  std::string name = rest[0].substr(std::min(rest[0].find_first_not_of('-'), rest[0].size()));
  name = name.substr(0, name.find('='));
  std::replace(name.begin(), name.end(), '-', '_');
  jobs::job_setting_named(name, "the option " + rest[0]);
  throw Error(ErrorCode::bad_argument, "the option " + rest[0] + " cannot stand here");
}

}  // namespace

JobRequestOptions::JobRequestOptions(CLI::App& command) : command_(command) {
  command.prefix_command();
  command.footer(
      "Behind the options: the program and its arguments.\n"
      "Settings also come from files and TUTTI_JOBS_ variables: `tutti config show`.");
  command.add_option("--profile", profile_, "named group of settings in the files");
  for (const jobs::JobSetting& setting : jobs::job_settings()) {
    const std::string option = jobs::option_of(setting);
    const std::string help(setting.help);
    if (setting.kind == jobs::SettingKind::yes_or_no) {
      command.add_flag(option, switches_[std::string(setting.name)], help);
      continue;
    }
    const bool many =
        setting.kind == jobs::SettingKind::list || setting.kind == jobs::SettingKind::variables;
    command.add_option(option, texts_[std::string(setting.name)], help)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(many ? CLI::MultiOptionPolicy::TakeAll
                                   : CLI::MultiOptionPolicy::TakeLast);
  }
}

std::vector<jobs::SettingsLayer> JobRequestOptions::layers() const {
  std::vector<jobs::SettingsLayer> above = jobs::environment_layers(environment_entries());
  for (const jobs::JobSetting& setting : jobs::job_settings()) {
    const std::string option = jobs::option_of(setting);
    if (command_.count(option) == 0) continue;
    const std::string name(setting.name);
    const bool is_switch = setting.kind == jobs::SettingKind::yes_or_no;
    const std::vector<std::string> texts =
        is_switch ? std::vector<std::string>{switches_.at(name) ? "true" : "false"}
                  : texts_.at(name);
    above.push_back({.origin = option, .texts = {{name, texts}}});
  }
  const std::string profile = profile_.empty() ? variable("TUTTI_PROFILE") : profile_;
  return jobs::layers_in_order(settings_files(), profile, std::move(above));
}

jobs::JobRequest JobRequestOptions::request() const {
  const std::vector<std::string> rest = command_.remaining();
  check_no_option(rest);
  jobs::JobRequest request = jobs::request_of(layers());
  if (!rest.empty()) {
    request.options.program = rest[0];
    request.options.arguments.assign(rest.begin() + 1, rest.end());
  }
  return request;
}

std::vector<jobs::SettingsFile> settings_files() {
  std::vector<std::string> paths{"/etc/tutti/config.toml"};
  const std::string home = variable("HOME");
  if (!home.empty()) paths.push_back(home + "/.config/tutti/config.toml");
  const std::string named = variable("TUTTI_CONFIG");
  std::vector<jobs::SettingsFile> files;
  for (const std::string& path : paths) {
    if (const std::optional<std::string> text = read_file(path))
      files.push_back(jobs::settings_file(path, *text));
  }
  if (named.empty()) return files;
  const std::optional<std::string> text = read_file(named);
  if (!text)
    throw Error(ErrorCode::bad_argument,
                "TUTTI_CONFIG names the file '" + named + "', which does not exist");
  files.push_back(jobs::settings_file(named, *text));
  return files;
}

jobs::BatchSystem batch_system_of(const jobs::JobRequest& request) {
  if (!request.scheduler.empty()) return jobs::batch_system_named(request.scheduler);
  const bool slurm = find_program("sbatch").has_value();
  const bool pbs = find_program("qsub").has_value();
  // A qsub beside sbatch is Slurm's own imitation, or leads to a second system.
  if (slurm && !pbs) return jobs::BatchSystem::slurm;
  if (pbs && !slurm) return jobs::BatchSystem::pbs;
  throw Error(ErrorCode::unsatisfiable,
              std::string(slurm ? "both sbatch and qsub are on the PATH"
                                : "neither sbatch nor qsub is on the PATH") +
                  ": say --scheduler slurm or --scheduler pbs" +
                  (slurm ? "" : ", or go to a login node of the cluster"));
}

jobs::JobPlan plan_of(const jobs::JobRequest& request, jobs::BatchSystem system) {
  jobs::JobPlan plan = jobs::plan_of(request.options, system);
  jobs::check_limits(plan, request.limits);
  return plan;
}

}  // namespace tutti::cli
