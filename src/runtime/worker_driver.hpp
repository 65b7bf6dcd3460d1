#pragma once

/// WorkerDriver: joins WorkerState to messages and threads.

#include "base/exception_text.hpp"
#include "protocol/messages.hpp"
#include "runtime/progress_engine.hpp"
#include "worker/executor.hpp"
#include "worker/task_context.hpp"
#include "worker/worker_state.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
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
  /// Tasks that were begun and have not ended. The caller holds the lock.
  std::size_t running() const { return state_.taken(); }
  /// See Rank::wait_for_tasks; on a thread that runs a task.
  bool wait_inside(ProgressEngine::Lock& lock, const std::function<bool()>& ready,
                   Deadline deadline, worker::WaitsFor what);
  /// The task, which the calling thread runs, uses locks, queues and their like.
  void note_coordination(const worker::TaskContext& task);
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
  void on(int from, const protocol::CancelWork& message);
  void on(int from, const protocol::Fetch& message);
  void on(int from, const protocol::Replicate& message);
  void on(int from, const protocol::DropStretch& message);
  // gangs.cpp
  void on(int from, const protocol::AssignMember& message);
  void on(int from, const protocol::StartGang& message);
  void on(int from, const protocol::StopGang& message);
  void on(int from, const protocol::DropCommunicator& message);
  void on_definition(std::span<const std::byte> definition);
  /// Looks a few times a second, without the lock, for tasks whose time is over, and for those that
  /// do not stop although they were told to.
  void watch();

  void check_invariants() const { state_.check_invariants(); }
  /// After each poll: tells waiting threads of new work. The caller holds the lock.
  void end_turn();

 private:
  using Lock = ProgressEngine::Lock;
  using Condition = std::function<bool()>;
  /// A thread that waits inside of a task, while enough others watch for messages.
  struct Sleeper {
    const Condition* ready;
    std::condition_variable woken;
  };

  void run_helper(unsigned number);
  void run_taken(Lock& lock, worker::Batch& batch);
  void look_for_work(Lock& lock);

  // task_wait.cpp
  void begin_wait(Lock& lock, const worker::TaskContext& task, worker::WaitsFor what);
  bool wait_suspended(Lock& lock, const Condition& ready, Deadline deadline,
                      const worker::TaskContext& task);
  void take_slot_again(Lock& lock, const worker::Batch& batch);
  void watch_or_sleep(Lock& lock, const Condition& watched, const Condition& slept,
                      Deadline deadline);
  bool needs_helper() const { return state_.startable() > idle_ + called_; }
  void call_helper();
  void wake_sleepers();
  void note_waits();

  // time_limits.cpp
  /// A task that runs and has a limit, or was told to stop.
  struct Limited {
    const worker::TaskWork* task;
    TaskId id;  ///< the record may have gone to another task since
    Clock::time_point limit;
    bool told = false;    ///< to stop; then the limit is that of our patience
    bool warned = false;  ///< the user, that it does not
    bool is_over() const { return task->id != id || !task->taken || (told && task->stop == 0); }
  };
  /// An element of a map that has only so much time.
  struct LimitedElement {
    worker::Execution* item;
    Clock::time_point warn_at = Clock::time_point::max();
  };
  void watch_elements(Clock::time_point now);
  void begin_limit(worker::Batch& batch);
  void end_limit(const worker::Batch& batch);
  void note_told(const worker::TaskWork* task);
  void end_in_time(Limited& each);

  void obey();
  void obey_fetches();
  void obey_loads();
  void obey_answers();
  void obey_members();
  void join_gang(worker::TaskWork& task);
  void refuse_results(std::span<worker::Execution> items);
  void fail_results(worker::RangeWork& range, const ExceptionText& why);
  static bool fail_unwritable(worker::RangeWork& range);
  bool refuse_results(worker::RangeWork& range, std::uint64_t bytes);
  static void note_failures(worker::RangeWork& range);
  std::uint64_t settle_results(worker::RangeWork& range);
  void report(worker::Batch& batch);
  void report_member(const worker::Execution& item);
  void report_range(worker::RangeWork& range);
  bool reports_are_due() const;
  void tell_rank_0();
  void report_timings();
  void report_ended_claims();
  void use_slots(unsigned number, std::uint32_t slots);

  Rank& rank_;
  worker::WorkerState state_;
  worker::WorkerCommands commands_;
  worker::Executor executor_;
  std::vector<protocol::Timing> timings_;
  std::vector<std::uint32_t> ended_claims_;
  std::size_t held_reports_ = 0;  ///< of tasks that ended well, not sent yet
  Clock::time_point first_held_;
  bool stopping_ = false;
  // Threads of this rank. At most as many as there are slots watch for messages.
  unsigned watching_ = 0;
  unsigned idle_ = 0;     ///< of those, who would begin something
  unsigned parked_ = 0;   ///< who would, but are too many to watch
  unsigned called_ = 0;   ///< parked or new ones that were called and have not come yet
  unsigned tickets_ = 0;  ///< for parked ones that were called
  unsigned helpers_ = 0;  ///< threads that were started beyond those that there are slots
  std::condition_variable unparked_;
  std::vector<Sleeper*> sleepers_;
  protocol::Waits told_;            ///< to rank 0
  std::uint32_t coordinating_ = 0;  ///< tasks that wait for others that rank 0 may know nothing of
  std::vector<Limited> limited_;
  std::vector<LimitedElement> limited_elements_;
};

}  // namespace tutti::runtime
