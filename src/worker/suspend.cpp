// Tasks and elements that wait inside of themselves: their slot goes to others meanwhile.

#include "tutti/check.hpp"
#include "worker/worker_state.hpp"

#include <utility>

namespace tutti::worker {

int WorkerState::depth_of(const Ready& ready) {
  if (ready.task != nullptr) return ready.task->depth;
  return ready.range != nullptr ? ready.range->depth : ready.bind->waiting.front()->depth;
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

void WorkerState::suspend(Batch& batch) {
  check(batch.current == 0 && !batch.items.empty(), "what is done before a wait was split off");
  check(may_suspend() && active_ > 0, "what waits had a slot, and may wait");
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
  note_duration(item, item.elapsed_ns - item.noted_ns);
  item.noted_ns = item.elapsed_ns;
  if (item.kind == Execution::Kind::block) item.group->waits = true;
  --active_;
  ++suspended_;
}

void WorkerState::resume() {
  check(has_slot_to_resume() && wanting_ > 0 && suspended_ > 0, "who resumes gets a slot");
  --wanting_;
  --suspended_;
  ++active_;
}

bool WorkerState::can_nest(int deeper_than) const {
  if (startable() == 0) return false;
  for (const auto& [urgency, level] : ready_) {
    if (level.empty()) continue;
    const Ready& front = level.front();
    if (depth_of(front) <= deeper_than) return false;
    if (front.bind != nullptr) return true;
    const bool is_task = front.task != nullptr;
    const Durations& durations = is_task ? durations_ : groups_.at(front.range->group)->durations;
    const std::uint32_t function = is_task ? front.task->function : 0;
    return durations.known(function) &&
           durations.mean_ns(function) <= static_cast<double>(limits_.nested_ns);
  }
  return false;
}

}  // namespace tutti::worker
