#pragma once

/// GivenScheduler: a scheduler with workers, and short names for what tests do with it. Checks the
/// invariants after every event.

#include "support/recorder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tutti::testing {

using scheduler::Commands;
using scheduler::ElementState;
using scheduler::GroupSpec;
using scheduler::GroupState;
using scheduler::Input;
using scheduler::Scheduler;
using scheduler::SchedulerOptions;
using scheduler::TaskSpec;
using scheduler::TaskState;
using Assign = Commands::Assign;
using AssignRange = Commands::AssignRange;
using Release = Commands::Release;
using Cancel = Commands::Cancel;
using Failed = Commands::Failed;
using GiveBack = Commands::GiveBack;
using Located = Commands::Located;
using scheduler::Piece;
using Replicate = Commands::Replicate;
using Replicated = Commands::Replicated;
using Drop = Commands::Drop;

/// Exactly two tasks a slot, whatever they take.
inline SchedulerOptions strict_credit() {
  SchedulerOptions options;
  options.credit.nanoseconds_per_slot = 0;
  options.story_events = 256;
  return options;
}

class GivenScheduler {
 public:
  explicit GivenScheduler(int workers, std::uint32_t slots = 1,
                          SchedulerOptions options = strict_credit())
      : scheduler(options), sent(scheduler) {
    for (int rank = 1; rank <= workers; ++rank) scheduler.on_worker_joined(rank, slots, 0);
  }

  TaskId submit(const std::vector<Input>& inputs = {}, TaskSpec spec = {}) {
    spec.inputs = inputs;
    const TaskId id = scheduler.submit(spec, sent.commands());
    settle();
    return id;
  }
  TaskId submit_group(std::uint64_t total, const std::vector<TaskId>& sources = {},
                      const std::vector<Input>& inputs = {}, GroupSpec spec = {}) {
    spec.total = total;
    spec.sources = sources;
    spec.inputs = inputs;
    if (spec.function == 0) spec.function = 7;
    const TaskId id = scheduler.submit_group(spec, sent.commands());
    settle();
    return id;
  }
  bool finish(int rank, TaskId task, std::uint64_t bytes = 8) {
    const bool accepted = scheduler.on_task_finished(rank, task, bytes, sent.commands());
    settle();
    return accepted;
  }
  bool throw_in(int rank, TaskId task, const std::string& message = "thrown") {
    TaskFailure failure;
    failure.message = message;
    failure.rank = rank;
    const bool accepted = scheduler.on_task_threw(rank, task, failure, sent.commands());
    settle();
    return accepted;
  }
  bool finish_range(const AssignRange& range) {
    const bool accepted = scheduler.on_range_finished(
        range.worker, range.group, range.begin, range.count, range.count * 8, sent.commands());
    settle();
    return accepted;
  }
  bool throw_element(int rank, TaskId group, std::uint64_t index, bool inherited = false) {
    TaskFailure failure;
    failure.message = "element " + std::to_string(index);
    return scheduler.on_element_threw(rank, group, index, inherited, failure);
  }
  void release(TaskId id) {
    scheduler.on_client_released(id, sent.commands());
    settle();
  }
  void cancel(TaskId id) {
    TaskFailure failure;
    failure.type = "tutti::CancelledError";
    scheduler.cancel(id, std::make_shared<const TaskFailure>(failure), sent.commands());
    settle();
  }
  void waits(int rank, std::uint32_t suspended) {
    scheduler.on_waits(rank, suspended);
    settle();
  }
  void give_back(int rank, const std::vector<TaskId>& tasks,
                 const std::vector<protocol::RangeCut>& ranges = {}) {
    scheduler.on_gave_back(rank, tasks, ranges, sent.commands());
    settle();
  }
  /// Where a rank that asks is told that a value is.
  int locate(int rank, TaskId id) {
    scheduler.on_locate(rank, id, sent.commands());
    settle();
    const Located located = sent.take<Located>(1).front();
    CHECK(located.id == id);
    CHECK_EQ(located.worker, rank);
    return located.holder;
  }
  void fetched(int rank, TaskId id) {
    scheduler.on_replica(rank, id, sent.commands());
    settle();
  }
  void replicate(const Piece& piece, const std::vector<std::int32_t>& targets,
                 const std::vector<std::int32_t>& leaving = {}) {
    scheduler.replicate(piece, targets, leaving, sent.commands());
    settle();
  }
  /// The rank of the command has its copy, or could not get it.
  void copied(const Replicate& command, bool kept = true) {
    scheduler.on_replicated(command.worker, command.piece, kept, sent.commands());
    settle();
    const auto told = sent.take<Replicated>(1).front();
    CHECK_EQ(told.worker, command.worker);
    CHECK_EQ(told.kept, kept);
  }
  /// What a task that is sent to `worker` is told of its inputs.
  std::vector<protocol::InputRef> refs(TaskId task, int worker) const {
    std::vector<protocol::InputRef> result;
    scheduler.append_input_refs(*scheduler.find_task(task), worker, result);
    return result;
  }
  const scheduler::WorkerRecord& worker(int rank) const { return scheduler.workers().at(rank); }
  void place() {
    scheduler.place(sent.commands());
    settle();
  }
  TaskState state(TaskId id) const {
    const scheduler::TaskRecord* record = scheduler.find_task(id);
    return record == nullptr ? TaskState::unused : record->state;
  }
  GroupState group_state(TaskId id) const {
    const scheduler::GroupRecord* group = scheduler.find_group(id);
    return group == nullptr ? GroupState::unused : group->state;
  }
  /// The one task that is assigned now.
  Assign take_assign() { return sent.take<Assign>(1).front(); }
  AssignRange take_range() { return sent.take<AssignRange>(1).front(); }

  Scheduler scheduler;
  Recorder sent;

 private:
  void settle() {
    scheduler.check_invariants();
    sent.absorb();
  }
};

}  // namespace tutti::testing
