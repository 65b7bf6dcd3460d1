#include "cli/commands.hpp"
#include "cli/known_jobs.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <thread>

namespace tutti::cli {
namespace {

constexpr double gigabyte = 1e9;
/// A status that is older belongs to a run that is stuck or gone.
constexpr std::int64_t old_s = 10;

/// "57/132 tasks, 4.6/s, 16 s left; 3 workers, 6 slots; memory 1.2 of 8.0 GB"
std::string words_of(const RunStatus& run) {
  std::string text = fmt::format("{}/{} tasks", run.done, run.done + run.left);
  const double rate = run.seconds > 0 ? static_cast<double>(run.done) / run.seconds : 0;
  if (rate > 0) text += fmt::format(", {:.3g}/s", rate);
  if (rate > 0 && run.left > 0)
    text += fmt::format(", {:.0f} s left", static_cast<double>(run.left) / rate);
  if (run.parked != 0) {
    text += fmt::format("; {} of {} workers work", run.workers - run.parked, run.workers);
  } else {
    text += fmt::format("; {} workers, {} slots", run.workers, run.slots);
  }
  text += fmt::format("; memory {:.1f}", static_cast<double>(run.memory_bytes) / gigabyte);
  if (run.memory_limit_bytes > 0)
    text += fmt::format(" of {:.1f}", static_cast<double>(run.memory_limit_bytes) / gigabyte);
  text += " GB";
  if (run.spilled_bytes > 0)
    text += fmt::format(", {:.1f} GB on disk", static_cast<double>(run.spilled_bytes) / gigabyte);
  const std::int64_t age_s = std::time(nullptr) - run.time_s;
  if (run.over) {
    text += "; the run is over";
  } else if (age_s > old_s) {
    text += fmt::format("; that was {} s ago", age_s);
  }
  if (!run.ending.empty()) text += "; " + run.ending;
  return text;
}

std::string run_line(const JobStatus& job) {
  const std::optional<RunStatus> run = run_status_of(job.record);
  if (run) return words_of(*run);
  return job.queued.state == jobs::QueueState::pending
             ? "it has not begun"
             : "the program has said nothing: it is none of tutti, or ends within a second";
}

int watch(const KnownJobs& known, std::chrono::seconds interval) {
  const JobRecord record = known.one().record;
  std::string last;
  for (;;) {
    const JobStatus job = status_of(record);
    const std::string line = fmt::format("{}: {}", job.state(), run_line(job));
    if (line != last) std::cout << line << std::endl;
    last = line;
    if (job.is_over()) return job.exit_code.value_or(1);
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("status", "says how far a job is");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::one);
  command->callback([known, &exit_code] {
    const JobStatus job = known->one();
    std::cout << table_of({job}) << run_line(job) << "\n";
    exit_code = 0;
  });
}

void add_watch(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "watch", "says how far a job is until it is over; its exit code is the job's");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::one);
  const auto interval_s = std::make_shared<unsigned>(2);
  command->add_option("--interval", *interval_s, "seconds between two looks, 2")
      ->check(CLI::Range(1u, 3600u));
  command->callback([known, interval_s, &exit_code] {
    exit_code = watch(*known, std::chrono::seconds(*interval_s));
  });
}

}  // namespace tutti::cli
