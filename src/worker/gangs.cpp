// Members of gangs: tasks that this rank runs together with others.
//
// A member waits for its inputs like any task. Then it takes a slot, the first one that is free,
// and is told to begin when all members have theirs. What this rank holds back, or pauses, does not
// concern it: others wait for it. It is never given back, nor run by a thread that waits.

#include "tutti/check.hpp"
#include "worker/worker_state.hpp"

#include <algorithm>

namespace tutti::worker {

void WorkerState::on_assign(const protocol::AssignMember& message, WorkerCommands& commands) {
  check(message.run != 0, "an attempt of a gang has a number");
  // What an attempt before this one gave, if it was not dropped yet.
  store_.erase(message.task.task);
  TaskWork& task = new_task(message.task);
  task.member = std::make_unique<GangMember>();
  task.member->run = message.run;
  task.member->communicator = message.communicator;
  task.member->index = message.index;
  task.member->size = message.size;
  task.member->members = message.members.to_vector();
  members_.push_back(&task);
  accept(task, message.task, commands);
}

TaskWork* WorkerState::find_member(std::uint64_t run) const {
  const auto found = std::ranges::find_if(
      members_, [run](const TaskWork* task) { return task->member->run == run; });
  return found == members_.end() ? nullptr : *found;
}

/// Gives slots to members that have their inputs.
void WorkerState::seat_members(WorkerCommands& commands) {
  for (const TaskWork* task : members_) {
    GangMember& member = *task->member;
    if (member.phase != GangMember::Phase::waiting || task->missing != 0 || task->input_failed)
      continue;
    if (active_ + wanting_ >= limits_.slots) return;
    ++active_;
    member.phase = GangMember::Phase::seated;
    commands.members_ready.push_back(member.run);
  }
}

void WorkerState::on_start(std::uint64_t run) {
  TaskWork* task = find_member(run);
  // It may have been told to stop, when rank 0 did not know yet that all were ready.
  if (task == nullptr) return;
  check(task->member->phase == GangMember::Phase::seated, "a member has a slot when it begins");
  task->member->phase = GangMember::Phase::begun;
  begun_members_.push_back(task);
}

void WorkerState::on_stop(const protocol::StopGang& message, WorkerCommands& commands) {
  TaskWork* task = find_member(message.run);
  if (task == nullptr) {
    // It ended. Perhaps it is here again, for the next attempt.
    if (known_.find(message.task) == nullptr) store_.erase(message.task);
    return;
  }
  task->member->stopped = true;
  if (task->member->phase == GangMember::Phase::begun) {
    // Also when no thread has it yet: others count on this member to make their communicator.
    detach(task, commands);
  } else if (task->missing != 0) {
    task->input_failed = true;
  } else {
    if (task->member->phase != GangMember::Phase::waiting) --active_;
    drop(task, commands);
    seat_members(commands);
  }
}

/// The member is not among those of this rank any more; what is told of it is up to the caller.
void WorkerState::forget_member(const TaskWork* task) { std::erase(members_, task); }

/// A member that no thread has begun ends.
void WorkerState::end_unbegun(const TaskWork& task, WorkerCommands& commands) {
  commands.members_ended.push_back({task.member->run, !task.member->stopped});
  forget_member(&task);
}

/// A member that has its slot already.
void WorkerState::take_member(Batch& batch) {
  TaskWork* task = begun_members_.front();
  begun_members_.pop_front();
  batch.slots = 1;
  ++taken_;
  add_task(batch.items.emplace_back(), task);
}

void WorkerState::finish_member(Execution& item, WorkerCommands& commands) {
  TaskWork* task = item.task;
  item.task = nullptr;
  forget_member(task);
  const bool gives_result = task->member->index == 0 && !item.threw;
  if (gives_result) store_.put(task->id, item.result, item.result_bytes);
  ended(task, item.result, !gives_result, commands);
}

}  // namespace tutti::worker
