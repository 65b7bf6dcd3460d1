#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace tutti::scheduler {

Scheduler::Scheduler(SchedulerOptions options)
    : options_(options),
      workers_(options.credit),
      communicators_(options.communicators_max),
      story_(options.story_events),
      bandwidth_bytes_per_ns_(options.bandwidth_bytes_per_ns) {}

void Scheduler::on_worker_joined(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes,
                                 protocol::Resources resources) {
  workers_.join(rank, slots, memory_limit_bytes);
  demands_.join(rank, slots, memory_limit_bytes, std::move(resources));
  story_.add(StoryEvent::Kind::worker_joined, TaskId(), rank);
}

TaskId Scheduler::submit(const TaskSpec& spec, Commands& commands) {
  const TaskId id = spec.id.is_none() ? tasks_.reserve() : spec.id;
  tasks_.adopt();
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::waiting;
  record.client_holds = spec.client_holds;
  record.inline_result = spec.inline_result;
  record.priority = spec.priority;
  record.owner = spec.owner;
  record.depth = spec.depth;
  record.retries = spec.retries;
  record.stream = spec.stream;
  record.function = spec.function;
  record.demand = demands_.number_of(spec.demand);
  record.payload = Payload(spec.payload);
  if (spec.gang != 0) {
    record.is_gang = true;
    gangs_[id.slot()] = {.size = spec.gang};
  }
  ++work_left_;
  story_.add(StoryEvent::Kind::submitted, id, no_worker);
  if (spec.line != detail::no_line) submit_call(id, spec);
  if (!spec.inputs.empty()) {
    record.input_count = static_cast<std::uint32_t>(spec.inputs.size());
    record.inputs = std::make_unique<Input[]>(spec.inputs.size());
    std::ranges::copy(spec.inputs, record.inputs.get());
    FailurePtr failure;
    attach_inputs(id, record.input_span(), record.missing_inputs, failure);
    if (failure) {
      fail(id, std::move(failure), commands);
      return id;
    }
  }
  if (record.missing_inputs == 0) {
    become_ready(id);
  } else {
    consider_ahead(id);
  }
  return id;
}

/// References the inputs and adds edges from those that are not finished. For a task it also notes
/// for how many of them nobody can be asked yet.
void Scheduler::attach_inputs(TaskId dependent, std::span<const Input> inputs,
                              std::uint32_t& missing, FailurePtr& failure) {
  for (const Input& input : inputs) {
    missing += (input.id.is_group() ? attach_elements(dependent, input, failure)
                                    : attach_task(dependent, input, failure))
                   ? 1
                   : 0;
  }
}

/// True when the input is not there yet.
bool Scheduler::attach_task(TaskId dependent, const Input& input, FailurePtr& failure) {
  TaskRecord* task = tasks_.find(input.id);
  check(task != nullptr, "an input of a task is alive when the task is submitted");
  ++task->references;
  if (task->state == TaskState::finished) return false;
  if (task->state == TaskState::failed) {
    failure = failure_of_task(input.id);
    return false;
  }
  edges_.add(task->first_dependent, dependent, input.is_order());
  const bool placed = task->is_placed() && !input.is_order();
  if (!dependent.is_group() && !placed) ++tasks_.at(dependent.slot()).unplaced_inputs;
  return true;
}

bool Scheduler::attach_elements(TaskId dependent, const Input& input, FailurePtr& failure) {
  GroupRecord* group = groups_.find(input.id);
  check(group != nullptr, "an input of a task is alive when the task is submitted");
  ++group->references;
  const bool whole = input.index == all_elements;
  check(input.is_order() ? whole || input.index < group->total : !whole,
        "what a task comes after is an element of its group, or all of it");
  const std::uint64_t begin = whole ? 0 : input.index;
  const std::uint64_t count = whole ? group->total : std::max<std::uint64_t>(1, input.count);
  if (FailurePtr found = failure_within(*group, begin, count)) {
    failure = std::move(found);
    return false;
  }
  const std::uint64_t missing =
      group->state == GroupState::finished ? 0 : count_missing(*group, begin, count);
  // A map of nothing that waits for its constants has not ended either.
  const bool ended = missing == 0 && (count != 0 || group->state == GroupState::finished);
  if (ended) return false;
  if (!dependent.is_group()) ++tasks_.at(dependent.slot()).unplaced_inputs;
  if (count == 1) {
    edges_.add(group->element_dependents.try_emplace(begin, no_edge).first->second, dependent);
  } else {
    group->slices.emplace(begin, SliceDependent{begin + count, missing, dependent});
    group->slice_length_max = std::max(group->slice_length_max, count);
  }
  return true;
}

void Scheduler::become_ready(TaskId task) {
  TaskRecord& record = tasks_.at(task.slot());
  record.state = TaskState::ready;
  story_.add(StoryEvent::Kind::ready, task, no_worker);
  if (record.is_call) {
    actor_calls_.on_ready(task);
  } else if (record.is_actor) {
    new_actors_.push_back(task);
  } else if (record.demand != no_demand) {
    enqueue_demanding(task);
  } else if (record.input_count != 0 && !record.is_gang) {
    // (The members of a gang are many: inputs bind it to nobody.)
    ready_bound_.push_back(task);
  } else {
    ready_.push(record.urgency(), task);
  }
}

/// What an assigned task adds to its worker's load is gone.
void Scheduler::unload(const TaskRecord& record) {
  if (record.missing_inputs != 0) {
    workers_.unload_ahead(record.worker, record.estimate_ns, record.result_bytes);
  } else {
    workers_.unload(record.worker, record.estimate_ns, 1, record.result_bytes);
  }
}

TaskId Scheduler::place_value(std::span<const std::int32_t> holders, std::uint64_t bytes,
                              bool client_holds) {
  check(!holders.empty(), "a placed value has a holder");
  const TaskId id = tasks_.allocate();
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::finished;
  record.is_data = true;
  record.client_holds = client_holds;
  record.worker = holders.front();
  record.result_bytes = bytes;
  if (holders.size() > 1) {
    record.has_copies = true;
    copies_[id.slot()].assign(holders.begin() + 1, holders.end());
  }
  return id;
}

void Scheduler::place_for_task(int rank, TaskId id, std::uint64_t bytes, std::uint64_t count,
                               bool held) {
  if (id.is_group()) {
    place_group_for_task(rank, id, bytes, count);
    return;
  }
  tasks_.adopt();
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::finished;
  record.is_data = true;
  record.client_holds = held;
  record.owner = static_cast<std::uint16_t>(rank);
  record.worker = rank;
  record.result_bytes = bytes;
}

TaskId Scheduler::place_failure(FailurePtr failure) {
  const TaskId id = tasks_.allocate();
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::failed;
  record.client_holds = true;
  task_failures_[id.slot()] = std::move(failure);
  return id;
}

bool Scheduler::on_task_finished(int rank, TaskId id, std::uint64_t result_bytes,
                                 Commands& commands) {
  TaskRecord* record = tasks_.find(id);
  if (record == nullptr || record->state != TaskState::assigned || record->worker != rank)
    return false;
  check(!record->is_gang, "members of gangs report their own ends");
  // Reports come from several workers: the end of an input may still be on its way.
  unload(*record);
  record->missing_inputs = 0;
  finish(id, result_bytes, commands);
  return true;
}

/// An assigned task has ended well.
void Scheduler::finish(TaskId id, std::uint64_t result_bytes, Commands& commands) {
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::finished;
  record.result_bytes = result_bytes;
  record.payload = Payload();
  if (record.is_gang) forget_gang(id);
  durations_.add_result(record.function, result_bytes);
  ++done_;
  --work_left_;
  story_.add(StoryEvent::Kind::finished, id, record.worker);
  if (record.is_call) end_actor_work(id, record);
  finish_dependents(record.first_dependent, record.gives_ahead(), commands);
  drop_inputs(record);
  if (!record.client_holds && record.references == 0) unneeded_.push_back(id);
  forget_unneeded(commands);
}

/// `placed` says that the dependents that need data were told where the input is produced.
void Scheduler::finish_dependents(std::uint32_t& head, bool placed, Commands& commands) {
  if (head == no_edge) return;
  std::vector<EdgePool::Edge> dependents = std::move(scratch_);
  dependents.clear();
  edges_.take(head, dependents);
  for (const EdgePool::Edge& each : dependents)
    input_finished(each.dependent, placed && !each.order, commands);
  scratch_ = std::move(dependents);
}

void Scheduler::input_finished(TaskId dependent, bool placed, Commands& commands) {
  if (dependent.is_group()) {
    GroupRecord* group = groups_.find(dependent);
    if (group == nullptr || group->state != GroupState::waiting) return;
    if (--group->missing_inputs != 0) return;
    activate(dependent);
    if (group->done == group->total) complete_group(dependent, commands);
    return;
  }
  TaskRecord* record = tasks_.find(dependent);
  if (record == nullptr) return;
  // It may have ended already, when the report of its end overtook that of its input.
  if (record->state != TaskState::waiting && record->state != TaskState::assigned) return;
  --record->missing_inputs;
  if (!placed) --record->unplaced_inputs;
  if (record->state == TaskState::assigned) {
    if (record->missing_inputs == 0) workers_.begin(record->worker, record->estimate_ns);
  } else if (record->missing_inputs == 0) {
    become_ready(dependent);
  } else if (!placed) {
    consider_ahead(dependent);
  }
}

bool Scheduler::on_task_threw(int rank, TaskId id, TaskFailure failure, Commands& commands) {
  TaskRecord* record = tasks_.find(id);
  if (record == nullptr || record->state != TaskState::assigned || record->worker != rank)
    return false;
  story_.add(StoryEvent::Kind::threw, id, rank);
  const bool wanted = record->client_holds || record->references != 0;
  if (record->retries != 0 && wanted) {
    try_again(id);
    return true;
  }
  failure.attempt = record->attempt;
  failure.story = story_.tell(id);
  fail(id, std::make_shared<const TaskFailure>(std::move(failure)), commands);
  forget_unneeded(commands);
  return true;
}

/// A task that threw goes back to where it was before it was assigned. The ends of its inputs,
/// which it has read, may still be on their way.
void Scheduler::try_again(TaskId id) {
  TaskRecord& record = tasks_.at(id.slot());
  unload(record);
  --record.retries;
  ++record.attempt;
  record.worker = no_worker;
  record.result_bytes = 0;
  if (record.missing_inputs == 0) {
    become_ready(id);
    return;
  }
  record.state = TaskState::waiting;
  consider_ahead(id);
}

FailurePtr Scheduler::failure_of_task(TaskId id) const {
  const auto found = task_failures_.find(id.slot());
  return tasks_.find(id) == nullptr || found == task_failures_.end() ? nullptr : found->second;
}

/// Fails a task and everything that needs it, with one origin.
void Scheduler::fail(TaskId id, FailurePtr failure, Commands& commands) {
  std::vector<EdgePool::Edge> work{{id}};
  while (!work.empty()) {
    const TaskId each = work.back().dependent;
    work.pop_back();
    if (each.is_group()) {
      GroupRecord* group = groups_.find(each);
      if (group == nullptr || group->state != GroupState::waiting) continue;
      fail_one(each, failure, commands);
      for (auto& [index, head] : group->element_dependents) edges_.take(head, work);
      group->element_dependents.clear();
      for (const auto& [begin, slice] : group->slices) work.push_back({slice.dependent});
      group->slices.clear();
      // A group derived from one that failed fails as a whole too.
      for (const TaskId derived : group->derived) {
        GroupRecord* other = groups_.find(derived);
        if (other != nullptr && other->state == GroupState::active)
          other->state = GroupState::waiting;
        work.push_back({derived});
      }
      continue;
    }
    TaskRecord* record = tasks_.find(each);
    if (record == nullptr || record->state == TaskState::failed ||
        record->state == TaskState::finished)
      continue;
    if (each != id) story_.add(StoryEvent::Kind::input_failed, each, record->worker);
    fail_one(each, failure, commands);
    edges_.take(record->first_dependent, work);
  }
}

void Scheduler::fail_one(TaskId id, const FailurePtr& failure, Commands& commands) {
  if (id.is_group()) {
    GroupRecord& group = groups_.at(id.slot());
    group.state = GroupState::failed;
    group.failure = failure;
    group.available.clear();
    withdraw_ranges(id, group, commands);
    --work_left_;
    done_ += group.total;
    drop_inputs(group);
    if (group.client_holds) commands.failed.push_back({id, failure});
    if (!group.client_holds && group.references == 0) unneeded_.push_back(id);
    return;
  }
  TaskRecord& record = tasks_.at(id.slot());
  if (record.state == TaskState::assigned) withdraw(id, record, commands);
  if (record.is_gang) forget_gang(id);
  end_actor_work(id, record);
  record.state = TaskState::failed;
  record.worker = no_worker;
  record.missing_inputs = 0;
  record.unplaced_inputs = 0;
  record.payload = Payload();
  task_failures_[id.slot()] = failure;
  ++done_;
  --work_left_;
  drop_inputs(record);
  if (record.client_holds) commands.failed.push_back({id, failure});
  if (!record.client_holds && record.references == 0) unneeded_.push_back(id);
}

/// Its inputs are not needed any more, nor is it known what they were.
void Scheduler::drop_inputs(TaskRecord& record) {
  for (const Input& input : record.input_span()) drop_reference(input.id);
  record.inputs.reset();
  record.input_count = 0;
}

void Scheduler::drop_reference(TaskId id) {
  if (id.is_group()) {
    GroupRecord& group = groups_.at(id.slot());
    check(group.references > 0, "a group has a reference for each of its dependents");
    if (--group.references == 0 && !group.client_holds) unneeded_.push_back(id);
    return;
  }
  TaskRecord& record = tasks_.at(id.slot());
  check(record.references > 0, "a task has a reference for each of its dependents");
  if (--record.references == 0 && !record.client_holds) unneeded_.push_back(id);
}

void Scheduler::on_client_released(TaskId id, Commands& commands) {
  if (id.is_group()) {
    GroupRecord* group = groups_.find(id);
    if (group == nullptr) return;
    group->client_holds = false;
    if (group->references == 0) unneeded_.push_back(id);
  } else {
    TaskRecord* record = tasks_.find(id);
    if (record == nullptr) return;
    record->client_holds = false;
    if (record->references == 0) unneeded_.push_back(id);
  }
  forget_unneeded(commands);
}

/// Forgets what nobody needs. What runs is let run; it is forgotten when it reports.
void Scheduler::forget_unneeded(Commands& commands) {
  while (!unneeded_.empty()) {
    const TaskId id = unneeded_.back();
    unneeded_.pop_back();
    if (id.is_group()) {
      forget_group(id, commands);
    } else {
      forget_task(id, commands);
    }
  }
}

void Scheduler::forget_task(TaskId id, Commands& commands) {
  TaskRecord* record = tasks_.find(id);
  if (record == nullptr || record->client_holds || record->references != 0) return;
  switch (record->state) {
    case TaskState::assigned:
      return;
    case TaskState::waiting:
    case TaskState::ready:
      --work_left_;
      end_actor_work(id, *record);
      drop_inputs(*record);
      if (record->is_gang) forget_gang(id);
      break;
    case TaskState::finished: {
      if (record->is_actor) end_actor_work(id, *record);
      commands.release.push_back({id, record->worker});
      if (record->has_copies) {
        for (const std::int32_t holder : copies_[id.slot()])
          commands.release.push_back({id, holder});
        copies_.erase(id.slot());
      }
      break;
    }
    case TaskState::failed:
      task_failures_.erase(id.slot());
      break;
    case TaskState::unused:
      return;
  }
  // Edges from this task, if any, lead to nobody: dependents would have held references.
  scratch_.clear();
  edges_.take(record->first_dependent, scratch_);
  story_.add(StoryEvent::Kind::released, id, no_worker);
  tasks_.forget(id.slot());
  commands.forgotten.push_back(id);
}

void Scheduler::on_timing(FunctionId function, std::uint64_t calls, std::uint64_t nanoseconds) {
  durations_.add(function, calls, nanoseconds);
}

void Scheduler::on_replica(int rank, TaskId id, Commands& commands) {
  TaskRecord* record = tasks_.find(id);
  // The producer answers those who wait before its own report is here, so the task may be assigned.
  const bool there = record != nullptr &&
                     (record->state == TaskState::finished || record->state == TaskState::assigned);
  if (!there) {
    commands.release.push_back({id, rank});
    return;
  }
  if (record->worker == rank) return;
  std::vector<std::int32_t>& copies = copies_[id.slot()];
  if (std::ranges::find(copies, rank) == copies.end()) copies.push_back(rank);
  record->has_copies = true;
}

void Scheduler::on_locate(int rank, TaskId id, Commands& commands) {
  const TaskRecord* record = tasks_.find(id);
  const bool there = record != nullptr &&
                     (record->state == TaskState::assigned || record->state == TaskState::finished);
  commands.located.push_back({id, rank, there ? record->worker : no_worker});
}

void Scheduler::on_transfer(std::uint64_t bytes, std::uint64_t nanoseconds) {
  if (bytes == 0 || nanoseconds == 0) return;
  const double measured = static_cast<double>(bytes) / static_cast<double>(nanoseconds);
  constexpr double weight = 0.2;
  bandwidth_bytes_per_ns_ += weight * (measured - bandwidth_bytes_per_ns_);
}

void Scheduler::on_memory(int rank, const protocol::MemoryState& memory) {
  if (workers_.has_joined(rank)) workers_.set_memory(rank, memory);
}

std::uint32_t Scheduler::sequence_of(int holder) const {
  return workers_.has_joined(holder) ? workers_.at(holder).assignments : 0;
}

void Scheduler::append_input_refs(const TaskRecord& task, int consumer,
                                  std::vector<protocol::InputRef>& refs) const {
  // Who may have to run again must find its inputs as they were, and so must other members.
  append_refs(task.input_span(), consumer, task.gives_ahead(), refs);
}

void Scheduler::append_refs(std::span<const Input> inputs, int consumer, bool may_move,
                            std::vector<protocol::InputRef>& refs) const {
  for (const Input& input : inputs) {
    if (input.is_order()) continue;
    if (input.id.is_group()) {
      const GroupRecord& group = *groups_.find(input.id);
      auto chunk = --group.chunks.upper_bound(input.index);
      for (std::uint64_t index = input.index; index < input.index + input.count; ++chunk) {
        const std::uint64_t end =
            std::min(input.index + input.count, chunk->first + chunk->second.count);
        refs.push_back({input.id, index, end - index, chunk->second.worker, 0, 0});
        index = end;
      }
      continue;
    }
    const TaskRecord& record = *tasks_.find(input.id);
    const int holder = holder_of(input, consumer);
    const bool last_use =
        may_move && !record.client_holds && record.references == 1 && !record.has_copies;
    protocol::InputRef ref{input.id, 0, 1, holder, 0, last_use ? 1u : 0u};
    ref.sequence = sequence_of(holder) & 0x7fffffffu;
    refs.push_back(ref);
  }
}

void Scheduler::append_constant_refs(const GroupRecord& group, int consumer,
                                     std::vector<protocol::InputRef>& refs) const {
  append_refs(group.inputs, consumer, false, refs);
}

int Scheduler::holder_of(const Input& input, int consumer) const {
  if (input.id.is_group()) {
    const GroupRecord* group = groups_.find(input.id);
    check(group != nullptr, "an input is alive while its task is");
    const Chunk* chunk = find_chunk(*group, input.index);
    check(chunk != nullptr, "an element that is an input of an assigned task is finished");
    return chunk->worker;
  }
  const TaskRecord* record = tasks_.find(input.id);
  check(record != nullptr, "an input is alive while its task is");
  if (record->worker == consumer || !record->has_copies) return record->worker;
  const auto found = copies_.find(input.id.slot());
  if (found != copies_.end() && std::ranges::find(found->second, consumer) != found->second.end())
    return consumer;
  return record->worker;
}

Counts Scheduler::counts() const {
  Counts counts{tasks_.live(), groups_.live(), done_, work_left_, 0};
  for (int rank = 0; rank < workers_.size(); ++rank)
    counts.outstanding +=
        workers_.at(rank).outstanding + workers_.at(rank).waiting + workers_.at(rank).members;
  return counts;
}

std::uint64_t Scheduler::tasks_left() const {
  std::uint64_t left = work_left_;
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    const GroupRecord& group = groups_.at(slot);
    const bool in_work = group.state == GroupState::waiting || group.state == GroupState::active;
    // The map itself is in the count already.
    if (in_work && group.total > group.done) left += group.total - group.done - 1;
  }
  return left;
}

}  // namespace tutti::scheduler
