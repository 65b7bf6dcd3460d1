#include "jobs/queue_text.hpp"

#include "jobs/quantities.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <sstream>

namespace tutti::jobs {
namespace {

std::vector<std::string> fields_of(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

QueueState slurm_state(std::string_view word) {
  for (const std::string_view pending : {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD",
                                         "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}) {
    if (word == pending) return QueueState::pending;
  }
  for (const std::string_view running :
       {"RUNNING", "SUSPENDED", "RESIZING", "SIGNALING", "STAGE_OUT"}) {
    if (word == running) return QueueState::running;
  }
  return word == "COMPLETING" || word == "STOPPED" ? QueueState::stopping : QueueState::ended;
}

QueueState pbs_state(std::string_view letter) {
  if (letter == "Q" || letter == "H" || letter == "W" || letter == "T" || letter == "M")
    return QueueState::pending;
  if (letter == "R" || letter == "B" || letter == "S" || letter == "U") return QueueState::running;
  return letter == "E" ? QueueState::stopping : QueueState::ended;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string without_server(std::string_view id) { return std::string(id.substr(0, id.find('.'))); }

}  // namespace

std::string_view name_of(QueueState state) {
  switch (state) {
    case QueueState::pending:
      return "PENDING";
    case QueueState::running:
      return "RUNNING";
    case QueueState::stopping:
      return "STOPPING";
    case QueueState::ended:
      break;
  }
  return "ENDED";
}

std::string submitted_id(BatchSystem system, std::string_view printed) {
  // Sites let these commands print greetings first: the id is in the last line that is one.
  std::string id;
  std::istringstream lines{std::string(printed)};
  for (std::string line; std::getline(lines, line);) {
    const std::string_view word = trimmed(line);
    const std::size_t digits = word.find_first_not_of("0123456789");
    const std::string_view rest = digits == std::string_view::npos ? "" : word.substr(digits);
    const bool server = system == BatchSystem::slurm
                            ? rest.starts_with(';')
                            : rest.starts_with('.') || rest.starts_with("[]");
    if (!word.empty() && digits != 0 && (rest.empty() || server))
      id = word.substr(0, word.find_first_of(";."));
  }
  if (!id.empty()) return id;
  throw Error(ErrorCode::io, std::string(system == BatchSystem::slurm ? "sbatch" : "qsub") +
                                 " printed no job id, but: " + std::string(printed));
}

std::vector<std::string> slurm_queue_command() {
  return {"squeue", "--noheader", "--states=all", "--format=%A|%T|%D|%S|%L|%r|%F"};
}

std::vector<QueuedJob> slurm_queue(std::string_view printed) {
  std::vector<QueuedJob> jobs;
  std::istringstream lines{std::string(printed)};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = fields_of(line, '|');
    if (fields.size() != 7) continue;
    QueuedJob job{.id = fields[0],
                  .state = slurm_state(fields[1]),
                  .nodes = fields[2],
                  .start = fields[3] == "N/A" ? "" : fields[3],
                  .time_left = fields[4] == "INVALID" ? "" : fields[4],
                  .reason = fields[5] == "None" ? "" : fields[5]};
    // The parts of an array have numbers of their own, but it was submitted under that of the
    // whole.
    const bool part = fields[6] != job.id;
    const auto whole = std::find_if(jobs.begin(), jobs.end(),
                                    [&](const QueuedJob& other) { return other.id == fields[6]; });
    if (part) job.id = fields[6];
    if (whole == jobs.end()) {
      jobs.push_back(std::move(job));
    } else if (whole->state == QueueState::ended || job.state == QueueState::running) {
      *whole = std::move(job);
    }
  }
  return jobs;
}

/// What is left of a limit, both as "HH:MM:SS"; empty when one of them is no time.
std::string time_left(const std::string& limit, const std::string& used) {
  try {
    const std::uint64_t limit_s = walltime_seconds("limit", limit);
    const std::uint64_t used_s = used == "00:00:00" ? 0 : walltime_seconds("used", used);
    return pbs_walltime(limit_s - std::min(limit_s, used_s));
  } catch (const Error&) {
    return "";
  }
}

std::vector<QueuedJob> pbs_queue(std::string_view printed) {
  std::vector<QueuedJob> jobs;
  std::string limit;
  std::string used;
  std::istringstream lines{std::string(printed)};
  for (std::string line; std::getline(lines, line);) {
    const std::string_view words = trimmed(line);
    static constexpr std::string_view head = "Job Id:";
    if (words.starts_with(head)) {
      jobs.push_back({.id = without_server(trimmed(words.substr(head.size())))});
      limit.clear();
      used.clear();
      continue;
    }
    const std::size_t equals = words.find(" = ");
    if (jobs.empty() || equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(words.substr(0, equals));
    const std::string value(trimmed(words.substr(equals + 3)));
    QueuedJob& job = jobs.back();
    if (name == "job_state") job.state = pbs_state(value);
    if (name == "Resource_List.nodect") job.nodes = value;
    if (name == "stime" || (name == "start_time" && job.start.empty())) job.start = value;
    if (name == "comment") job.reason = value;
    if (name == "Resource_List.walltime") limit = value;
    if (name == "resources_used.walltime") used = value;
    if (job.state == QueueState::running) job.time_left = time_left(limit, used);
  }
  return jobs;
}

}  // namespace tutti::jobs
