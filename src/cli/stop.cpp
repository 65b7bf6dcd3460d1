#include "cli/commands.hpp"
#include "cli/known_jobs.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

namespace tutti::cli {
namespace {

constexpr std::chrono::milliseconds time_between_questions{500};
/// A run notices a request within a second, and main has 8 s then.
constexpr std::chrono::seconds time_for_request{15};

bool ends_within(const JobRecord& record, std::chrono::seconds limit) {
  const auto last = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (status_of(record).is_over()) return true;
    if (std::chrono::steady_clock::now() >= last) return false;
    std::this_thread::sleep_for(time_between_questions);
  }
}

int stop(const JobStatus& job, std::chrono::seconds patience) {
  const std::string name = "job " + job.record.id + " (" + job.record.name + ")";
  if (job.is_over()) {
    std::cout << name << " was over already\n";
    return 0;
  }
  // A run of tutti ends by itself when it is asked to: nothing starts any more, main says goodbye.
  const std::optional<RunStatus> run = run_status_of(job.record);
  if (job.queued.state == jobs::QueueState::running && run && !run->over) {
    request_stop(job.record);
    if (ends_within(job.record, std::min(patience, time_for_request))) {
      std::cout << name << " is over\n";
      return 0;
    }
  }
  cancel(job.record);
  if (!ends_within(job.record, patience)) {
    std::cerr << "tutti: " << name << " is still there after " << patience.count()
              << " s and is ended hard\n";
    kill(job.record);
    if (!ends_within(job.record, patience)) {
      std::cerr << "tutti: " << name
                << " is still there: ask the operators, as its node may be gone\n";
      return 1;
    }
  }
  std::cout << name << " is over\n";
  return 0;
}

}  // namespace

void add_stop(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("stop", "ends a job: asks the run, then the batch system, then by force");
  const auto known = std::make_shared<KnownJobs>(*command, KnownJobs::About::one);
  const auto patience_s = std::make_shared<unsigned>(60);
  command->add_option("--patience", *patience_s, "seconds to wait for each of them, 60");
  command->callback([known, patience_s, &exit_code] {
    exit_code = stop(known->one(), std::chrono::seconds(*patience_s));
  });
}

}  // namespace tutti::cli
