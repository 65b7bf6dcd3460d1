#include "farm/farm.hpp"

#include "client/progress_writer.hpp"
#include "farm/interruption.hpp"
#include "farm/joblog_file.hpp"
#include "farm/summary.hpp"
#include "tutti/worker.hpp"

#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

namespace tutti::farm {
namespace {

using Clock = std::chrono::steady_clock;

Runner* this_runner = nullptr;

CommandEnd run_command(const CommandSpec& command) {
  CommandEnd end = this_runner->run(command);
  end.host = get_worker().hostname();
  return end;
}

unsigned slots_here() { return get_worker().threads(); }

/// Of commands that take less than this on average so many a slot are sent ahead, so that no slot
/// waits for rank 0. Longer ones are not, so that nothing starts after a farm was told to stop.
constexpr double ahead_below_s = 0.005;
constexpr std::size_t ahead = 3;

/// How often the farm looks for signals while no command ends.
constexpr std::chrono::milliseconds look_interval{100};
/// How long commands of other ranks may take to end after a signal, beyond what the runner gives
/// them.
constexpr std::chrono::milliseconds patience{1000};

void print(std::FILE* stream, const std::string& text) {
  if (!text.empty()) std::fwrite(text.data(), 1, text.size(), stream);
}

/// A farm under way, on rank 0.
class Farm {
 public:
  Farm(Client& client, const FarmRequest& request)
      : request_(request),
        progress_({.name = "commands"}),
        left_(0),
        running_(std::vector<Future<CommandEnd>>{}, look_interval) {
    if (!request.joblog.empty()) joblog_.emplace(request.joblog, request.resume);
    left_ = left_to_run(request.commands, joblog_ ? joblog_->entries() : std::vector<JoblogEntry>{},
                        request.resume);
    summary_.counts.total = left_.size();
    summary_.done_before = request.commands.size() - left_.size();
    for (const unsigned slots : client.run(slots_here)) summary_.slots += slots;
    client_ = &client;
  }

  int run() {
    while (may_start() || !running_.is_empty()) {
      while (may_start() && in_flight_.size() < window()) start_next();
      if (running_.is_empty() || !take_one()) break;
      if (!request_.quiet) progress_.write_when_due(count());
    }
    return finish();
  }

 private:
  struct Started {
    std::uint64_t number = 0;
    std::size_t position = 0;  ///< among those that are to be run
    Future<CommandEnd> future = {};
  };

  bool may_start() const {
    return halt_ == HaltRule::When::never && interruption() == 0 && !job_ends_ &&
           (next_ < left_.size() || !again_.empty());
  }

  std::size_t window() const {
    return summary_.slots * (mean_s_ > 0 && mean_s_ < ahead_below_s ? 1 + ahead : 1);
  }

  void start_next() {
    std::size_t position = 0;
    if (again_.empty()) {
      position = next_++;
    } else {
      position = again_.front();
      again_.pop_front();
    }
    const std::uint64_t number = left_[position];
    Future<CommandEnd> future = client_->submit(
        run_command, CommandSpec{.number = number, .line = request_.commands[number - 1]});
    running_.add(future);
    in_flight_.emplace(future.id(), Started{number, position, future});
  }

  /// Waits until a command has ended. False when nothing that runs is of interest any more.
  bool take_one() {
    for (;;) {
      if (interruption() != 0 && !interrupted_at_) interrupted_at_ = Clock::now();
      if (halt_ == HaltRule::When::now) return false;
      if (interrupted_at_ &&
          Clock::now() > *interrupted_at_ + this_runner->settings().time_to_end + patience)
        return false;
      try {
        const Future<CommandEnd> future = running_.next();
        const auto found = in_flight_.find(future.id());
        const Started started = std::move(found->second);
        in_flight_.erase(found);
        on_end(started);
        return true;
      } catch (const TimeoutError&) {
        if (!request_.quiet) progress_.write_when_due(count());
      }
    }
  }

  void on_end(const Started& started) {
    CommandEnd end;
    try {
      end = started.future.result();
    } catch (const CancelledError&) {
      job_ends_ = true;
      return;
    } catch (const TaskFailed& failed) {
      // The rank could not even try: no room for files, no further process.
      constexpr int not_started = 255;
      end.exit_value = not_started;
      end.host = failed.failure().host;
      end.messages = "tutti: command " + std::to_string(started.number) +
                     " could not be started: " + failed.failure().message + "\n";
    }
    // Not done, and not failed either: it is run again by --resume.
    if (end.interrupted) return;
    const bool failed = end.exit_value != 0 || end.signal != 0;
    summary_.command_seconds += end.run_s;
    constexpr double weight = 0.1;
    mean_s_ = mean_s_ == 0 ? end.run_s : (1 - weight) * mean_s_ + weight * end.run_s;
    if (failed && ++tries_[started.position] < request_.tries) {
      ++summary_.retried;
      again_.push_back(started.position);
      return;
    }
    note(started, end, failed);
  }

  void note(const Started& started, CommandEnd& end, bool failed) {
    FarmCounts& counts = summary_.counts;
    ++(failed ? counts.failed : counts.succeeded);
    if (failed && summary_.failed.size() < named_failures_max)
      summary_.failed.push_back(started.number);
    if (joblog_) {
      joblog_->add({.number = started.number,
                    .host = end.host,
                    .start_s = end.start_s,
                    .run_s = end.run_s,
                    .received_bytes = end.output_bytes,
                    .exit_value = end.exit_value,
                    .signal = end.signal,
                    .command = request_.commands[started.number - 1]});
    }
    if (end.timed_out)
      end.messages += "tutti: command " + std::to_string(started.number) +
                      " took longer than its time limit and was ended\n";
    show(started.position, std::move(end));
    if (halt_ == HaltRule::When::never) halt_ = request_.halt.look(counts);
  }

  /// Prints at once, or in the order of the list.
  void show(std::size_t position, CommandEnd end) {
    if (!request_.keep_order) return print_output(end);
    waiting_.emplace(position, std::move(end));
    while (!waiting_.empty() && waiting_.begin()->first == next_to_show_) {
      print_output(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++next_to_show_;
    }
  }

  void print_output(const CommandEnd& end) {
    if (end.output.empty() && end.messages.empty()) return;
    progress_.clear();
    print(stdout, end.output);
    std::fflush(stdout);
    print(stderr, end.messages);
  }

  client_module::ProgressCount count() const {
    return {.done = summary_.counts.done() + summary_.done_before,
            .total = request_.commands.size(),
            .failed = summary_.counts.failed,
            .done_at_start = summary_.done_before,
            .seconds = std::chrono::duration<double>(Clock::now() - start_).count()};
  }

  int finish() {
    // Those behind a gap, which an early end has left.
    for (const auto& [position, end] : waiting_) print_output(end);
    const bool complete = summary_.counts.done() == summary_.counts.total;
    if ((interruption() != 0 || job_ends_) && !complete) summary_.end = FarmEnd::interrupted;
    summary_.seconds = count().seconds;
    progress_.clear();
    if (!request_.quiet) std::fprintf(stderr, "tutti: %s\n", summary_text(summary_).c_str());
    return farm_exit_code(summary_.end, summary_.counts.failed, interruption());
  }

  const FarmRequest& request_;
  Client* client_ = nullptr;
  Clock::time_point start_ = Clock::now();
  client_module::ProgressWriter progress_;
  std::optional<JoblogFile> joblog_;
  std::vector<std::uint64_t> left_;  ///< numbers of commands
  std::size_t next_ = 0;
  std::deque<std::size_t> again_;  ///< positions of those that failed and are tried again
  std::unordered_map<std::size_t, std::uint32_t> tries_;
  AsCompleted<CommandEnd> running_;
  std::unordered_map<std::uint64_t, Started> in_flight_;  ///< by the future's number
  std::map<std::size_t, CommandEnd> waiting_;             ///< output whose turn has not come
  std::size_t next_to_show_ = 0;
  double mean_s_ = 0;  ///< how long commands take lately
  HaltRule::When halt_ = HaltRule::When::never;
  bool job_ends_ = false;  ///< the run ends, near the end of the batch job
  std::optional<Clock::time_point> interrupted_at_;
  FarmSummary summary_;
};

}  // namespace

void set_runner(Runner* runner) { this_runner = runner; }

int run_farm(Client& client, const FarmRequest& request) { return Farm(client, request).run(); }

}  // namespace tutti::farm
