#include "cli/commands.hpp"
#include "cli/known_jobs.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace tutti::cli {
namespace {

/// The run of a job that runs. Throws Error (bad_argument) for all else.
RunStatus run_of(const JobStatus& job) {
  const std::optional<RunStatus> run = run_status_of(job.record);
  if (run && !run->over && job.queued.state == jobs::QueueState::running) return *run;
  throw Error(ErrorCode::bad_argument, fmt::format("job {} ({}) has no run of tutti now: it is {}",
                                                   job.record.id, job.record.name, job.state()));
}

std::uint64_t number_of_workers(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number != 0) return number;
  throw Error(ErrorCode::bad_argument,
              "'" + text + "' is no number of workers; it must be 1 or more: tutti scale JOB N");
}

void check_workers(std::uint64_t wanted, const RunStatus& run) {
  if (wanted <= run.workers) return;
  throw Error(ErrorCode::bad_argument,
              fmt::format("{} workers are asked for, and the job has {}; more need a new job",
                          wanted, run.workers));
}

}  // namespace

void add_scale(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("scale", "changes how many workers of a running job work");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::chosen);
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("JOB N", *words, "id or name, else the only job; workers that work")
      ->required()
      ->expected(1, 2);
  command->callback([known, words, &exit_code] {
    if (words->size() == 2) known->choose(words->front());
    const std::uint64_t workers = number_of_workers(words->back());
    const JobStatus job = known->one();
    check_workers(workers, run_of(job));
    request_scale(job.record, std::to_string(workers));
    std::cout << "job " << job.record.id << " works with " << workers << " from now on\n";
    exit_code = 0;
  });
}

void add_adapt(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "adapt", "lets a running job work with as many workers as there is work for");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::one);
  struct Bounds {
    std::uint32_t minimum = 1;
    std::uint32_t maximum = 0;
  };
  const auto bounds = std::make_shared<Bounds>();
  command->add_option("--min", bounds->minimum, "workers that always work, 1")
      ->check(CLI::Range(1u, 1'000'000u));
  command->add_option("--max", bounds->maximum, "the most that work; all")
      ->check(CLI::Range(1u, 1'000'000u));
  command->callback([known, bounds, &exit_code] {
    const JobStatus job = known->one();
    const RunStatus run = run_of(job);
    if (bounds->maximum == 0) bounds->maximum = static_cast<std::uint32_t>(run.workers);
    check_workers(bounds->maximum, run);
    if (bounds->minimum > bounds->maximum) {
      throw Error(ErrorCode::bad_argument,
                  fmt::format("--min {} is more than --max {}", bounds->minimum, bounds->maximum));
    }
    request_scale(job.record, fmt::format("{} {}", bounds->minimum, bounds->maximum));
    std::cout << "job " << job.record.id << " works with " << bounds->minimum << " to "
              << bounds->maximum << " workers from now on\n";
    exit_code = 0;
  });
}

}  // namespace tutti::cli
