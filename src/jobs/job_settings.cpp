#include "jobs/job_settings.hpp"

#include "base/nearest_name.hpp"
#include "jobs/quantities.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tutti::jobs {
namespace {

using Texts = std::vector<std::string>;

[[noreturn]] void refuse(std::string_view name, std::string_view text, std::string_view allowed) {
  throw Error(ErrorCode::bad_argument,
              fmt::format("the option {} is '{}', but must be {}", name, text, allowed));
}

std::uint32_t number_of(std::string_view name, const std::string& text) {
  constexpr std::uint32_t most = 1'000'000;
  std::uint32_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value > most)
    refuse(name, text, "a whole number from 0 to 1000000");
  return value;
}

bool truth_of(std::string_view name, const std::string& text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  refuse(name, text, "true or false");
}

template <std::string JobOptions::*member>
void set_text(JobRequest& request, std::string_view, const Texts& texts) {
  request.options.*member = texts.at(0);
}

template <std::uint32_t JobOptions::*member>
void set_number(JobRequest& request, std::string_view name, const Texts& texts) {
  request.options.*member = number_of(name, texts.at(0));
}

template <bool JobOptions::*member>
void set_bool(JobRequest& request, std::string_view name, const Texts& texts) {
  request.options.*member = truth_of(name, texts.at(0));
}

template <Texts JobOptions::*member>
void set_list(JobRequest& request, std::string_view, const Texts& texts) {
  request.options.*member = texts;
}

void set_variables(JobRequest& request, std::string_view, const Texts& texts) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    JobVariable variable{.name = text.substr(0, equals)};
    if (equals != std::string::npos) variable.value = text.substr(equals + 1);
    std::vector<JobVariable>& known = request.options.env;
    const auto same = std::find_if(known.begin(), known.end(), [&](const JobVariable& other) {
      return other.name == variable.name;
    });
    if (same == known.end()) {
      known.push_back(std::move(variable));
    } else {
      *same = std::move(variable);
    }
  }
}

void set_scheduler(JobRequest& request, std::string_view, const Texts& texts) {
  request.scheduler = name_of(batch_system_named(texts.at(0)));
}

void set_jobs_directory(JobRequest& request, std::string_view, const Texts& texts) {
  request.jobs_directory = texts.at(0);
}

void set_requeue_limit(JobRequest& request, std::string_view name, const Texts& texts) {
  request.options.requeue_limit = number_of(name, texts.at(0));
}

void set_warn(JobRequest& request, std::string_view name, const Texts& texts) {
  request.options.warn_s = texts.at(0) == "0" ? 0
                                              : static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                                    walltime_seconds(name, texts.at(0)), 1 << 30));
}

template <std::uint32_t JobLimits::*member>
void set_number_limit(JobRequest& request, std::string_view name, const Texts& texts) {
  request.limits.*member = number_of(name, texts.at(0));
}

void set_max_memory(JobRequest& request, std::string_view name, const Texts& texts) {
  request.limits.memory_bytes = memory_bytes(name, texts.at(0));
}

void set_max_walltime(JobRequest& request, std::string_view name, const Texts& texts) {
  request.limits.walltime_s = walltime_seconds(name, texts.at(0));
}

using enum SettingKind;
using Job = JobOptions;

constexpr std::array<JobSetting, 34> table{{
    {"scheduler", "system", text, "slurm or pbs; else whichever of sbatch and qsub there is",
     set_scheduler},
    {"name", "job_name", text, "name of the job", set_text<&Job::name>},
    {"nodes", "n_nodes", number, "nodes", set_number<&Job::nodes>},
    {"ranks_per_node", "processes", number, "processes on each node",
     set_number<&Job::ranks_per_node>},
    {"cores", "ncpus", number, "cores of each node; alone, they are split by a rule",
     set_number<&Job::cores>},
    {"cores_per_worker", "worker_cores", number, "cores of each rank",
     set_number<&Job::worker_cores>},
    {"memory", "mem", text, "memory of each node: 192GB, 180GiB", set_text<&Job::memory>},
    {"memory_per_worker", "worker_memory", text, "memory of each rank",
     set_text<&Job::worker_memory>},
    {"walltime", "time", text, "limit of time: 01:30:00, 90m", set_text<&Job::walltime>},
    {"queue", "partition", text, "queue of PBS, partition of Slurm", set_text<&Job::queue>},
    {"account", "project", text, "account or project that pays", set_text<&Job::account>},
    {"gpus_per_node", "gres", number, "GPUs of each node", set_number<&Job::gpus_per_node>},
    {"exclusive", "excl", SettingKind::yes_or_no, "no other job shares the nodes",
     set_bool<&Job::exclusive>},
    {"array", "job_array", text, "indices of an array of jobs: 0-9", set_text<&Job::array>},
    {"log_directory", "log_dir", text, "where the output goes", set_text<&Job::log_directory>},
    {"local_directory", "local_dir", text, "where ranks keep files of their own: $TMPDIR",
     set_text<&Job::local_directory>},
    {"interface", "network_interface", text, "network interface for TCP: ib0",
     set_text<&Job::interface>},
    {"modules", "module", list, "module to load; may be repeated", set_list<&Job::modules>},
    {"prologue", "job_script_prologue", list, "line of shell before the program; may be repeated",
     set_list<&Job::job_script_prologue>},
    {"epilogue", "job_script_epilogue", list, "line of shell after the program; may be repeated",
     set_list<&Job::job_script_epilogue>},
    {"env", "environment", variables,
     "NAME=VALUE for all ranks, or NAME: the value at submission, kept out of the script; may be "
     "repeated",
     set_variables},
    {"extra", "job_extra_directives", list, "further directive: '-q normal'; may be repeated",
     set_list<&Job::job_extra_directives>},
    {"skip", "job_directives_skip", list,
     "leaves out generated directives that contain this; may be repeated",
     set_list<&Job::job_directives_skip>},
    {"shebang", "python", text, "first line of the script", set_text<&Job::shebang>},
    {"resource_spec", "select", text, "PBS: what stands for select=...",
     set_text<&Job::resource_spec>},
    {"requeue", "restart", SettingKind::yes_or_no,
     "runs again after a warning, or after exit code 75", set_bool<&Job::requeue>},
    {"requeue_limit", "max_requeues", number, "how many times at most", set_requeue_limit},
    {"warn", "signal", text, "time before the end at which the program gets SIGUSR1: 120s",
     set_warn},
    {"launcher", "worker_command", text, "srun, mpirun, mpiexec or tutti",
     set_text<&Job::launcher>},
    {"jobs_directory", "staging_directory", text, "where `tutti submit` keeps its folders",
     set_jobs_directory},
    {"max_nodes", "cluster_max_workers", number, "limit of the site",
     set_number_limit<&JobLimits::nodes>},
    {"max_cores", "cluster_max_cores", number, "limit of the site, of a node",
     set_number_limit<&JobLimits::cores>},
    {"max_memory", "cluster_max_memory", text, "limit of the site, of a node", set_max_memory},
    {"max_walltime", "max_time", text, "limit of the site", set_max_walltime},
}};

}  // namespace

std::span<const JobSetting> job_settings() { return table; }

std::string option_of(const JobSetting& setting) {
  std::string option = "--" + std::string(setting.name);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

std::string variable_of(const JobSetting& setting) {
  std::string variable = "TUTTI_JOBS_";
  for (const char letter : setting.name)
    variable += letter == '_' ? letter : static_cast<char>(letter - 'a' + 'A');
  return variable;
}

const JobSetting& job_setting_named(std::string_view name, std::string_view where) {
  const auto found = std::find_if(table.begin(), table.end(), [name](const JobSetting& setting) {
    return setting.name == name;
  });
  if (found != table.end()) return *found;
  std::vector<std::string_view> names;
  std::string_view nearest;
  for (const JobSetting& setting : table) {
    names.push_back(setting.name);
    if (setting.another == name) nearest = setting.name;
  }
  if (nearest.empty()) nearest = base::nearest_name(name, names);
  std::string sentence = fmt::format("{}: there is no setting '{}'", where, name);
  if (!nearest.empty()) sentence.append("; did you mean '").append(nearest).append("'?");
  throw Error(ErrorCode::bad_argument, sentence);
}

}  // namespace tutti::jobs
