// Tasks and maps that need more of a worker than a slot: each goes to one that has it, when it is
// free. They are assigned when their inputs are there, and are not given back.

#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <limits>

namespace tutti::scheduler {

void Scheduler::enqueue_demanding(TaskId id) {
  if (id.is_group()) {
    const GroupRecord& group = groups_.at(id.slot());
    demands_.push(group.demand, group.urgency(), id);
  } else {
    const TaskRecord& record = tasks_.at(id.slot());
    demands_.push(record.demand, record.urgency(), id);
  }
}

/// Each demand in turn, as far as it goes. What could not be placed keeps its worker: others that
/// want some of the same get it from another one, until the worker has enough for who came first.
void Scheduler::place_demanding(Commands& commands) {
  if (!demands_.anything_ready()) return;
  reserved_.assign(static_cast<std::size_t>(workers_.size()), false);
  for (const DemandId demand : demands_.in_turn()) {
    bool placed = false;
    while (!demands_.queue(demand).empty() && place_next(demand, commands)) placed = true;
    const bool blocked = !demands_.queue(demand).empty();
    if (placed || !blocked) demands_.note_blocked(demand, false);
    if (!blocked) continue;
    demands_.note_blocked(demand, true);
    const int rank = most_likely_for(demand);
    if (rank >= 0) reserved_[static_cast<std::size_t>(rank)] = true;
  }
}

/// The worker that could run it and is not kept for others, and that has least to do.
int Scheduler::most_likely_for(DemandId demand) const {
  int best = no_worker;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (!workers_.has_joined(rank) || reserved_[static_cast<std::size_t>(rank)]) continue;
    if (!demands_.could_run(demands_.at(demand), rank)) continue;
    if (best < 0 || workers_.at(rank).queue_ns() < workers_.at(best).queue_ns()) best = rank;
  }
  return best;
}

/// Places, or drops, what is in front. False when it has to wait.
bool Scheduler::place_next(DemandId demand, Commands& commands) {
  const TaskId id = demands_.queue(demand).front();
  if (id.is_group()) return place_demanding_range(id, demand, commands);
  const TaskRecord* record = tasks_.find(id);
  if (record != nullptr && record->state == TaskState::ready) {
    if (!fits(record->function)) {
      held_.push_back(id);
    } else {
      const int worker = choose_for_demand(demand, record->function, record);
      if (worker < 0) return false;
      claim_ = demands_.take(demand, worker);
      assign(id, worker, commands);
    }
  }
  demands_.pop(demand);
  return true;
}

bool Scheduler::place_demanding_range(TaskId id, DemandId demand, Commands& commands) {
  GroupRecord* group = groups_.find(id);
  if (group != nullptr && !fits(group->function)) {
    held_.push_back(id);
    demands_.pop(demand);
    return true;
  }
  if (group != nullptr && group->state == GroupState::active && !group->available.empty()) {
    const int worker = choose_for_demand(demand, group->function, nullptr);
    if (worker < 0) return false;
    claim_ = demands_.take(demand, worker);
    // One after the other where each takes something that others may wait for.
    const std::uint64_t length =
        demands_.at(demand).resources.empty() ? range_length(*group, worker) : 1;
    give_range(id, worker, length, commands);
  }
  if (group == nullptr || group->state != GroupState::active || group->available.empty()) {
    if (group != nullptr) group->queued = false;
    demands_.pop(demand);
  }
  return true;
}

/// Whether the result will find room. A worker that has nothing else spills to make it.
bool Scheduler::has_memory_for(const protocol::Demand& demand, const WorkerRecord& worker) const {
  if (demand.result_bytes == 0 || worker.memory_limit_bytes == 0 || worker.outstanding == 0)
    return true;
  return worker.memory.managed_bytes + worker.result_bytes + demand.result_bytes <=
         worker.memory_limit_bytes;
}

/// The worker that has room and on which it starts first, one that is named if there are names;
/// no_worker when it has to wait. `record`: the task whose inputs count, or null.
int Scheduler::choose_for_demand(DemandId number, FunctionId function,
                                 const TaskRecord* record) const {
  const protocol::Demand& demand = demands_.at(number);
  int best = no_worker;
  double best_start = std::numeric_limits<double>::infinity();
  bool best_is_named = false;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (!workers_.has_joined(rank) || reserved_[static_cast<std::size_t>(rank)]) continue;
    const WorkerRecord& worker = workers_.at(rank);
    const bool named = demands_.is_named(number, rank);
    if (!named && (!demand.others_too || !workers_.is_idle(worker))) continue;
    if (!demands_.could_run(demand, rank) || !demands_.has_room(number, rank)) continue;
    if (!may_take(rank, function) || !has_memory_for(demand, worker)) continue;
    const double start = record == nullptr ? worker.queue_ns() : start_ns(*record, rank);
    if (named < best_is_named || (named == best_is_named && start >= best_start)) continue;
    best = rank;
    best_start = start;
    best_is_named = named;
  }
  return best;
}

}  // namespace tutti::scheduler
