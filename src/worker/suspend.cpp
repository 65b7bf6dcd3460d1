// Tasks and elements that wait inside of themselves: their slot goes to others meanwhile.

#include "tutti/check.hpp"
#include "worker/worker_state.hpp"

#include <algorithm>
#include <utility>

namespace tutti::worker {

int WorkerState::depth_of(const Execution& item) {
  if (item.kind == Execution::Kind::task) return item.task->depth;
  return item.kind == Execution::Kind::block ? item.range->depth : 0;
}

/// The smallest depth that may begin. While few wait that is any: a slot shall not be idle for the
/// time that rank 0 needs to send what was just submitted. When many do, only what is deeper than
/// all of them begins: then no more wait than the tree of tasks is deep. The deepest one of all
/// ranks waits for tasks that are deeper still, which every rank lets begin; so it goes on.
/// Who waits for a lock waits for a task that has begun, or for the client: so long there is room
/// for it, as their holders may wait for something new. Who waits for an event or a queue may need
/// whatever has not begun, and holds nothing back.
int WorkerState::floor() const {
  constexpr std::uint32_t quarters = 4;
  const std::uint32_t quarter = limits_.suspended_max / quarters;
  const bool many_wait_for_results = waiting_for_results_ != 0 && waiting_for_results_ >= quarter;
  const bool many_wait_for_holders = !suspended_depths_.empty() &&
                                     suspended_ > waiting_for_results_ &&
                                     suspended_ >= limits_.suspended_max - quarter;
  if (!many_wait_for_results && !many_wait_for_holders) return 0;
  return suspended_depths_.rbegin()->first + 1;
}

std::size_t WorkerState::ready_count(int depth_min) const {
  if (depth_min == 0) return ready_count_;
  std::size_t count = 0;
  for (const auto& [urgency, level] : ready_)
    count += depth_of(urgency) >= depth_min ? level.size() : 0;
  return count;
}

/// Durations that decide how much a thread takes at once; what was noted before a wait is not noted
/// again at the end.
void WorkerState::note_duration(const Execution& item, std::uint64_t nanoseconds) {
  if (item.kind == Execution::Kind::task) {
    durations_.add(item.task->function, 1, nanoseconds);
  } else if (item.kind == Execution::Kind::block) {
    item.group->durations.add(0, item.count, nanoseconds);
  }
}

void WorkerState::split(Batch& batch, Batch& done, WorkerCommands& commands) {
  if (batch.current == 0) return;
  const auto running = batch.items.begin() + static_cast<std::ptrdiff_t>(batch.current);
  done.items.assign(std::make_move_iterator(batch.items.begin()), std::make_move_iterator(running));
  done.streams = std::exchange(batch.streams, Writer());
  batch.items.erase(batch.items.begin(), running);
  batch.current = 0;
  batch.first = 0;
  end_items(done.items, commands);
}

/// An element that waits may wait for one behind it, and others have time for those.
void WorkerState::return_rest(Execution& block, std::uint64_t begun) {
  block.group->waits = true;
  if (begun >= block.count) return;
  RangeWork& range = *block.range;
  const std::uint64_t rest = block.count - begun;
  block.count = begun;
  if (block.group->cancelled) {
    range.done += rest;
    return;
  }
  const bool is_queued = !range.all_begun();
  range.returned.push_back({block.begin + begun, rest});
  if (!is_queued) make_ready({.range = &range}, range.urgency, true);
}

void WorkerState::suspend(Batch& batch, WorkerCommands& commands, WaitsFor what,
                          std::uint64_t begun) {
  check(batch.current == 0 && !batch.items.empty(), "what is done before a wait was split off");
  check(may_suspend() && active_ >= batch.slots, "what waits had a slot, and may wait");
  while (batch.items.size() > 1) {
    TaskWork* task = batch.items.back().task;
    batch.items.pop_back();
    --taken_;
    task->taken = false;
    if (task->detached) {
      recycle(task);
    } else {
      make_ready({.task = task}, task->urgency, true);
    }
  }
  Execution& item = batch.items.front();
  if (item.kind == Execution::Kind::block) return_rest(item, begun);
  note_duration(item, item.elapsed_ns - item.noted_ns);
  item.noted_ns = item.elapsed_ns;
  active_ -= batch.slots;
  ++suspended_;
  item.waits_for = what;
  if (what != WaitsFor::anybody) ++suspended_depths_[depth_of(item)];
  if (what == WaitsFor::results) ++waiting_for_results_;
  seat_members(commands);
}

void WorkerState::on_coordination(const Execution& item) {
  if (item.kind == Execution::Kind::block) {
    item.group->coordinates = true;
    item.group->waits = true;
    return;
  }
  const FunctionId function = item.task->function;
  if (function >= coordinating_.size()) coordinating_.resize(function + 1, 0);
  coordinating_[function] = 1;
}

void WorkerState::resume(const Batch& batch) {
  check(has_slot_to_resume(batch) && wanting_ > 0 && suspended_ > 0, "who resumes gets a slot");
  --wanting_;
  --suspended_;
  active_ += batch.slots;
  const Execution& item = batch.items.front();
  if (item.waits_for == WaitsFor::anybody) return;
  const auto depth = suspended_depths_.find(depth_of(item));
  if (--depth->second == 0) suspended_depths_.erase(depth);
  if (item.waits_for == WaitsFor::results) --waiting_for_results_;
}

bool WorkerState::can_nest(int depth_min) const {
  if (startable_alone() == 0) return false;
  const int lowest = std::max(depth_min, floor());
  for (const auto& [urgency, level] : ready_) {
    if (level.empty() || depth_of(urgency) < lowest) continue;
    const Ready& front = level.front();
    if (front.bind != nullptr) return true;
    // It is to have the cores of several slots, which the thread that waits has not.
    if (cores_of(front) > 1) return false;
    if (front.task != nullptr ? coordinates(front.task->function)
                              : groups_.at(front.range->group)->coordinates)
      return false;
    const Durations& durations =
        front.task != nullptr ? durations_ : groups_.at(front.range->group)->durations;
    const std::uint32_t function = front.task != nullptr ? front.task->function : 0;
    return durations.known(function) &&
           durations.mean_ns(function) <= static_cast<double>(limits_.nested_ns);
  }
  return false;
}

}  // namespace tutti::worker
