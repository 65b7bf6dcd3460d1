// The state of the scheduler as numbers, for tests that walk every order of a small world.

#include "scheduler/scheduler.hpp"

#include <algorithm>

namespace tutti::scheduler {
namespace {

using Words = std::vector<std::uint64_t>;

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

void describe_inputs(std::span<const Input> inputs, Words& words) {
  for (const Input& input : inputs)
    words.insert(words.end(), {input.id.bits(), input.index, input.count});
}

}  // namespace

void Scheduler::describe_task(std::uint32_t slot, Words& words) const {
  const TaskRecord& record = tasks_.at(slot);
  words.insert(
      words.end(),
      {tasks_.id_of(slot).bits(), number(static_cast<int>(record.state)), number(record.worker),
       record.client_holds ? 1u : 0u, number(record.priority), record.function,
       record.missing_inputs, record.unplaced_inputs, record.references, record.result_bytes,
       record.owner, record.depth, record.attempt, record.retries, record.demand});
  describe_inputs(record.input_span(), words);
  if (record.state == TaskState::assigned) {
    // The account of its worker counts up; only how far ahead of it the task is due matters.
    const std::uint64_t ended_ns = workers_.at(record.worker).ended_ns;
    words.insert(words.end(),
                 {record.estimate_ns, record.due_ns - std::min(record.due_ns, ended_ns)});
  }
  if (record.has_copies) {
    for (const std::int32_t holder : copies_.at(slot)) words.push_back(number(holder));
  }
}

void Scheduler::describe_group(std::uint32_t slot, Words& words) const {
  const GroupRecord& group = groups_.at(slot);
  words.insert(words.end(), {groups_.id_of(slot).bits(), number(static_cast<int>(group.state)),
                             (group.client_holds ? 1u : 0u) + (group.queued ? 2u : 0u),
                             group.known_before, group.given_out, group.done, group.references,
                             group.missing_inputs, group.owner, group.depth});
  describe_inputs(group.inputs, words);
  for (const AvailablePiece& piece : group.available)
    words.insert(words.end(), {piece.begin, piece.count, number(piece.worker)});
  for (const auto& [begin, range] : group.outstanding)
    words.insert(words.end(), {begin, range.count, number(range.worker), range.estimate_ns,
                               range.estimate_bytes});
  for (const auto& [begin, chunk] : group.chunks)
    words.insert(words.end(), {begin, chunk.count, number(chunk.worker)});
  for (const auto& [begin, copies] : group.copies) {
    words.insert(words.end(), {begin, copies.size()});
    for (const std::int32_t holder : copies) words.push_back(number(holder));
  }
  for (const auto& [index, failure] : group.failures) words.push_back(index);
  for (const auto& [begin, slice] : group.slices)
    words.insert(words.end(), {begin, slice.end, slice.missing, slice.dependent.bits()});
}

void Scheduler::describe_gangs(Words& words) const {
  for (const auto& [slot, gang] : gangs_)
    words.insert(words.end(), {slot, gang.size, gang.overtaken, gang.run});
  for (const auto& [number_of_run, run] : runs_) {
    words.insert(words.end(),
                 {number_of_run, run.task.bits(), run.communicator, run.ready, run.left,
                  run.result_bytes, (run.started ? 1u : 0u) + (run.stopped ? 2u : 0u)});
    for (std::size_t index = 0; index < run.members.size(); ++index)
      words.insert(words.end(), {number(run.members[index]), run.ended[index]});
  }
  words.push_back(gangs_changed_ ? 1 : 0);
  communicators_.describe(words);
}

void Scheduler::describe(Words& words) const {
  words.push_back(work_left_);
  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    if (tasks_.at(slot).state != TaskState::unused) describe_task(slot, words);
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    if (groups_.at(slot).state != GroupState::unused) describe_group(slot, words);
  }
  const auto append = [&](TaskId id) {
    if (tasks_.find(id) != nullptr || groups_.find(id) != nullptr) words.push_back(id.bits());
  };
  ready_.for_each(append);
  demands_.for_each_ready(append);
  demands_.describe(words);
  actor_calls_.describe(words);
  for (const TaskId id : new_actors_) append(id);
  words.insert(words.end(), actors_on_.begin(), actors_on_.end());
  words.insert(words.end(), {ready_bound_.size(), ahead_.size()});
  for (const TaskId id : ahead_) append(id);
  for (const TaskId id : ready_bound_) append(id);
  for (const TaskId id : waiting_gangs_) append(id);
  for (const TaskId id : held_) append(id);
  describe_gangs(words);
  for (const auto& [piece, replication] : replications_) {
    words.insert(words.end(), {piece.id.bits(), piece.begin, replication.targets.size(),
                               replication.leaving.size()});
    for (const auto* ranks : {&replication.idle_sources, &replication.targets}) {
      words.push_back(ranks->size());
      for (const std::int32_t rank : *ranks) words.push_back(number(rank));
    }
    for (const Replication::Copy& copy : replication.under_way)
      words.insert(words.end(), {number(copy.source), number(copy.target)});
    for (const std::int32_t rank : replication.leaving) words.push_back(number(rank));
  }
  workers_.describe(words, append);
}

}  // namespace tutti::scheduler
