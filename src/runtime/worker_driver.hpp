#pragma once

/// WorkerDriver: joins WorkerState to messages and threads.

#include "protocol/messages.hpp"
#include "runtime/progress_engine.hpp"
#include "worker/executor.hpp"
#include "worker/worker_state.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace tutti::runtime {

class Rank;

class WorkerDriver {
 public:
  explicit WorkerDriver(Rank& rank);

  /// Tells rank 0 that this worker is ready.
  void say_hello();
  /// Starts the executor threads but the first `borrowed`, which the caller runs by run_executor().
  void start_threads(unsigned borrowed);
  /// The loop of one executor thread, until stop().
  void run_executor(unsigned number);
  /// No further task starts. The caller holds the lock.
  void stop();
  bool stopping() const { return stopping_; }
  /// Tasks that run now. The caller holds the lock.
  std::size_t running() const { return state_.taken(); }
  void join() { executor_.join(); }
  /// The caller holds the lock.
  const worker::WorkerState& state() const { return state_; }
  void set_pause(worker::Pause pause) { state_.set_pause(pause); }

  void on(int from, const protocol::DefineFunction& message);
  void on(int from, const protocol::DefineGroup& message);
  void on(int from, const protocol::AssignTask& message);
  void on(int from, const protocol::AssignRange& message);
  void on(int from, const protocol::ReleaseData& message);
  void on(int from, const protocol::GiveBack& message);
  void on(int from, const protocol::Located& message);
  void on(int from, const protocol::Probe& message);
  void on(int from, const protocol::Fetch& message);
  void on(int from, const protocol::Replicate& message);
  void on(int from, const protocol::DropStretch& message);
  void on_definition(std::span<const std::byte> definition);

  void check_invariants() const { state_.check_invariants(); }
  /// After each poll: tells waiting threads of new work. The caller holds the lock.
  void end_turn();

 private:
  void obey();
  void obey_fetches();
  void obey_loads();
  void obey_answers();
  void refuse_results(worker::Batch& batch);
  bool refuse_results(worker::RangeWork& range, std::uint64_t bytes);
  void note_failures(worker::RangeWork& range);
  std::uint64_t settle_results(worker::RangeWork& range);
  void report(worker::Batch& batch);
  void report_range(worker::RangeWork& range);
  bool reports_are_due() const;
  void tell_rank_0();
  void report_timings();

  Rank& rank_;
  worker::WorkerState state_;
  worker::WorkerCommands commands_;
  worker::Executor executor_;
  std::vector<protocol::Timing> timings_;
  std::size_t held_reports_ = 0;  ///< of tasks that ended well, not sent yet
  Clock::time_point first_held_;
  bool stopping_ = false;
};

}  // namespace tutti::runtime
