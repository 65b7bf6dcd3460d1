// Tasks whose time is over, and tasks that do not stop although they were told to.

#include "base/log.hpp"
#include "runtime/rank.hpp"
#include "runtime/worker_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace tutti::runtime {
namespace {

/// How long a task may take to notice that it shall stop, before the user is told.
constexpr std::chrono::seconds patience(10);
constexpr std::size_t report_bytes = 4096;

}  // namespace

void WorkerDriver::on(int, const protocol::CancelWork& message) {
  std::vector<TaskId> ids;
  for (std::size_t index = 0; index < message.ids.size(); ++index)
    ids.push_back(message.ids[index]);
  state_.on_cancel(ids, commands_);
  obey();
  // A task that waits inside of itself stops waiting.
  rank_.engine().notify();
}

/// A task with a timeout, as an element of a map, is alone in its batch.
void WorkerDriver::begin_limit(worker::Batch& batch) {
  worker::Execution& item = batch.items.front();
  if (item.kind == worker::Execution::Kind::block && item.group->timeout_ms != 0)
    limited_elements_.push_back({&item});
  const worker::TaskWork* task = batch.items.front().task;
  if (task == nullptr || task->timeout_ms == 0) return;
  limited_.push_back({task, task->id, Clock::now() + std::chrono::milliseconds(task->timeout_ms)});
}

void WorkerDriver::end_limit(const worker::Batch& batch) {
  std::erase_if(limited_elements_,
                [&](const LimitedElement& each) { return each.item == &batch.items.front(); });
  if (limited_.empty()) return;
  for (const worker::Execution& item : batch.items) {
    if (item.task != nullptr)
      std::erase_if(limited_, [&](const Limited& each) { return each.task == item.task; });
  }
}

void WorkerDriver::note_told(const worker::TaskWork* task) {
  const Clock::time_point limit = Clock::now() + patience;
  std::erase_if(limited_, [](const Limited& each) { return each.is_over(); });
  const auto known = std::ranges::find(limited_, task, &Limited::task);
  if (known == limited_.end()) {
    limited_.push_back({task, task->id, limit, true});
  } else {
    known->told = true;
    known->limit = limit;
  }
}

void WorkerDriver::watch() {
  const std::lock_guard lock(rank_.engine().mutex());
  const Clock::time_point now = Clock::now();
  watch_elements(now);
  std::erase_if(limited_, [](const Limited& each) { return each.is_over(); });
  for (std::size_t index = 0; index < limited_.size(); ++index) {
    Limited& each = limited_[index];
    if (now < each.limit || each.warned) continue;
    if (!each.told) {
      end_in_time(each);
      continue;
    }
    each.warned = true;
    const std::string name = state_.function(each.task->function)->name(each.task->payload.span());
    base::log_warning(fmt::format(
        "the task {} was told to stop {} s ago, as {}, and still runs; a long task should look at "
        "tutti::get_worker().cancelled() now and then",
        name, patience.count(),
        each.task->timeout_ms != 0 ? "its timeout is over or it was cancelled"
                                   : "it was cancelled"));
  }
}

/// An element whose time is over is told; it has failed, or is tried again, when it returns.
void WorkerDriver::watch_elements(Clock::time_point now) {
  for (LimitedElement& each : limited_elements_) {
    if (worker::ElementLimit(each.item->limit_ns).end_in_time(now)) {
      each.warn_at = now + patience;
      rank_.engine().notify();
    } else if (now > each.warn_at) {
      each.warn_at = Clock::time_point::max();
      if (!worker::ElementLimit(each.item->limit_ns).is_over()) continue;
      base::log_warning(fmt::format(
          "the task {}[{}] was told to stop {} s ago, as its timeout is over, and still runs; a "
          "long task should look at tutti::get_worker().cancelled() now and then",
          each.item->ops->name(each.item->group->payload.span()), each.item->begin,
          patience.count()));
    }
  }
}

/// For rank 0 the task has thrown; what it does from here on does not count.
void WorkerDriver::end_in_time(Limited& each) {
  const worker::TaskWork& task = *each.task;
  const TaskId id = task.id;
  const std::uint64_t run = task.member ? task.member->run : 0;
  const std::string message = fmt::format("the task {} ran longer than its timeout of {} s",
                                          state_.function(task.function)->name(task.payload.span()),
                                          task.timeout_ms * 1e-3);
  if (!state_.on_timeout(id, commands_)) return;
  if (run != 0) {
    rank_.outbox().add(0, protocol::MemberFailed{run, "tutti::TimeoutError", message},
                       report_bytes + message.size());
  } else {
    rank_.outbox().add(0, protocol::TaskThrew{id, "tutti::TimeoutError", message},
                       report_bytes + message.size());
  }
  obey();
  rank_.engine().notify();
  rank_.outbox().flush();
}

}  // namespace tutti::runtime
