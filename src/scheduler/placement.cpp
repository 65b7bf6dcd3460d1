#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <array>

namespace tutti::scheduler {

void Scheduler::place(Commands& commands) {
  forget_unneeded(commands);
  if (workers_.joined() == 0) return;
  for (const TaskId id : pinned_) place_pinned(id, commands);
  pinned_.clear();
  place_own_queues(commands);
  while (!ready_.empty()) {
    const TaskId id = ready_.front();
    if (id.is_group()) {
      GroupRecord* group = groups_.find(id);
      if (group == nullptr) {
        ready_.pop();
        continue;
      }
      if (group->state == GroupState::active && !group->available.empty()) {
        if (!place_range(id, commands)) break;
      }
      if (group->state != GroupState::active || group->available.empty()) {
        group->queued = false;
        ready_.pop();
      }
      continue;
    }
    const TaskRecord* record = tasks_.find(id);
    if (record != nullptr && record->state == TaskState::ready && !place_task(id, commands)) break;
    ready_.pop();
  }
  take_from_queues(commands);
  // What was just assigned may have drawn its dependents behind it.
  place_own_queues(commands);
}

void Scheduler::assign(TaskId task, int worker, Commands& commands) {
  TaskRecord& record = tasks_.at(task.slot());
  record.state = TaskState::assigned;
  record.worker = worker;
  record.estimate_ns = durations_.estimate_ns(record.function, 1, unknown_ns());
  workers_.load(worker, record.estimate_ns);
  story_.add(StoryEvent::Kind::assigned, task, worker);
  commands.assign.push_back({task, worker});
  for (std::uint32_t edge = record.first_dependent; edge != no_edge; edge = edges_[edge].next) {
    const TaskId dependent = edges_[edge].dependent;
    TaskRecord* other = tasks_.find(dependent);
    if (other == nullptr || other->state != TaskState::waiting) continue;
    note_placed(dependent, worker);
    consider_ahead(dependent);
  }
}

/// Queues a waiting task at the one worker that produces all it still misses, if there is such a
/// worker.
void Scheduler::consider_ahead(TaskId task) {
  const TaskRecord& record = tasks_.at(task.slot());
  if (record.state != TaskState::waiting || record.unplaced_inputs != 0 || record.worker < 0)
    return;
  workers_.queue_ahead(record.worker, task);
}

/// Gives each worker what waits for it, as far as its credit goes. Assigning a task may queue its
/// dependents behind it: a chain goes to its worker in one turn.
void Scheduler::place_own_queues(Commands& commands) {
  for (int rank = workers_.next_visit(); rank >= 0; rank = workers_.next_visit()) {
    WorkerRecord& worker = workers_.at(rank);
    while (worker.has_queue() && workers_.has_credit(worker)) {
      const bool own = !worker.own_queue.empty();
      const TaskId task = own ? worker.own_queue.front() : worker.ahead_queue.front();
      own ? worker.own_queue.pop() : worker.ahead_queue.pop_front();
      // Entries are stale when the task was taken by another worker, became ready, failed or was
      // forgotten.
      const TaskRecord* record = tasks_.find(task);
      if (record == nullptr) continue;
      const bool ahead = record->state == TaskState::waiting && record->worker == rank &&
                         record->unplaced_inputs == 0;
      if (ahead || record->state == TaskState::ready) assign(task, rank, commands);
    }
  }
}

/// Assigns a ready task, or queues it where its data is. False when nobody can take it.
bool Scheduler::place_task(TaskId task, Commands& commands) {
  const TaskRecord& record = tasks_.at(task.slot());
  if (record.input_count != 0) {
    std::uint64_t bytes_there = 0;
    std::uint64_t bytes_all = 0;
    const int preferred = preferred_worker(record, bytes_there, bytes_all);
    if (preferred >= 0) {
      const WorkerRecord& worker = workers_.at(preferred);
      if (!workers_.is_idle(worker)) {
        const int idle = workers_.next_idle();
        const double moving_ns =
            options_.latency_ns + static_cast<double>(bytes_all) / options_.bandwidth_bytes_per_ns;
        const double waiting_ns = static_cast<double>(worker.outstanding_ns) / worker.slots;
        if (idle >= 0 && moving_ns < waiting_ns) {
          assign(task, idle, commands);
          return true;
        }
      }
      if (workers_.has_credit(worker)) {
        assign(task, preferred, commands);
      } else {
        workers_.queue_own(preferred, record.priority, task);
      }
      return true;
    }
  }
  int worker = workers_.next_idle();
  if (worker < 0) worker = workers_.next_available();
  if (worker < 0) return false;
  assign(task, worker, commands);
  return true;
}

/// The worker that holds most bytes of the inputs; no_worker when no worker holds any.
int Scheduler::preferred_worker(const TaskRecord& record, std::uint64_t& bytes_there,
                                std::uint64_t& bytes_all) const {
  struct Candidate {
    int worker;
    std::uint64_t bytes;
  };
  // More than a few holders are not told apart: the first ones seen stand for all.
  std::array<Candidate, 8> candidates;
  std::size_t count = 0;
  for (const Input& input : record.input_span()) {
    std::uint64_t bytes = 1;
    if (!input.id.is_group()) bytes += tasks_.at(input.id.slot()).result_bytes;
    bytes_all += bytes;
    const int holder = holder_of(input, no_worker);
    if (holder >= workers_.size() || holder < 0 || !workers_.at(holder).joined) continue;
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
    const auto found = std::find_if(candidates.begin(), end,
                                    [&](const Candidate& each) { return each.worker == holder; });
    if (found != end) {
      found->bytes += bytes;
    } else if (count < candidates.size()) {
      candidates[count++] = {holder, bytes};
    }
  }
  int best = no_worker;
  for (std::size_t index = 0; index < count; ++index) {
    if (best == no_worker || candidates[index].bytes > bytes_there) {
      best = candidates[index].worker;
      bytes_there = candidates[index].bytes;
    }
  }
  return best;
}

/// Idle workers take ready tasks that were queued for a worker without credit.
void Scheduler::take_from_queues(Commands& commands) {
  if (!ready_.empty()) return;
  for (;;) {
    const int idle = workers_.next_idle();
    if (idle < 0) return;
    const int victim = workers_.next_victim();
    if (victim < 0) return;
    ReadyQueue& queue = workers_.at(victim).own_queue;
    const TaskId task = queue.front();
    queue.pop();
    const TaskRecord* record = tasks_.find(task);
    if (record != nullptr && record->state == TaskState::ready) assign(task, idle, commands);
  }
}

/// How many elements the next stretch has: a share of what is left, so that stretches get shorter
/// towards the end and workers of different speed end together (guided self-scheduling).
std::uint64_t Scheduler::range_length(const GroupRecord& group, int rank) const {
  if (!durations_.known(group.function)) return 1;
  const WorkerRecord& worker = workers_.at(rank);
  const double mean_ns = std::max(durations_.mean_ns(group.function), 0.1);
  const double left_ns = mean_ns * static_cast<double>(group.total - group.given_out);
  const double share_ns = left_ns / (2.0 * static_cast<double>(workers_.total_slots()));
  const double aim_ns = std::clamp(share_ns, static_cast<double>(options_.range_ns_min),
                                   static_cast<double>(options_.range_ns_max));
  auto length = static_cast<std::uint64_t>(std::max(1.0, aim_ns / mean_ns * worker.slots));
  if (group.bytes_per_element != 0) {
    length = std::min(
        length, std::max<std::uint64_t>(1, options_.range_bytes_max / group.bytes_per_element));
  }
  return length;
}

/// Gives out one stretch. False when nobody can take it.
bool Scheduler::place_range(TaskId id, Commands& commands) {
  GroupRecord& group = groups_.at(id.slot());
  AvailablePiece& piece = group.available.front();
  int worker = piece.worker;
  if (worker < 0 || worker >= workers_.size() || !workers_.at(worker).joined ||
      !workers_.has_credit(workers_.at(worker))) {
    worker = workers_.next_idle();
    if (worker < 0) worker = workers_.next_available();
    if (worker < 0) return false;
  }
  const std::uint64_t begin = piece.begin;
  const std::uint64_t count = std::min(piece.count, range_length(group, worker));
  piece.begin += count;
  piece.count -= count;
  if (piece.count == 0) group.available.pop_front();
  const std::uint32_t estimate_ns = durations_.estimate_ns(group.function, count, unknown_ns());
  group.given_out += count;
  group.outstanding[begin] = {count, worker, estimate_ns};
  workers_.load(worker, estimate_ns);
  story_.add(StoryEvent::Kind::assigned, id, worker);
  commands.assign_range.push_back({id, begin, count, worker});
  return true;
}

/// Element i goes to rank i at once, whatever that rank has to do.
void Scheduler::place_pinned(TaskId id, Commands& commands) {
  GroupRecord* found = groups_.find(id);
  if (found == nullptr || found->state != GroupState::active || found->available.empty()) return;
  GroupRecord& group = *found;
  group.available.clear();
  for (std::uint64_t index = 0; index < group.total; ++index) {
    group.outstanding[index] = {1, static_cast<std::int32_t>(index), 0};
    commands.assign_range.push_back({id, index, 1, static_cast<std::int32_t>(index)});
  }
  group.given_out = group.total;
}

}  // namespace tutti::scheduler
