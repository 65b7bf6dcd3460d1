#include "worker/worker_state.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <utility>

namespace tutti::worker {

using detail::InputPiece;
using detail::ValuePtr;

namespace {

Claim claim_of(const protocol::ClaimRef& claim) {
  return {claim.number, claim.cores, claim.devices.to_vector()};
}

}  // namespace

// ---- assignments

void WorkerState::on_define_function(FunctionId function, const FunctionOps* ops) {
  if (function >= functions_.size()) functions_.resize(function + 1, nullptr);
  functions_[function] = ops;
}

const FunctionOps* WorkerState::function(FunctionId function) const {
  check(function < functions_.size() && functions_[function] != nullptr,
        "a function is defined on a rank before a task names it");
  return functions_[function];
}

TaskWork& WorkerState::new_task(const protocol::AssignTask& message) {
  TaskWork* task;
  if (free_tasks_.empty()) {
    task = &tasks_.emplace_back();
  } else {
    task = free_tasks_.back();
    free_tasks_.pop_back();
  }
  task->id = message.task;
  task->function = message.function;
  task->urgency = protocol::urgency_of(message.priority, message.depth);
  task->depth = message.depth;
  task->attempt = message.attempt;
  task->timeout_ms = message.timeout_ms;
  task->stream = message.stream;
  task->inline_result = message.inline_result;
  // Most have none, and the record was left without one.
  if (message.claim.number != 0) task->claim = claim_of(message.claim);
  task->payload.resize(message.payload.size());
  std::ranges::copy(message.payload, task->payload.data());
  return *task;
}

void WorkerState::on_assign(const protocol::AssignTask& message, WorkerCommands& commands) {
  accept(new_task(message), message, commands);
}

void WorkerState::accept(TaskWork& task, const protocol::AssignTask& message,
                         WorkerCommands& commands) {
  known_.insert(task.id, &task);
  assignments_ = (assignments_ + 1) & protocol::sequence_mask;
  if (!early_.empty()) admit_early(task, commands);
  if (!fetch_of_value_.empty()) end_wait_elsewhere(task);
  const std::size_t count = message.inputs.size();
  if (count != 0) {
    task.inputs.resize(count);
    task.values.resize(count);
    // Counted up first, so that an input that is here at once cannot make the task ready too early.
    task.missing = static_cast<std::uint32_t>(count);
    for (std::size_t index = 0; index < count; ++index) {
      task.inputs[index] = message.inputs[index];
      Waiter waiter;
      waiter.task = &task;
      waiter.place = static_cast<std::uint32_t>(index);
      if (resolve_input(task.inputs[index], waiter, task.values[index], task.held, commands))
        --task.missing;
    }
  }
  if (task.missing != 0) return;
  if (task.member) {
    seat_members(commands);
  } else {
    make_ready({.task = &task}, task.urgency, false);
  }
}

void WorkerState::task_complete(TaskWork* task, WorkerCommands& commands) {
  if (task->input_failed) {
    drop(task, commands);
  } else if (task->member) {
    seat_members(commands);
  } else {
    // Ahead of other work: its inputs are warm, and running it lets them be released.
    make_ready({.task = task}, task->urgency, true);
  }
}

void WorkerState::on_release(TaskId id) {
  store_.erase(id);
  if (!id.is_group()) return;
  const auto found = groups_.find(id);
  if (found == groups_.end()) return;
  found->second->released = true;
  forget_group_if_done(*found->second);
}

// ---- groups

GroupWork& WorkerState::group_entry(TaskId id) {
  std::unique_ptr<GroupWork>& entry = groups_[id];
  if (!entry) {
    entry = std::make_unique<GroupWork>();
    entry->group = id;
  }
  return *entry;
}

void WorkerState::on_define_group(const protocol::DefineGroup& message, const FunctionOps* ops,
                                  WorkerCommands& commands) {
  GroupWork& group = group_entry(message.group);
  check(group.ops == nullptr, "a group is defined once on a rank");
  group.ops = ops;
  group.payload = Bytes::copy_of(message.payload);
  group.stream = message.stream;
  group.retries = message.retries;
  group.timeout_ms = message.timeout_ms;
  const std::size_t count = message.inputs.size();
  group.inputs.resize(count);
  group.missing = static_cast<std::uint32_t>(count);
  for (std::size_t index = 0; index < count; ++index) {
    Waiter waiter;
    waiter.group = &group;
    waiter.place = static_cast<std::uint32_t>(index);
    if (resolve_input(message.inputs[index], waiter, group.inputs[index], group.held, commands))
      --group.missing;
  }
  if (group.missing == 0) group_complete(&group);
}

/// Definition and constants are here; a thread binds them before the first stretch runs.
void WorkerState::group_complete(GroupWork* group) {
  if (group->waiting.empty() || group->binding) return;
  group->binding = true;
  make_ready({.bind = group}, group->waiting.front()->urgency, true);
}

void WorkerState::on_assign(const protocol::AssignRange& message, WorkerCommands& commands) {
  RangeWork* range;
  if (free_ranges_.empty()) {
    range = &ranges_.emplace_back();
  } else {
    range = free_ranges_.back();
    free_ranges_.pop_back();
  }
  range->group = message.group;
  range->begin = message.begin;
  range->count = message.count;
  range->urgency = protocol::urgency_of(message.priority, message.depth);
  range->depth = message.depth;
  range->pinned = message.pinned;
  range->claim = claim_of(message.claim);
  // One more than the pieces: the group itself, until it is bound.
  range->missing = static_cast<std::uint32_t>(message.pieces.size()) + 1;
  for (std::size_t index = 0; index < message.pieces.size(); ++index) {
    const protocol::PieceRef piece = message.pieces[index];
    if (piece.source >= range->sources.size()) range->sources.resize(piece.source + 1);
    range->sources[piece.source].push_back({nullptr, piece.begin, piece.count});
  }
  std::vector<std::uint32_t> number(range->sources.size(), 0);
  for (std::size_t index = 0; index < message.pieces.size(); ++index) {
    const protocol::PieceRef piece = message.pieces[index];
    InputPiece& target = range->sources[piece.source][number[piece.source]];
    const std::uint32_t place = number[piece.source]++;
    const Store::Stretch* stretch =
        piece.id.is_group() ? store_.use_stretch(piece.id, piece.begin) : nullptr;
    if (stretch != nullptr && !stretch->away) {
      target = {stretch->value.get(), stretch->begin, stretch->count};
      --range->missing;
      continue;
    }
    Waiter waiter;
    waiter.range = range;
    waiter.place = piece.source;
    waiter.piece = place;
    if (stretch != nullptr) {
      load_stretch(piece.id, *stretch, waiter, commands);
      continue;
    }
    fetch_slice(piece.id, piece.begin, piece.count, piece.holder, waiter, commands);
  }
  GroupWork& group = group_entry(message.group);
  ++group.unfinished;
  if (group.is_bound()) {
    if (--range->missing == 0) make_ready({.range = range}, range->urgency, false);
  } else {
    group.waiting.push_back(range);
    if (group.ops != nullptr && group.missing == 0) group_complete(&group);
  }
}

void WorkerState::finish_bind(Execution& item) {
  GroupWork& group = *item.group;
  group.bound = std::move(item.result);
  if (item.threw) {
    group.bind_error_type = item.error_type.empty() ? "unknown" : item.error_type;
    group.bind_error_message = item.error_message;
  }
  // Ranges of a map that was cancelled end here; the map stays until all have been looked at.
  for (RangeWork* range : std::exchange(group.waiting, {})) {
    if (--range->missing == 0) make_ready({.range = range}, range->urgency, false);
  }
  group.binding = false;
  forget_group_if_done(group);
}

void WorkerState::forget_group_if_done(GroupWork& group) {
  // Constants that are still on their way name the group.
  const bool used = group.unfinished != 0 || group.missing != 0 || group.binding;
  if (group.released && !used) groups_.erase(group.group);
}

// ---- running

void WorkerState::make_ready(Ready ready, std::int32_t urgency, bool at_front) {
  if (ready.range != nullptr && groups_.at(ready.range->group)->cancelled)
    return recycle(ready.range);
  std::deque<Ready>& level = ready_[urgency];
  if (at_front) {
    level.push_front(ready);
  } else {
    level.push_back(ready);
  }
  ++ready_count_;
}

std::uint32_t WorkerState::cores_of(const Ready& ready) {
  if (ready.task != nullptr) return ready.task->claim.cores;
  return ready.range != nullptr ? ready.range->claim.cores : 1;
}

/// Of what begins next. Something that needs several slots waits for them in front of others.
std::uint32_t WorkerState::cores_of_next() const {
  const int lowest = floor();
  for (const auto& [urgency, level] : ready_) {
    if (!level.empty() && depth_of(urgency) >= lowest) return cores_of(level.front());
  }
  return 1;
}

std::uint64_t WorkerState::block_length(const RangeWork& range) const {
  const GroupWork& group = *groups_.at(range.group);
  const std::uint64_t left = range.count - range.next;
  // An element that waits would keep those behind it waiting, and time is measured for each block.
  if (!group.durations.known(0) || group.waits || group.timeout_ms != 0) return 1;
  const double mean_ns = std::max(group.durations.mean_ns(0), 0.01);
  const auto by_time =
      static_cast<std::uint64_t>(std::max(1.0, static_cast<double>(limits_.block_ns) / mean_ns));
  // All threads of the rank shall have a part of what is left.
  const std::uint64_t by_share = (left + limits_.slots - 1) / limits_.slots;
  return std::max<std::uint64_t>(1, std::min({by_time, by_share, left}));
}

/// The last one who needs a value may have it.
void WorkerState::mark_movable(TaskWork& task) {
  for (std::size_t index = 0; index < task.inputs.size(); ++index) {
    detail::InputValue& value = task.values[index];
    value.movable = task.inputs[index].last_use != 0 && value.value != nullptr &&
                    !task.inputs[index].id.is_group() && !value.value->is_shared();
  }
}

void WorkerState::take(Batch& batch, int depth_min) {
  if (depth_min == 0 && !begun_members_.empty()) return take_member(batch);
  fill(batch, std::max(depth_min, floor()));
  if (!batch.items.empty()) active_ += batch.slots;
}

void WorkerState::fill(Batch& batch, int depth_min) {
  std::uint64_t estimate_ns = 0;
  batch.slots = 1;
  if (!has_ready()) return;
  const std::size_t tasks_max =
      pause_ != Pause::none ? 1
                            : std::min(limits_.batch_tasks_max, ready_count_ / limits_.slots + 1);
  for (auto level = ready_.begin(); level != ready_.end();) {
    std::deque<Ready>& queue = level->second;
    if (queue.empty()) {
      level = level->first == 0 ? std::next(level) : ready_.erase(level);
      continue;
    }
    if (depth_of(level->first) < depth_min) {
      ++level;
      continue;
    }
    const Ready ready = queue.front();
    if (ready.task == nullptr && !batch.items.empty()) return;
    if (!batch.items.empty() && (ready.task->timeout_ms != 0 || !ready.task->claim.is_none() ||
                                 coordinates(ready.task->function)))
      return;
    const std::uint32_t cores = cores_of(ready);
    if (cores > 1 && active_ + wanting_ + cores > limits_.slots) return;
    batch.slots = cores;
    Execution& item = batch.items.emplace_back();
    ++taken_;
    if (ready.range != nullptr) {
      RangeWork& range = *ready.range;
      const GroupWork& group = *groups_.at(range.group);
      item.kind = Execution::Kind::block;
      item.range = &range;
      item.group = groups_.at(range.group).get();
      item.ops = group.ops;
      if (range.returned.empty()) {
        item.begin = range.begin + range.next;
        item.count = block_length(range);
      } else {
        RangeWork::Returned& back = range.returned.back();
        item.begin = back.begin++;
        item.count = 1;
        if (--back.count == 0) range.returned.pop_back();
        if (range.all_begun()) {
          queue.pop_front();
          --ready_count_;
        }
        return;
      }
      // Room for the results of the whole stretch (none for void), before several threads look for
      // it without a lock.
      if (range.next == 0 && item.ops->make_results != nullptr) {
        range.results = ValuePtr(item.ops->make_results(range.begin, range.count));
      }
      range.next += item.count;
      if (range.all_begun()) {
        queue.pop_front();
        --ready_count_;
      }
      return;
    }
    queue.pop_front();
    --ready_count_;
    if (ready.bind != nullptr) {
      item.kind = Execution::Kind::bind;
      item.group = ready.bind;
      item.ops = ready.bind->ops;
      return;
    }
    add_task(item, ready.task);
    const bool known = durations_.known(ready.task->function);
    estimate_ns += durations_.estimate_ns(ready.task->function, 1, limits_.batch_ns);
    // Its time begins with its run.
    if (ready.task->timeout_ms != 0 || !ready.task->claim.is_none()) return;
    if (!known || estimate_ns >= limits_.batch_ns || batch.items.size() >= tasks_max) return;
  }
}

/// A thread takes a task.
void WorkerState::add_task(Execution& item, TaskWork* task) {
  item.kind = Execution::Kind::task;
  item.task = task;
  task->taken = true;
  mark_movable(*task);
  item.id = task->id;
  item.run = task->member ? task->member->run : 0;
  item.ops = function(task->function);
}

bool WorkerState::may_take_long(const Batch& batch) const {
  for (const Execution& item : batch.items) {
    if (item.kind == Execution::Kind::bind || item.run != 0) return true;
    if (item.kind == Execution::Kind::block && !item.group->durations.known(0)) return true;
    if (item.kind == Execution::Kind::block &&
        item.group->durations.estimate_ns(0, item.count, 0) > limits_.block_ns)
      return true;
    if (item.kind == Execution::Kind::task &&
        (!durations_.known(item.task->function) ||
         durations_.mean_ns(item.task->function) > static_cast<double>(limits_.block_ns)))
      return true;
  }
  return false;
}

void WorkerState::on_done(Batch& batch, WorkerCommands& commands) {
  end_items(batch.items, commands);
  active_ -= batch.slots;
  seat_members(commands);
}

void WorkerState::end_items(std::span<Execution> items, WorkerCommands& commands) {
  for (Execution& item : items) {
    --taken_;
    switch (item.kind) {
      case Execution::Kind::task:
        finish_task(item, commands);
        break;
      case Execution::Kind::block:
        finish_block(item, commands);
        break;
      case Execution::Kind::bind:
        finish_bind(item);
        break;
    }
  }
}

void WorkerState::finish_task(Execution& item, WorkerCommands& commands) {
  TaskWork* task = item.task;
  note_duration(item, item.elapsed_ns - item.noted_ns);
  add_timing(TaskId(), task->function, 1, item.elapsed_ns);
  if (task->detached) {
    item.detached = true;
    item.task = nullptr;
    recycle(task);
    return;
  }
  if (task->member) return finish_member(item, commands);
  if (!item.threw) store_.put(task->id, item.result, item.result_bytes);
  item.task = nullptr;
  ended(task, item.result, item.threw, commands);
}

void WorkerState::finish_block(Execution& item, WorkerCommands& commands) {
  RangeWork& range = *item.range;
  note_duration(item, item.elapsed_ns - item.noted_ns);
  add_timing(range.group, 0, item.count, item.elapsed_ns);
  range.done += item.count;
  std::ranges::move(item.failures, std::back_inserter(range.failures));
  if (range.done != range.count) return;
  if (item.group->cancelled) {
    recycle(&range);
  } else {
    commands.finished_ranges.push_back(&range);
  }
}

void WorkerState::recycle(RangeWork* range) {
  if (!range->claim.is_none()) ended_claims_.push_back(range->claim.number);
  GroupWork& group = *groups_.at(range->group);
  --group.unfinished;
  forget_group_if_done(group);
  *range = RangeWork{};
  free_ranges_.push_back(range);
}

void WorkerState::recycle(TaskWork* task) {
  if (!task->claim.is_none()) {
    ended_claims_.push_back(task->claim.number);
    task->claim = {};
  }
  // Room is kept for the next task, but not that of a call with very many inputs or a large
  // payload: each would leave another record wide for ever.
  constexpr std::size_t kept_entries_max = 32;
  constexpr std::size_t kept_bytes_max = 1024;
  const auto is_wide = [](const auto& list) { return list.capacity() > kept_entries_max; };
  if (is_wide(task->inputs) || is_wide(task->values) || is_wide(task->held) ||
      is_wide(task->waiters) || is_wide(task->askers) || task->payload.size() > kept_bytes_max) {
    *task = TaskWork{};
  }
  task->missing = 0;
  task->taken = false;
  task->detached = false;
  task->stop = 0;
  task->input_failed = false;
  task->member.reset();
  task->problem.clear();
  task->inputs.clear();
  task->values.clear();
  task->held.clear();
  task->waiters.clear();
  task->askers.clear();
  free_tasks_.push_back(task);
}

void WorkerState::add_timing(TaskId group, FunctionId function, std::uint64_t calls,
                             std::uint64_t nanoseconds) {
  for (protocol::Timing& timing : timings_) {
    if (timing.group == group && timing.function == function) {
      timing.calls += calls;
      timing.nanoseconds += nanoseconds;
      return;
    }
  }
  timings_.push_back({group, function, calls, nanoseconds});
}

void WorkerState::take_ended_claims(std::vector<std::uint32_t>& claims) {
  claims.insert(claims.end(), ended_claims_.begin(), ended_claims_.end());
  ended_claims_.clear();
}

void WorkerState::take_timings(std::vector<protocol::Timing>& timings) {
  timings.insert(timings.end(), timings_.begin(), timings_.end());
  timings_.clear();
}

void WorkerState::append_read(std::vector<const detail::Value*>& values) const {
  const auto add = [&values](const detail::Value* value) {
    if (value != nullptr) values.push_back(value);
  };
  known_.for_each([&add](TaskId, const TaskWork* task) {
    for (const detail::InputValue& input : task->values) add(input.value);
  });
  for (const RangeWork& range : ranges_) {
    for (const auto& source : range.sources) {
      for (const InputPiece& piece : source) add(piece.value);
    }
  }
  for (const auto& [id, group] : groups_) {
    for (const detail::InputValue& input : group->inputs) add(input.value);
  }
}

/// What a task reads lives as long as the task, in the store or with it.
void WorkerState::check_inputs(const TaskWork& task) const {
  for (std::size_t index = 0; index < task.inputs.size(); ++index) {
    const detail::Value* value = task.values[index].value;
    const TaskId id = task.inputs[index].id;
    const Store::Stretch* stretch =
        id.is_group() ? store_.find_stretch(id, task.inputs[index].index) : nullptr;
    const bool stored = id.is_group() ? stretch != nullptr && stretch->value.get() == value
                                      : store_.find(id) == value;
    const bool held =
        std::ranges::any_of(task.held, [&](const ValuePtr& each) { return each.get() == value; });
    check(value == nullptr || stored || held, "what a task reads is in the store or with the task");
  }
}

void WorkerState::check_invariants() const {
  std::size_t ready = 0;
  for (const auto& [urgency, level] : ready_) ready += level.size();
  check(ready == ready_count_, "the ready count is the length of the queues");
  check(taken_ >= suspended_ && suspended_ >= wanting_,
        "what waits inside of itself was taken, and what wants a slot waited");
  check(fetches_.size() == fetch_of_value_.size() + fetch_of_slice_.size(),
        "each fetch is found by what it fetches");
  for (const auto& [id, request] : fetch_of_value_) {
    check(fetches_.contains(request) && fetches_.at(request).id == id,
          "a fetch is found by its value");
    check(fetches_.at(request).own || !store_.contains(id), "what is in the store is not fetched");
  }
  known_.for_each([this](TaskId id, const TaskWork* task) {
    check(task->id == id, "an assigned task is found by its id");
    check(!store_.contains(id), "what has a result is not assigned any more");
    if (task->missing == 0) check_inputs(*task);
  });
  check(active_ <= limits_.slots, "no more run, or are about to, than there are slots");
  for (const TaskWork* task : members_) {
    check(known_.find(task->id) != nullptr && task->member, "a member of a gang is assigned");
    const bool sits = task->member->phase != GangMember::Phase::waiting;
    check(!sits || task->missing == 0, "a member has its inputs when it has a slot");
    const bool could_sit = task->missing == 0 && active_ + wanting_ < limits_.slots;
    check(sits || !could_sit, "a member does not wait while a slot is free");
    check(task->member->phase != GangMember::Phase::begun || task->taken ||
              std::ranges::find(begun_members_, task) != begun_members_.end(),
          "a member that was told to begin has a thread, or will");
  }
  for (const Early& each : early_) {
    check(!known_.contains(each.id), "what is assigned is not asked for too early");
    check(!protocol::has_seen(assignments_, each.sequence), "who asked too early still waits");
  }
}

}  // namespace tutti::worker
