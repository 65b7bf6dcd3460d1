#include <vector>

#include "scheduler/scheduler.hpp"

namespace tutti::scheduler {

void Scheduler::check_invariants() const {
  std::vector<std::uint64_t> outstanding(static_cast<std::size_t>(workers_.size()), 0);
  std::vector<std::uint64_t> load_ns(outstanding.size(), 0);
  std::vector<std::uint32_t> task_references(tasks_.slots(), 0);
  std::vector<std::uint32_t> group_references(groups_.slots(), 0);
  std::uint64_t work_left = 0;
  std::size_t tasks_live = 0;
  const auto reference = [&](TaskId id) {
    check(id.is_group() ? groups_.find(id) != nullptr : tasks_.find(id) != nullptr,
          "what a task needs is alive as long as the task is not done");
    ++(id.is_group() ? group_references : task_references)[id.slot()];
  };

  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    const TaskRecord& record = tasks_.at(slot);
    if (record.state == TaskState::unused) continue;
    ++tasks_live;
    const bool done = record.state == TaskState::finished || record.state == TaskState::failed;
    if (!done) {
      ++work_left;
      std::uint32_t missing = 0;
      for (const Input& input : record.input_span()) {
        reference(input.id);
        if (input.id.is_group()) {
          missing += element_state(groups_.at(input.id.slot()), input.index) == ElementState::pending;
        } else {
          missing += tasks_.at(input.id.slot()).state != TaskState::finished;
        }
      }
      check(missing == record.missing_inputs, "a task counts the inputs that are not finished");
      check(record.unplaced_inputs <= record.missing_inputs, "an unplaced input is a missing one");
    }
    switch (record.state) {
      case TaskState::waiting: check(record.missing_inputs > 0, "a waiting task misses an input"); break;
      case TaskState::ready: check(record.missing_inputs == 0, "a ready task misses nothing"); break;
      case TaskState::assigned:
        check(record.worker >= 0 && record.worker < workers_.size(), "an assigned task has a worker");
        ++outstanding[static_cast<std::size_t>(record.worker)];
        load_ns[static_cast<std::size_t>(record.worker)] += record.estimate_ns;
        // Ahead of readiness: what is missing is produced on the same worker.
        for (const Input& input : record.input_span()) {
          if (input.id.is_group()) continue;
          const TaskRecord& producer = tasks_.at(input.id.slot());
          check(producer.state == TaskState::finished ||
                    (producer.state == TaskState::assigned && producer.worker == record.worker),
                "the inputs of an assigned task are finished or produced on its worker");
        }
        break;
      case TaskState::finished: check(record.worker >= 0, "a finished task has a holder"); break;
      case TaskState::failed: check(task_failures_.contains(slot), "a failed task has a failure"); break;
      case TaskState::unused: break;
    }
  }
  check(tasks_live == tasks_.live(), "the table counts its live tasks");

  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    const GroupRecord& group = groups_.at(slot);
    if (group.state == GroupState::unused) continue;
    std::uint64_t done = 0;
    for (const auto& [begin, chunk] : group.chunks) done += chunk.count;
    check(done == group.done, "the chunks of a group are what is done of it");
    std::uint64_t given_out = done;
    for (const auto& [begin, range] : group.outstanding) {
      given_out += range.count;
      if (group.pinned) continue;
      ++outstanding[static_cast<std::size_t>(range.worker)];
      load_ns[static_cast<std::size_t>(range.worker)] += range.estimate_ns;
    }
    check(given_out == group.given_out, "what was given out is done or outstanding");
    if (group.state == GroupState::waiting || group.state == GroupState::active) {
      ++work_left;
      for (const Input& input : group.inputs) reference(input.id);
      for (const TaskId source : group.sources) reference(source);
    }
    if (group.state == GroupState::finished) check(group.done == group.total, "a finished group is done");
  }
  check(work_left == work_left_, "the work left is what is not done");

  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    if (tasks_.at(slot).state == TaskState::unused) continue;
    check(tasks_.at(slot).references == task_references[slot], "a task has a reference for each dependent not done");
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    if (groups_.at(slot).state == GroupState::unused) continue;
    check(groups_.at(slot).references == group_references[slot], "a group has a reference for each dependent not done");
  }
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const WorkerRecord& worker = workers_.at(rank);
    check(worker.outstanding == outstanding[static_cast<std::size_t>(rank)], "a worker counts what it was given");
    check(worker.outstanding_ns == load_ns[static_cast<std::size_t>(rank)], "a worker's load is that of what it was given");
  }
}

}  // namespace tutti::scheduler
