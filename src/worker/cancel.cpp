// Work whose results nobody wants any more.

#include "worker/worker_state.hpp"

#include <algorithm>
#include <atomic>

namespace tutti::worker {
namespace {

/// What a run reads shall outlive it, also when rank 0, for which it has ended, has it released.
void keep(const detail::Value* value, std::vector<detail::ValuePtr>& held) {
  if (value == nullptr) return;
  value->retain();
  held.emplace_back(const_cast<detail::Value*>(value));
}

void set(std::uint8_t& stop) { std::atomic_ref(stop).store(1, std::memory_order_relaxed); }

}  // namespace

void WorkerState::on_cancel(std::span<const TaskId> ids, WorkerCommands& commands) {
  for (const TaskId id : ids) {
    if (id.is_group()) {
      cancel_group(id);
      continue;
    }
    TaskWork** found = known_.find(id);
    if (found == nullptr) continue;
    TaskWork* task = *found;
    if (task->taken) {
      detach(task, commands);
    } else if (task->missing != 0) {
      task->input_failed = true;
    } else {
      remove_ready(task);
      drop(task, commands);
    }
  }
  // Results whose reports rank 0 will ignore. Those that read them were cancelled too, above.
  for (const TaskId id : ids) {
    if (!id.is_group()) store_.erase(id);
  }
}

bool WorkerState::on_timeout(TaskId id, WorkerCommands& commands) {
  TaskWork** found = known_.find(id);
  if (found == nullptr || !(*found)->taken) return false;
  detach(*found, commands);
  return true;
}

/// Those who wait for the task are told now; its thread is told to stop.
void WorkerState::detach(TaskWork* task, WorkerCommands& commands) {
  task->detached = true;
  if (task->member) forget_member(task);
  set(task->stop);
  commands.stopped.push_back(task);
  for (const detail::InputValue& value : task->values) keep(value.value, task->held);
  for (const Waiter& waiter : tell_askers(*task, true, commands))
    arrived(waiter, {detail::ValuePtr(), 0, true}, commands);
}

void WorkerState::remove_ready(const TaskWork* task) {
  std::deque<Ready>& level = ready_.at(task->urgency);
  const auto found = std::ranges::find(level, task, &Ready::task);
  level.erase(found);
  --ready_count_;
}

/// Ranges that nobody has begun go; those that are being run end with the blocks that threads have.
void WorkerState::cancel_group(TaskId id) {
  const auto found = groups_.find(id);
  if (found == groups_.end()) return;
  GroupWork& group = *found->second;
  group.cancelled = true;
  set(group.stop);
  for (const detail::InputValue& value : group.inputs) keep(value.value, group.held);
  std::vector<RangeWork*> ended;
  for (auto& [urgency, level] : ready_) {
    ready_count_ -= std::erase_if(level, [&](const Ready& each) {
      if (each.range == nullptr || each.range->group != id) return false;
      each.range->count = each.range->next;
      for (const RangeWork::Returned& rest : each.range->returned) each.range->done += rest.count;
      each.range->returned.clear();
      if (each.range->done == each.range->count) ended.push_back(each.range);
      return true;
    });
  }
  for (RangeWork& range : ranges_) {
    if (range.group != id) continue;
    for (const auto& pieces : range.sources) {
      for (const detail::InputPiece& piece : pieces) keep(piece.value, range.held);
    }
  }
  for (RangeWork* range : ended) recycle(range);
}

}  // namespace tutti::worker
