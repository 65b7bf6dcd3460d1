#include "cli/job_directory.hpp"

#include "cli/files.hpp"
#include "tutti/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace tutti::cli {
namespace {

constexpr const char* record_name = "job.json";

bool is_own(const std::filesystem::path& directory) {
  struct stat status {};
  return ::lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

std::optional<JobRecord> read_record(const std::filesystem::path& directory) {
  const std::optional<std::string> text = read_file(directory / record_name);
  if (!text) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    return JobRecord{.directory = directory,
                     .system = jobs::batch_system_named(json.at("system").get<std::string>()),
                     .id = json.at("id").get<std::string>(),
                     .name = json.at("name").get<std::string>(),
                     .nodes = json.at("nodes").get<std::uint32_t>(),
                     .submitted = json.at("submitted").get<std::string>(),
                     .log_directory = json.at("log_directory").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A file that the run of the job finds within a second.
void request(const JobRecord& record, const char* name, const std::string& text) {
  if (!is_own(record.directory))
    throw Error(ErrorCode::io, "the folder of job " + record.id + ", '" +
                                   record.directory.string() + "', is gone or not yours");
  replace_file(record.directory / name, text + "\n");
}

}  // namespace

std::filesystem::path make_job_directory(const std::filesystem::path& jobs_directory,
                                         const std::string& name) {
  std::error_code error;
  std::filesystem::create_directories(jobs_directory, error);
  std::string pattern = (jobs_directory / (name + "-XXXXXX")).string();
  if (error || ::mkdtemp(pattern.data()) == nullptr)
    throw Error(ErrorCode::io, "cannot make a folder for the job in '" + jobs_directory.string() +
                                   "': " + (error ? error.message() : std::strerror(errno)) +
                                   "; say another place by --jobs-directory");
  return pattern;
}

void write_record(const JobRecord& record) {
  const nlohmann::json json{{"system", jobs::name_of(record.system)},
                            {"id", record.id},
                            {"name", record.name},
                            {"nodes", record.nodes},
                            {"submitted", record.submitted},
                            {"log_directory", record.log_directory}};
  replace_file(record.directory / record_name, json.dump(2) + "\n");
}

std::vector<JobRecord> read_records(const std::filesystem::path& jobs_directory) {
  std::vector<JobRecord> records;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(jobs_directory, error)) {
    if (!is_own(entry.path())) continue;
    if (std::optional<JobRecord> record = read_record(entry.path()))
      records.push_back(std::move(*record));
  }
  std::sort(records.begin(), records.end(), [](const JobRecord& left, const JobRecord& right) {
    return std::tie(left.submitted, left.id) < std::tie(right.submitted, right.id);
  });
  return records;
}

std::filesystem::path exit_code_file(const std::filesystem::path& directory) {
  return directory / "exit_code";
}

std::optional<int> exit_code_of(const JobRecord& record) {
  const std::optional<std::string> text = read_file(exit_code_file(record.directory));
  if (!text || text->empty()) return std::nullopt;
  return std::atoi(text->c_str());
}

std::optional<RunStatus> run_status_of(const JobRecord& record) {
  const std::optional<std::string> text = read_file(record.directory / "status.json");
  if (!text) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  try {
    RunStatus status{.time_s = json.at("time").get<std::int64_t>(),
                     .seconds = json.at("seconds").get<double>(),
                     .done = json.at("done").get<std::uint64_t>(),
                     .left = json.at("left").get<std::uint64_t>(),
                     .ending = json.at("ending").get<std::string>(),
                     .over = json.at("over").get<bool>()};
    for (const nlohmann::json& worker : json.at("workers")) {
      ++status.workers;
      status.parked += worker.value("parked", false) ? 1 : 0;
      status.slots += worker.at("slots").get<std::uint64_t>();
      status.memory_bytes += worker.at("memory_bytes").get<std::uint64_t>();
      status.memory_limit_bytes += worker.at("memory_limit_bytes").get<std::uint64_t>();
      status.spilled_bytes += worker.at("spilled_bytes").get<std::uint64_t>();
    }
    return status;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void request_stop(const JobRecord& record) { request(record, "stop", ""); }

void request_scale(const JobRecord& record, const std::string& text) {
  request(record, "scale", text);
}

std::vector<std::filesystem::path> logs_of(const JobRecord& record) {
  const std::string number = record.id.substr(0, record.id.find('['));
  const std::string begin = record.name + "-" + number;
  std::vector<std::filesystem::path> logs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(record.log_directory, error)) {
    const std::string name = entry.path().filename();
    const bool right = name.starts_with(begin) && name.ends_with(".out");
    // The number ends there: 12 is not 123.
    if (right && std::string_view("._[").find(name[begin.size()]) != std::string_view::npos)
      logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace tutti::cli
