// What SchedulerDriver does when the run has to end before its work is done: a signal, or the end
// of the batch job.

#include "runtime/job_end.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"
#include "tutti/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <signal.h>
#include <string.h>

namespace tutti::runtime {
namespace {

/// How long main may take to return: launchers kill a second or more after a signal to end, but
/// have patience after a warning.
constexpr std::chrono::seconds patience_of_warning{8};
constexpr std::chrono::seconds patience_of_signal{2};
/// Looks in which nothing runs and all that is left would not end in time.
constexpr std::uint32_t looks_until_end = 3;

std::string words_of_signal(int number, bool several_ranks) {
  return fmt::format("rank 0 received SIG{}{}; the job ends", ::sigabbrev_np(number),
                     several_ranks && ending_signal_is_of_launcher() ? " from the launcher" : "");
}

}  // namespace

void SchedulerDriver::look_for_end() {
  const auto now = std::chrono::steady_clock::now();
  if (ending_) {
    if (now - ending_->begun > ending_->patience)
      abort_job(ending_->exit_code, ending_->reason + "; main did not return in time");
    return;
  }
  // Before the client is there nothing can be cancelled, but soon.
  if (sink_ == nullptr) return;
  if (const int number = ending_signal(); number != 0)
    return begin_end(words_of_signal(number, rank_.size() > 1),
                     number == SIGUSR1 ? requeue_exit_code : 128 + number,
                     number == SIGUSR1 ? patience_of_warning : patience_of_signal);
  if (stop_requested_)
    return begin_end("`tutti stop` was called; the job ends", 128 + SIGTERM, patience_of_warning);
  const auto end = limit_.end();
  if (!end) return;
  const auto last = *end - std::chrono::seconds(rank_.options().walltime_margin_s);
  const auto last_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(last - start_).count();
  // 0 would mean that there is no end.
  scheduler_.set_end(static_cast<std::uint64_t>(std::max<std::int64_t>(1, last_ns)));
  if (now >= last) {
    const auto left_s = std::chrono::duration_cast<std::chrono::seconds>(*end - now).count();
    return begin_end(fmt::format("the job ends in {} s, so the run ends now", left_s),
                     requeue_exit_code, patience_of_warning);
  }
  looks_held_ = scheduler_.only_held_left() ? looks_held_ + 1 : 0;
  if (looks_held_ >= looks_until_end)
    begin_end("every task that is left takes longer than the job will last, so the run ends now",
              requeue_exit_code, patience_of_warning);
}

JobProgress SchedulerDriver::progress() {
  return {.snapshot = scheduler::take_snapshot(scheduler_),
          .tasks_left = scheduler_.tasks_left(),
          .seconds = static_cast<double>(now_ns()) * 1e-9,
          .ending = ending_ ? ending_->reason : ""};
}

void SchedulerDriver::tend_job_files() {
  if (!files_.is_due()) return;
  JobProgress now;
  {
    const std::lock_guard lock(rank_.engine().mutex());
    now = progress();
  }
  files_.write_status(status_text(now, rank_.transport().places(), std::time(nullptr)));
  const bool stop = files_.is_stop_requested();
  const std::string request = files_.take_request("scale");
  const std::lock_guard lock(rank_.engine().mutex());
  stop_requested_ = stop;
  if (!request.empty()) obey_request(request);
}

SchedulerDriver::~SchedulerDriver() {
  if (rank_.options().job_directory.empty()) return;
  JobProgress last = progress();
  last.over = true;
  files_.write_status(status_text(last, rank_.transport().places(), std::time(nullptr)));
}

void SchedulerDriver::begin_end(std::string reason, int exit_code,
                                std::chrono::steady_clock::duration patience) {
  ending_ = Ending{std::move(reason), exit_code, patience, std::chrono::steady_clock::now()};
  std::fflush(stdout);
  std::fprintf(stderr, "tutti: %s\n", ending_->reason.c_str());
  TaskFailure failure;
  failure.type = "tutti::CancelledError";
  failure.message = "the task was cancelled: " + ending_->reason;
  const auto shared = std::make_shared<const TaskFailure>(std::move(failure));
  scheduler_.stop_starting();
  sink_->on_ending(shared, exit_code, patience / 2);
  scheduler_.cancel_all(shared, commands_);
  dirty_ = true;
}

}  // namespace tutti::runtime
