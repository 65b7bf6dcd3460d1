#include "cli/batch_queue.hpp"

#include "cli/process.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace tutti::cli {
namespace {

using jobs::BatchSystem;

ProcessEnd run_command(const std::vector<std::string>& command) {
  if (!find_program(command[0]))
    throw Error(ErrorCode::io, "'" + command[0] +
                                   "' is not on the PATH: go to a login node of the cluster, or "
                                   "load its module");
  return run_process(command);
}

void run_or_throw(const std::vector<std::string>& command) {
  const ProcessEnd end = run_command(command);
  if (end.code == 0) return;
  throw Error(ErrorCode::io,
              fmt::format("{} failed with exit code {}: {}{}", fmt::join(command, " "), end.code,
                          end.messages, end.output));
}

std::vector<jobs::QueuedJob> slurm_jobs(const std::string& ids) {
  std::vector<std::string> command = jobs::slurm_queue_command();
  command.push_back("--jobs=" + ids);
  ProcessEnd end = run_command(command);
  // A single job that Slurm has forgotten is an error to it.
  if (end.code != 0 && end.messages.find("Invalid job id") != std::string::npos) return {};
  if (end.code != 0) throw Error(ErrorCode::io, "squeue failed: " + end.messages);
  return jobs::slurm_queue(end.output);
}

std::vector<jobs::QueuedJob> pbs_jobs(const std::vector<std::string>& ids) {
  std::vector<std::string> command{"qstat", "-f"};
  command.insert(command.end(), ids.begin(), ids.end());
  // qstat fails when one of the jobs is over, but prints the others.
  return jobs::pbs_queue(run_command(command).output);
}

std::vector<jobs::QueuedJob> queued_jobs(BatchSystem system, const std::vector<std::string>& ids) {
  if (ids.empty()) return {};
  return system == BatchSystem::slurm ? slurm_jobs(fmt::format("{}", fmt::join(ids, ",")))
                                      : pbs_jobs(ids);
}

}  // namespace

std::string submit_script(BatchSystem system, const std::filesystem::path& directory,
                          const std::filesystem::path& script) {
  const bool slurm = system == BatchSystem::slurm;
  const std::vector<std::string> command =
      slurm ? std::vector<std::string>{"sbatch", "--parsable", script.string()}
            : std::vector<std::string>{"qsub", "-o", (directory / "qsub.out").string(),
                                       script.string()};
  const ProcessEnd end = run_command(command);
  if (end.code != 0)
    throw Error(ErrorCode::io,
                fmt::format("{} refused the job (exit code {}): {}{}\nThe script is {}", command[0],
                            end.code, end.messages, end.output, script.string()));
  // Warnings of sites, such as that of a queue that will be closed.
  std::cerr << end.messages;
  return jobs::submitted_id(system, end.output);
}

std::string JobStatus::state() const {
  if (!is_over()) return std::string(jobs::name_of(queued.state));
  return exit_code == 0 ? "STOPPED" : "FAILED";
}

std::vector<JobStatus> status_of(const std::vector<JobRecord>& records) {
  std::vector<JobStatus> all;
  for (const BatchSystem system : {BatchSystem::slurm, BatchSystem::pbs}) {
    // A script that has written its exit code is over, unless the job was put back into the queue,
    // so all of them are asked for.
    std::vector<std::string> ids;
    for (const JobRecord& record : records) {
      if (record.system == system) ids.push_back(record.id);
    }
    const std::vector<jobs::QueuedJob> queue = queued_jobs(system, ids);
    for (const JobRecord& record : records) {
      if (record.system != system) continue;
      JobStatus status{
          .record = record, .queued = {.id = record.id}, .exit_code = exit_code_of(record)};
      const auto found = std::find_if(queue.begin(), queue.end(), [&](const jobs::QueuedJob& job) {
        return job.id == record.id;
      });
      if (found != queue.end()) status.queued = *found;
      all.push_back(std::move(status));
    }
  }
  return all;
}

JobStatus status_of(const JobRecord& record) { return status_of(std::vector{record}).at(0); }

void cancel(const JobRecord& record) {
  run_or_throw({record.system == BatchSystem::slurm ? "scancel" : "qdel", record.id});
}

void kill(const JobRecord& record) {
  if (record.system == BatchSystem::slurm) {
    run_or_throw({"scancel", "--signal=KILL", "--full", record.id});
  } else {
    run_or_throw({"qdel", "-W", "force", record.id});
  }
}

const JobStatus& chosen_job(const std::vector<JobStatus>& jobs, const std::string& wanted) {
  const JobStatus* chosen = nullptr;
  std::size_t matches = 0;
  for (const JobStatus& job : jobs) {
    const bool right = wanted.empty() || job.record.name == wanted || job.record.id == wanted ||
                       wanted.starts_with(job.record.id + ".");
    if (!right) continue;
    chosen = &job;
    ++matches;
  }
  if (matches == 1) return *chosen;
  std::string sentence;
  if (jobs.empty()) {
    sentence = "there is no job that was submitted by `tutti submit` and is known";
  } else if (matches == 0) {
    sentence = "there is no job '" + wanted + "' among these:\n" + table_of(jobs);
  } else {
    sentence = fmt::format("{} jobs {}, say which by its id:\n{}", matches,
                           wanted.empty() ? "are there" : "have the name '" + wanted + "'",
                           table_of(jobs));
  }
  throw Error(ErrorCode::bad_argument, sentence);
}

std::string table_of(const std::vector<JobStatus>& jobs) {
  std::string text = fmt::format("{:<10} {:<16} {:<9} {:>5} {:>4} {:<20} {:<20} {}\n", "ID", "NAME",
                                 "STATE", "NODES", "EXIT", "SUBMITTED", "START", "TIME LEFT");
  for (const JobStatus& job : jobs) {
    const std::string code = job.is_over() && job.exit_code ? std::to_string(*job.exit_code) : "";
    std::string line =
        fmt::format("{:<10} {:<16} {:<9} {:>5} {:>4} {:<20} {:<20} {}", job.record.id,
                    job.record.name, job.state(), job.record.nodes, code, job.record.submitted,
                    job.queued.start, job.is_over() ? "" : job.queued.time_left);
    if (job.queued.state == jobs::QueueState::pending && !job.queued.reason.empty())
      line += " (" + job.queued.reason + ")";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace tutti::cli
