#include "sim/cluster.hpp"

#include <algorithm>

namespace tutti::sim {

using scheduler::GroupRecord;
using scheduler::TaskRecord;
using scheduler::TaskState;

/// Memory within credit: single values that a worker holds and rank 0 does not know to be there are
/// results and inputs of what it was assigned, constants of maps among them. As credit bounds what
/// is assigned, it bounds them too. Holds when nothing fails, as a copy may be on its way for a
/// task that a failure has ended, and when the client wants no copies.
void SimCluster::check_memory(int rank) {
  if (options_.failure_probability > 0 || options_.copy_probability > 0) return;
  const scheduler::Scheduler& scheduler = head_.scheduler();
  const worker::Store& store = node(rank).store();
  std::uint64_t allowed_bytes = 0;
  std::uint64_t ahead_bytes = 0;
  for (std::size_t item = 0; item < next_item_; ++item) {
    const TaskId id = known_[item].id;
    if (is_assigned(id, rank)) {
      allowed_bytes += workload_[item].result_bytes;
      for (const ItemInput& input : workload_[item].inputs)
        allowed_bytes += workload_[input.item].result_bytes;
    }
    const TaskRecord* record = scheduler.find_task(id);
    if (record == nullptr || !store.contains(id)) continue;
    const bool known =
        record->state == TaskState::finished && scheduler.holder_of({id, 0}, rank) == rank;
    if (!known) ahead_bytes += workload_[item].result_bytes;
  }
  if (ahead_bytes > allowed_bytes) broken("a worker holds more than it was assigned");
}

/// Whether the worker was given the task, or a stretch of the map, and did not report it yet.
bool SimCluster::is_assigned(TaskId id, int rank) const {
  const scheduler::Scheduler& scheduler = head_.scheduler();
  if (const GroupRecord* group = scheduler.find_group(id)) {
    return std::ranges::any_of(group->outstanding,
                               [&](const auto& each) { return each.second.worker == rank; });
  }
  if (const scheduler::GangRun* run = scheduler.find_run_of(id))
    return std::ranges::find(run->members, rank) != run->members.end();
  const TaskRecord* record = scheduler.find_task(id);
  return record != nullptr && record->state == TaskState::assigned && record->worker == rank;
}

}  // namespace tutti::sim
