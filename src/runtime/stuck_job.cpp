// What SchedulerDriver does when work is left that nobody does.

#include "runtime/job_end.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string>
#include <unistd.h>

namespace tutti::runtime {
namespace {

constexpr std::size_t probe_bytes = 64;

/// Writes the text into the first folder that takes it; gives the path, or "" when none does.
std::string write_state(const std::string& text) {
  const std::string name = fmt::format("tutti_stuck_{}.txt", ::getpid());
  const std::array<std::string, 2> folders{"./", "/tmp/"};
  for (const std::string& folder : folders) {
    std::ofstream file(folder + name);
    file << text;
    file.close();
    if (file) return folder + name;
  }
  return "";
}

}  // namespace

void SchedulerDriver::watch() {
  using Verdict = scheduler::Watchdog::Verdict;
  // Without the lock: file systems may take their time.
  tend_job_files();
  const std::lock_guard lock(rank_.engine().mutex());
  look_for_end();
  tend_scale();
  // What runs on the client's thread, and transfers of this rank, are progress that no event tells.
  const bool quiet = !client_runs_ && !rank_.transport().busy();
  const bool work_left = quiet && scheduler_.counts().work_left != 0;
  switch (watchdog_.look(now_ns(), scheduler_.story().next(), work_left, workers_joined_)) {
    case Verdict::fine:
      return;
    case Verdict::ask:
      return ask_workers();
    case Verdict::stuck:
      end_stuck();
  }
}

void SchedulerDriver::ask_workers() {
  answers_.clear();
  const scheduler::WorkerTable& workers = scheduler_.workers();
  for (int rank = 0; rank < workers.size(); ++rank) {
    if (workers.at(rank).joined)
      rank_.outbox().add(rank, protocol::Probe{watchdog_.round()}, probe_bytes);
  }
  rank_.outbox().flush();
}

void SchedulerDriver::end_stuck() {
  const scheduler::Counts counts = scheduler_.counts();
  std::string text = scheduler_.tell_state();
  text += "\nWhat the workers said:\n";
  for (const auto& [rank, answer] : answers_) {
    text += fmt::format("rank {}: {} running, {} ready, {} assigned, {} values awaited\n", rank,
                        answer.running, answer.ready, answer.assigned, answer.awaited);
  }
  text += "\nNames:\n";
  for (const auto& [id, name] : names_) text += fmt::format("{}: {}\n", id.slot(), name);
  const std::string path = write_state(text);
  abort_job(1, fmt::format("{} tasks or maps are not done, but none of them runs anywhere and "
                           "nothing has happened for {} s; this should not be, please report it{}",
                           counts.work_left, rank_.options().watchdog_s,
                           path.empty() ? "" : " with the file " + path));
}

}  // namespace tutti::runtime
