#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <vector>

namespace tutti::scheduler {

/// What the records say about others, added up to be compared with what the others say about
/// themselves.
struct Scheduler::Tally {
  struct Load {
    std::uint64_t outstanding = 0;
    std::uint64_t outstanding_ns = 0;
    std::uint64_t units = 0;
    std::uint64_t waiting = 0;
    std::uint64_t waiting_ns = 0;
    std::uint64_t result_bytes = 0;
  };
  std::vector<Load> loads;  ///< by rank
  std::vector<std::uint32_t> task_references;
  std::vector<std::uint32_t> group_references;
  std::vector<bool> task_queued;
  std::vector<bool> group_queued;
  std::uint64_t work_left = 0;
  std::size_t tasks_live = 0;
  std::size_t groups_live = 0;

  Load& of(std::int32_t worker) {
    check(worker >= 0 && static_cast<std::size_t>(worker) < loads.size(),
          "what is assigned has a worker");
    return loads[static_cast<std::size_t>(worker)];
  }
  void load(std::int32_t worker, std::uint32_t estimate_ns, std::uint64_t units,
            std::uint64_t result_bytes) {
    of(worker).result_bytes += result_bytes;
    ++of(worker).outstanding;
    of(worker).outstanding_ns += estimate_ns;
    of(worker).units += units;
  }
  void load_ahead(std::int32_t worker, std::uint32_t estimate_ns, std::uint64_t result_bytes) {
    of(worker).result_bytes += result_bytes;
    ++of(worker).waiting;
    of(worker).waiting_ns += estimate_ns;
  }
};

void Scheduler::check_invariants() const {
  Tally tally;
  tally.loads.resize(static_cast<std::size_t>(workers_.size()));
  tally.task_references.resize(tasks_.slots());
  tally.group_references.resize(groups_.slots());
  tally.task_queued.resize(tasks_.slots());
  tally.group_queued.resize(groups_.slots());
  tally_queues(tally);
  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    if (tasks_.at(slot).state != TaskState::unused) check_task(slot, tally);
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    if (groups_.at(slot).state != GroupState::unused) check_group(slot, tally);
  }
  check_replications(tally);
  check_gangs();
  check(tally.tasks_live == tasks_.live(), "the table counts its live tasks");
  check(tally.groups_live == groups_.live(), "the table counts its live groups");
  check(tally.work_left == work_left_, "the work left is what is not done");
  check_tally(tally);
}

/// Notes what stands in a queue; entries of what was forgotten are stale.
void Scheduler::tally_queues(Tally& tally) const {
  const auto note = [&](TaskId id) {
    if (tasks_.find(id) != nullptr) tally.task_queued[id.slot()] = true;
    if (groups_.find(id) != nullptr) tally.group_queued[id.slot()] = true;
  };
  ready_.for_each(note);
  demands_.for_each_ready(note);
  actor_calls_.for_each_ready(note);
  for (const TaskId id : new_actors_) note(id);
  for (const TaskId id : ready_bound_) note(id);
  for (const TaskId id : waiting_gangs_) note(id);
  for (const TaskId id : held_) note(id);
  for (int rank = 0; rank < workers_.size(); ++rank) workers_.at(rank).own_queue.for_each(note);
}

void Scheduler::tally_reference(TaskId id, Tally& tally) const {
  check(id.is_group() ? groups_.find(id) != nullptr : tasks_.find(id) != nullptr,
        "what a task needs is alive as long as the task is not done");
  ++(id.is_group() ? tally.group_references : tally.task_references)[id.slot()];
}

bool Scheduler::is_missing(const Input& input) const {
  if (!input.id.is_group()) return tasks_.at(input.id.slot()).state != TaskState::finished;
  const GroupRecord& group = groups_.at(input.id.slot());
  if (input.index == all_elements) return group.state != GroupState::finished;
  return count_missing(group, input.index, std::max<std::uint64_t>(1, input.count)) != 0;
}

void Scheduler::check_task(std::uint32_t slot, Tally& tally) const {
  const TaskRecord& record = tasks_.at(slot);
  ++tally.tasks_live;
  if (record.state == TaskState::finished) {
    check(record.worker >= 0, "a finished task has a holder");
    return;
  }
  if (record.state == TaskState::failed) {
    check(task_failures_.contains(slot), "a failed task has a failure");
    return;
  }
  ++tally.work_left;
  std::uint32_t missing = 0;
  for (const Input& input : record.input_span()) {
    tally_reference(input.id, tally);
    missing += is_missing(input) ? 1 : 0;
  }
  check(missing == record.missing_inputs, "a task counts the inputs that are not finished");
  std::uint32_t unplaced = 0;
  for (const Input& input : record.input_span()) {
    const bool placed =
        !input.is_order() && !input.id.is_group() && tasks_.at(input.id.slot()).is_placed();
    unplaced += is_missing(input) && !placed ? 1 : 0;
  }
  check(record.state == TaskState::ready || unplaced == record.unplaced_inputs,
        "a task counts the inputs that nobody can be asked for");
  if (record.state == TaskState::waiting) check(missing > 0, "a waiting task misses an input");
  if (record.state == TaskState::ready) {
    check(missing == 0, "a ready task misses nothing");
    check(tally.task_queued[slot], "a ready task stands in a queue");
  }
  check(record.is_gang == gangs_.contains(slot), "a gang that has not ended has a record as such");
  if (record.state != TaskState::assigned) return;
  if (record.is_gang) {
    const GangRun* run = find_run(gangs_.at(slot).run);
    check(missing == 0 && run != nullptr && run->task == tasks_.id_of(slot),
          "a gang that is assigned misses nothing, and has a run");
    return;
  }
  if (missing == 0) return tally.load(record.worker, record.estimate_ns, 1, record.result_bytes);
  // Ahead of readiness: what is missing is being computed, and its worker can be asked for it.
  tally.load_ahead(record.worker, record.estimate_ns, record.result_bytes);
  for (const Input& input : record.input_span()) {
    if (!is_missing(input)) continue;
    check(!input.is_order(), "what an assigned task comes after has ended");
    check(!input.id.is_group(), "the elements that an assigned task needs are finished");
    check(tasks_.at(input.id.slot()).is_placed(),
          "the inputs of an assigned task are finished or assigned");
  }
}

void Scheduler::check_group(std::uint32_t slot, Tally& tally) const {
  const GroupRecord& group = groups_.at(slot);
  ++tally.groups_live;
  std::uint64_t done = 0;
  for (const auto& [begin, chunk] : group.chunks) done += chunk.count;
  check(done == group.done, "the chunks of a group are what is done of it");
  std::uint64_t given_out = done;
  for (const auto& [begin, range] : group.outstanding) {
    given_out += range.count;
    if (!group.pinned)
      tally.load(range.worker, range.estimate_ns, range.count, range.estimate_bytes);
  }
  check(given_out == group.given_out, "what was given out is done or outstanding");
  if (group.state == GroupState::finished) {
    check(group.done == group.total, "a finished group is done");
    return;
  }
  if (group.state == GroupState::failed) return;
  ++tally.work_left;
  std::uint64_t available = 0;
  for (const AvailablePiece& piece : group.available) available += piece.count;
  check(given_out + available <= group.total, "no element is offered twice");
  if (available != 0 && !group.pinned)
    check(tally.group_queued[slot], "a group with available pieces is queued");
  for (const Input& input : group.inputs) tally_reference(input.id, tally);
  for (const TaskId source : group.sources) tally_reference(source, tally);
}

/// What is being copied is kept until all copies are there, and those who send it have it.
void Scheduler::check_replications(Tally& tally) const {
  for (const auto& [piece, replication] : replications_) {
    tally_reference(piece.id, tally);
    const std::vector<std::int32_t> holders = holders_of(piece);
    const auto holds = [&](std::int32_t rank) {
      return std::ranges::find(holders, rank) != holders.end();
    };
    check(!replication.under_way.empty(), "what is being copied is on its way to somebody");
    for (const Replication::Copy& copy : replication.under_way)
      check(holds(copy.source), "who sends a copy has it");
    for (const std::int32_t source : replication.idle_sources)
      check(holds(source), "who may send a copy has it");
  }
}

void Scheduler::check_gangs() const {
  std::vector<std::uint32_t> members(static_cast<std::size_t>(workers_.size()), 0);
  for (const auto& [number, run] : runs_) {
    std::uint32_t left = 0;
    for (std::size_t index = 0; index < run.members.size(); ++index) {
      if (run.ended[index] != 0) continue;
      ++left;
      ++members[static_cast<std::size_t>(run.members[index])];
    }
    check(left == run.left && left != 0, "a run counts the members that have not ended");
    check(run.stopped ||
              (tasks_.find(run.task) != nullptr && gangs_.at(run.task.slot()).run == number),
          "a run that was not stopped is that of its gang");
  }
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const std::uint32_t count = members[static_cast<std::size_t>(rank)];
    check(count == workers_.at(rank).members && count <= 1,
          "a worker has one member at most, and counts it");
  }
}

void Scheduler::check_tally(const Tally& tally) const {
  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    if (tasks_.at(slot).state == TaskState::unused) continue;
    check(tasks_.at(slot).references == tally.task_references[slot],
          "a task has a reference for each dependent not done");
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    if (groups_.at(slot).state == GroupState::unused) continue;
    check(groups_.at(slot).references == tally.group_references[slot],
          "a group has a reference for each dependent not done");
  }
  workers_.check_counts();
  demands_.check_claims();
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const WorkerRecord& worker = workers_.at(rank);
    const Tally::Load& load = tally.loads[static_cast<std::size_t>(rank)];
    check(worker.outstanding == load.outstanding && worker.waiting == load.waiting,
          "a worker counts what it was given");
    check(worker.outstanding_ns == load.outstanding_ns && worker.waiting_ns == load.waiting_ns,
          "a worker's load is that of what it was given");
    check(worker.result_bytes == load.result_bytes,
          "a worker's expected results are those of what it was given");
    check(worker.units == load.units, "a worker counts the elements that it was given");
  }
}

}  // namespace tutti::scheduler
