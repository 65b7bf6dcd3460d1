// Work whose results nobody wants any more.

#include "scheduler/scheduler.hpp"

#include <utility>

namespace tutti::scheduler {

void Scheduler::cancel(TaskId id, const FailurePtr& failure, Commands& commands) {
  if (id.is_group()) {
    GroupRecord* group = groups_.find(id);
    const bool pending = group != nullptr && (group->state == GroupState::waiting ||
                                              group->state == GroupState::active);
    if (!pending) return;
    group->state = GroupState::waiting;
  } else {
    const TaskRecord* task = tasks_.find(id);
    if (task == nullptr || task->state == TaskState::finished || task->state == TaskState::failed)
      return;
  }
  story_.add(StoryEvent::Kind::cancelled, id, no_worker);
  cancelling_ = true;
  fail(id, failure, commands);
  cancelling_ = false;
  forget_unneeded(commands);
}

void Scheduler::cancel_all(const FailurePtr& failure, Commands& commands) {
  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    const TaskId id = tasks_.id_of(slot);
    if (tasks_.find(id) != nullptr) cancel(id, failure, commands);
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    const TaskId id = groups_.id_of(slot);
    if (groups_.find(id) != nullptr) cancel(id, failure, commands);
  }
}

/// A task that was assigned has failed. A worker where it waits drops it when the input that failed
/// does not come; what was cancelled may run.
void Scheduler::withdraw(TaskId id, TaskRecord& record, Commands& commands) {
  if (record.is_gang) return stop_run(gangs_.at(id.slot()).run, commands);
  unload(record);
  if (!cancelling_) return;
  commands.cancel.push_back({id, record.worker});
  if (!record.has_copies) return;
  // It ended, and others fetched its result, before its report came.
  for (const std::int32_t holder : copies_[id.slot()]) commands.cancel.push_back({id, holder});
  copies_.erase(id.slot());
  record.has_copies = false;
}

void Scheduler::withdraw_ranges(TaskId id, GroupRecord& group, Commands& commands) {
  for (const auto& [begin, range] : std::exchange(group.outstanding, {})) {
    if (!group.pinned)
      workers_.unload(range.worker, range.estimate_ns, range.count, range.estimate_bytes);
    group.given_out -= range.count;
    commands.cancel.push_back({id, range.worker});
  }
}

}  // namespace tutti::scheduler
