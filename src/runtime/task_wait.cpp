// What a thread does that waits inside of a task: its slot goes to other tasks. Short ones that are
// deeper run on its own stack, which costs no switch of threads; others run on another thread.

#include "runtime/memory_keeper.hpp"
#include "runtime/rank.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/error.hpp"
#include "worker/run_batch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::runtime {
namespace {

/// Tasks that may lie on one stack: frames of users may be large.
constexpr unsigned nested_max = 16;
/// So long a thread that waits looks for messages, before another one is called for what it may not
/// begin itself: rank 0 answers sooner than a switch of threads takes.
constexpr std::chrono::microseconds patience(100);
/// A missed wake-up can never cost more.
constexpr auto sleep_limit = std::chrono::milliseconds(100);

thread_local unsigned nested = 0;

}  // namespace

bool WorkerDriver::wait_inside(Lock& lock, const Condition& ready, Deadline deadline,
                               worker::WaitsFor what) {
  if (ready()) return true;
  const worker::TaskContext& task = *worker::current_task();
  worker::Batch& batch = *task.batch;
  begin_wait(lock, task, what);
  const unsigned coordinates = what == worker::WaitsFor::results ? 0 : 1;
  coordinating_ += coordinates;
  bool in_time = true;
  {
    // What runs on this stack meanwhile is no part of the task.
    const worker::TaskScope nobody(nullptr);
    ++nested;
    in_time = wait_suspended(lock, ready, deadline, task);
    --nested;
    take_slot_again(lock, batch);
  }
  coordinating_ -= coordinates;
  worker::continue_batch(batch);
  if (stopping_ && !ready())
    throw CancelledError("the run ended while the task " + task.name() + " waited");
  if (task.is_stopped() && !ready())
    throw CancelledError(
        "the task " + task.name() +
        " was told to stop while it waited: it was cancelled, or its time is over");
  return in_time || ready();
}

/// What was done before the task in its batch is reported, what comes after it goes back.
void WorkerDriver::begin_wait(Lock& lock, const worker::TaskContext& task, worker::WaitsFor what) {
  worker::Batch& batch = *task.batch;
  lock.unlock();
  worker::pause_batch(batch, static_cast<std::size_t>(rank_.options().inline_result_bytes));
  lock.lock();
  worker::Batch done;
  refuse_results(std::span(batch.items).first(batch.current));
  state_.split(batch, done, commands_);
  report(done);
  obey();
  if (!state_.may_suspend()) {
    worker::continue_batch(batch);
    throw Error(
        ErrorCode::unsatisfiable,
        fmt::format("the task {} (depth {}) wants to wait for {}, but {} tasks of rank {} wait "
                    "already; {}, raise the option max_waiting_tasks",
                    task.name(), task.depth,
                    what == worker::WaitsFor::results ? "tasks that it submitted" : "others",
                    state_.suspended(), rank_.rank(),
                    what == worker::WaitsFor::results ? "is there an end to the recursion? If so"
                                                      : "if so many are to wait for each other"));
  }
  // An element that is called again has none behind it that was not begun.
  if (task.range == nullptr || task.attempt > 1) {
    state_.suspend(batch, commands_, what);
  } else {
    state_.suspend(batch, commands_, what, task.range->index - task.range->begin + 1);
    task.range->count = batch.items.front().count;
  }
  obey();
  // A rank that is short of memory begins something else when nothing runs any more.
  rank_.memory().after_change();
  rank_.engine().leave_to_tasks(true);
  if (state_.somebody_wants_slot()) rank_.engine().notify();
  wake_sleepers();
}

void WorkerDriver::note_coordination(const worker::TaskContext& task) {
  state_.on_coordination(task.batch->items[task.batch->current]);
}

bool WorkerDriver::wait_suspended(Lock& lock, const Condition& ready, Deadline deadline,
                                  const worker::TaskContext& task) {
  ProgressEngine& engine = rank_.engine();
  worker::Batch batch;
  // Other threads look whether a thread that sleeps may go on.
  const unsigned level = nested;
  // Who has only so much time to wait shall be back in time, whatever others do. What runs on this
  // stack must not wait for what this task holds, or is to do.
  const auto can_nest = [&] {
    return !deadline && !task.holdings && level < nested_max && state_.can_nest(task.depth + 1);
  };
  const auto over = [&] { return ready() || stopping_ || task.is_stopped(); };
  const Condition goes_on = [&] { return over() || can_nest(); };
  Clock::time_point helper_from = Clock::now() + patience;
  while (!over()) {
    if (deadline && Clock::now() >= *deadline) return false;
    if (can_nest()) {
      if (engine.poll_is_due()) engine.poll();
      state_.take(batch, task.depth + 1);
      if (!batch.items.empty()) run_taken(lock, batch);
      helper_from = Clock::now() + patience;
      continue;
    }
    if (needs_helper()) {
      if (Clock::now() < helper_from) {
        const Deadline until = deadline ? std::min(*deadline, helper_from) : helper_from;
        watch_or_sleep(lock, goes_on, goes_on, until);
        continue;
      }
      call_helper();
    }
    watch_or_sleep(
        lock, [&] { return goes_on() || needs_helper(); }, goes_on, deadline);
  }
  return true;
}

void WorkerDriver::take_slot_again(Lock& lock, const worker::Batch& batch) {
  state_.want_slot();
  const Condition free = [&] { return state_.has_slot_to_resume(batch); };
  while (!free()) watch_or_sleep(lock, free, free, {});
  state_.resume(batch);
  if (state_.suspended() == 0) rank_.engine().leave_to_tasks(false);
}

/// Looks after messages as long as too few threads do, else sleeps until somebody finds that
/// `slept` holds. May return earlier.
void WorkerDriver::watch_or_sleep(Lock& lock, const Condition& watched, const Condition& slept,
                                  Deadline deadline) {
  if (watching_ < state_.limits().slots) {
    ++watching_;
    rank_.engine().wait(lock, watched, deadline, ProgressEngine::Who::task);
    --watching_;
    return;
  }
  Sleeper sleeper{&slept, {}};
  sleepers_.push_back(&sleeper);
  const Clock::time_point limit = Clock::now() + sleep_limit;
  sleeper.woken.wait_until(lock, deadline ? std::min(*deadline, limit) : limit);
  std::erase(sleepers_, &sleeper);
}

/// Something can begin, and all threads that would are busy with waiting.
void WorkerDriver::call_helper() {
  ++called_;
  if (parked_ > tickets_) {
    ++tickets_;
    unparked_.notify_one();
    return;
  }
  executor_.add(state_.limits().slots + helpers_++,
                [this](unsigned number) { run_helper(number); });
}

void WorkerDriver::wake_sleepers() {
  for (Sleeper* sleeper : sleepers_) {
    if ((*sleeper->ready)()) sleeper->woken.notify_one();
  }
}

/// Rank 0 learns how many slots are free although their tasks have not ended. More of them may mean
/// that it has to send work; fewer are no hurry.
void WorkerDriver::note_waits() {
  const protocol::Waits now{state_.suspended(), state_.held_back()};
  if (now == told_) return;
  constexpr std::size_t bytes_max = 16;
  if (now.suspended + now.held_back > told_.suspended + told_.held_back) {
    rank_.outbox().add(0, now, bytes_max);
  } else {
    rank_.outbox().add_patient(0, now, bytes_max);
  }
  told_ = now;
}

}  // namespace tutti::runtime
