#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <climits>
#include <utility>

namespace tutti::scheduler {

void Scheduler::place(Commands& commands) {
  forget_unneeded(commands);
  if (workers_.joined() == 0) return;
  for (const TaskId id : pinned_) place_pinned(id, commands);
  pinned_.clear();
  if (stopped_) return;
  place_gangs(commands);
  // Depth first: what was begun goes before what was not, unless that is more urgent.
  const int urgency_min = ready_.empty() ? INT_MIN : ready_.urgency();
  serve_queues(urgency_min, commands);
  for (const TaskId id : ready_bound_) place_bound(id, urgency_min, commands);
  ready_bound_.clear();
  place_actors(commands);
  place_ahead(commands);
  place_demanding(commands);
  place_from_ready(commands);
  take_from_queues(commands);
  serve_queues(INT_MIN, commands);
  place_ahead(commands);
  ask_for_work(commands);
}

/// Whether a call that starts now is expected to end in time.
bool Scheduler::fits(FunctionId function) const {
  if (end_ns_ == 0) return true;
  return static_cast<double>(now_ns_) + durations_.mean_ns(function) < static_cast<double>(end_ns_);
}

/// Whether the worker would be through with a call in time after what it has. Near the end a call
/// waits for a free slot here, and does not stand behind others there.
bool Scheduler::is_in_time(int worker, FunctionId function) const {
  const WorkerRecord& there = workers_.at(worker);
  if (end_ns_ == 0 || workers_.is_idle(there)) return true;
  // How much longer than this something takes is not on the worker's account.
  if (there.outstanding_ns >= Durations::load_ns_max) return false;
  // What was given out before anybody knew how long it takes is more than the account says; mostly
  // it is of the same function.
  const double mean_ns = durations_.mean_ns(function);
  const double same_ns =
      mean_ns * static_cast<double>(there.units + there.waiting) / static_cast<double>(there.slots);
  return static_cast<double>(now_ns_) + std::max(there.queue_ns(), same_ns) + mean_ns <
         static_cast<double>(end_ns_);
}

bool Scheduler::may_take(int worker, FunctionId function) const {
  return workers_.has_credit(workers_.at(worker)) && is_in_time(worker, function);
}

bool Scheduler::only_held_left() const {
  const bool any_held = std::any_of(held_.begin(), held_.end(), [this](TaskId id) {
    return tasks_.find(id) != nullptr || groups_.find(id) != nullptr;
  });
  return any_held && counts().outstanding == 0;
}

void Scheduler::place_from_ready(Commands& commands) {
  while (!ready_.empty()) {
    const TaskId id = ready_.front();
    if (id.is_group()) {
      GroupRecord* group = groups_.find(id);
      if (group == nullptr) {
        ready_.pop();
        continue;
      }
      if (!fits(group->function)) {
        held_.push_back(id);
        ready_.pop();
        continue;
      }
      if (group->state == GroupState::active && !group->available.empty()) {
        if (!place_range(id, commands)) return;
      }
      if (group->state != GroupState::active || group->available.empty()) {
        group->queued = false;
        ready_.pop();
      }
      continue;
    }
    const TaskRecord* record = tasks_.find(id);
    const bool is_ready = record != nullptr && record->state == TaskState::ready;
    if (is_ready && !fits(record->function)) {
      held_.push_back(id);
    } else if (is_ready && record->is_gang) {
      queue_gang(id);
    } else if (is_ready && !place_source(id, commands)) {
      return;
    }
    ready_.pop();
    // One that must wait for workers keeps what comes behind it from none.
    if (is_ready && record->is_gang) place_gangs(commands);
  }
}

/// Hands a task to a worker, which asks for all inputs at once; those to come are sent when they
/// are there.
void Scheduler::give(TaskId task, int worker, Commands& commands) {
  TaskRecord& record = tasks_.at(task.slot());
  record.state = TaskState::assigned;
  record.worker = worker;
  record.estimate_ns = durations_.estimate_ns(record.function, 1, unknown_ns());
  record.result_bytes = static_cast<std::uint64_t>(durations_.result_bytes(record.function));
  if (record.demand != no_demand && demands_.at(record.demand).result_bytes != 0)
    record.result_bytes = demands_.at(record.demand).result_bytes;
  record.due_ns = record.missing_inputs != 0
                      ? workers_.load_ahead(worker, record.estimate_ns, record.result_bytes)
                      : workers_.load(worker, record.estimate_ns, 1, record.result_bytes);
  WorkerRecord& receiver = workers_.at(worker);
  receiver.assignments = (receiver.assignments + 1) & protocol::sequence_mask;
  story_.add(StoryEvent::Kind::assigned, task, worker);
  commands.assign.push_back({task, worker, std::exchange(claim_, 0)});
}

void Scheduler::assign(TaskId task, int worker, Commands& commands) {
  give(task, worker, commands);
  if (!tasks_.at(task.slot()).is_placed()) return;
  // What it gives is on its way now: those that need it may follow.
  for (std::uint32_t edge = tasks_.at(task.slot()).first_dependent; edge != no_edge;
       edge = edges_[edge].next) {
    if (edges_[edge].order) continue;
    const TaskId dependent = edges_[edge].dependent;
    TaskRecord* other = tasks_.find(dependent);
    if (other == nullptr || other->state != TaskState::waiting) continue;
    --other->unplaced_inputs;
    consider_ahead(dependent);
  }
}

/// All that the task still misses is being computed: it may go where it will be needed.
void Scheduler::consider_ahead(TaskId task) {
  const TaskRecord& record = tasks_.at(task.slot());
  if (record.state == TaskState::waiting && record.unplaced_inputs == 0 &&
      record.demand == no_demand && !record.is_gang && !record.is_actor && !record.is_call)
    ahead_.push_back(task);
}

/// Assigns tasks ahead of readiness, each to the worker that is best for it after those before it
/// have theirs. What waits long would only bind a task to a worker too early.
void Scheduler::place_ahead(Commands& commands) {
  constexpr double slack = 2;
  const double soon_ns = slack * static_cast<double>(std::max(options_.credit.nanoseconds_per_slot,
                                                              options_.ahead_ns_min));
  // Assigning one may make its dependents follow: a chain goes to its worker in one turn.
  for (std::size_t index = 0; index < ahead_.size(); ++index) {
    const TaskId task = ahead_[index];
    const TaskRecord* record = tasks_.find(task);
    if (record == nullptr || record->state != TaskState::waiting || record->unplaced_inputs != 0)
      continue;
    if (!fits(record->function)) continue;
    const int worker = choose_worker(*record);
    if (worker < 0 || start_ns(*record, worker) > soon_ns) continue;
    const WorkerRecord& there = workers_.at(worker);
    if (there.ahead_queue.empty() && workers_.has_credit_ahead(there) &&
        is_in_time(worker, record->function)) {
      assign(task, worker, commands);
    } else {
      workers_.queue_ahead(worker, task);
    }
  }
  ahead_.clear();
}

/// Assigns a ready task to the worker that is best for it, or queues it there; without one anybody
/// may take it.
void Scheduler::place_bound(TaskId task, int urgency_min, Commands& commands) {
  const TaskRecord* record = tasks_.find(task);
  if (record == nullptr || record->state != TaskState::ready) return;
  if (!fits(record->function)) return held_.push_back(task);
  const int worker = choose_worker(*record);
  if (worker < 0) return ready_.push(record->urgency(), task);
  const WorkerRecord& there = workers_.at(worker);
  if (there.own_queue.empty() && record->urgency() >= urgency_min &&
      may_take(worker, record->function)) {
    assign(task, worker, commands);
  } else {
    workers_.queue_own(worker, record->urgency(), task);
  }
}

/// Gives workers what waits for them, as far as their credit goes and that is at least so urgent.
void Scheduler::serve_queues(int urgency_min, Commands& commands) {
  std::vector<int> again;
  for (int rank = workers_.next_visit(); rank >= 0; rank = workers_.next_visit()) {
    serve(rank, urgency_min, commands);
    const WorkerRecord& worker = workers_.at(rank);
    const bool held_back = !worker.own_queue.empty() && workers_.has_credit(worker);
    if (held_back) again.push_back(rank);
  }
  for (const int rank : again) workers_.visit(rank);
}

void Scheduler::serve(int rank, int urgency_min, Commands& commands) {
  // Entries are stale when the task was taken by another worker, became ready, failed or was
  // forgotten.
  for (;;) {
    WorkerRecord& worker = workers_.at(rank);
    const bool own = !worker.own_queue.empty() && workers_.has_credit(worker) &&
                     worker.own_queue.urgency() >= urgency_min;
    const bool ahead = !worker.ahead_queue.empty() && workers_.has_credit_ahead(worker);
    if (!own && !ahead) return;
    const TaskId task = own ? worker.own_queue.front() : worker.ahead_queue.front();
    if (const TaskRecord* next = tasks_.find(task);
        own && next != nullptr && fits(next->function) && !may_take(rank, next->function))
      return;
    own ? worker.own_queue.pop() : worker.ahead_queue.pop_front();
    const TaskRecord* record = tasks_.find(task);
    if (record == nullptr) continue;
    const bool can_wait = record->state == TaskState::waiting && record->unplaced_inputs == 0;
    if (!fits(record->function)) {
      if (own && record->state == TaskState::ready) held_.push_back(task);
      continue;
    }
    if (own ? record->state == TaskState::ready : can_wait) assign(task, rank, commands);
  }
}

/// Assigns a ready task whose inputs bind it to nobody. False when nobody can take it. What a task
/// submitted stays with its rank where that keeps nobody idle: its end need not be told then.
bool Scheduler::place_source(TaskId task, Commands& commands) {
  const TaskRecord& record = tasks_.at(task.slot());
  const int home =
      record.depth != 0 && workers_.has_joined(record.owner) ? record.owner : no_worker;
  int worker = no_worker;
  if (home >= 0 && workers_.is_idle(workers_.at(home))) worker = home;
  if (worker < 0) worker = workers_.next_idle();
  if (worker < 0 && home >= 0 && workers_.has_credit(workers_.at(home))) worker = home;
  if (worker < 0) worker = workers_.next_available();
  if (worker < 0 || !may_take(worker, tasks_.at(task.slot()).function)) return false;
  assign(task, worker, commands);
  return true;
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
    if (record == nullptr || record->state != TaskState::ready) continue;
    if (!fits(record->function)) {
      held_.push_back(task);
    } else {
      assign(task, idle, commands);
    }
  }
}

// ---- balance

/// Workers with nothing to do get some of what others have not begun.
void Scheduler::ask_for_work(Commands& commands) {
  if (!ready_.empty()) return;
  for (int rank = workers_.ask_next(); rank >= 0; rank = workers_.ask_next())
    commands.give_back.push_back({rank, workers_.units_of_credit(rank)});
}

/// Who gets a task that a worker gave back: somebody idle, somebody with credit, or that worker.
int Scheduler::thief_for(int victim) {
  int worker = workers_.next_idle();
  if (worker < 0) worker = workers_.next_available();
  if (worker >= 0 || !workers_.at(victim).parked) return worker < 0 ? victim : worker;
  // It shall not have it again: somebody takes it beyond the credit.
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (!workers_.has_joined(rank) || workers_.at(rank).parked) continue;
    if (worker < 0 || workers_.at(rank).queue_ns() < workers_.at(worker).queue_ns()) worker = rank;
  }
  return worker;
}

void Scheduler::on_gave_back(int rank, std::span<const TaskId> tasks,
                             std::span<const protocol::RangeCut> ranges, Commands& commands) {
  workers_.answered(rank, !tasks.empty() || !ranges.empty());
  int thief = no_worker;
  for (const TaskId id : tasks) {
    TaskRecord* record = tasks_.find(id);
    if (record == nullptr || record->state != TaskState::assigned || record->worker != rank)
      continue;
    unload(*record);
    story_.add(StoryEvent::Kind::given_back, id, rank);
    if (!record->client_holds && record->references == 0) {
      record->state = TaskState::ready;
      unneeded_.push_back(id);
      continue;
    }
    // Neighbours stay together.
    if (thief < 0 || !workers_.has_credit(workers_.at(thief))) thief = thief_for(rank);
    give(id, thief, commands);
  }
  for (const protocol::RangeCut& cut : ranges) take_back(rank, cut);
  forget_unneeded(commands);
}

// ---- maps

/// How many elements the next stretch has: a share of what is left, so that stretches get shorter
/// towards the end and workers of different speed end together (guided self-scheduling).
std::uint64_t Scheduler::range_length(const GroupRecord& group, int worker) const {
  if (!durations_.known(group.function)) return 1;
  const double mean_ns = std::max(durations_.mean_ns(group.function), 0.1);
  const double left_ns = mean_ns * static_cast<double>(group.total - group.given_out);
  const double share_ns =
      left_ns / (options_.range_share * static_cast<double>(workers_.total_slots()));
  const double aim_ns = std::clamp(share_ns, static_cast<double>(options_.range_ns_min),
                                   static_cast<double>(options_.range_ns_max));
  auto length = static_cast<std::uint64_t>(std::max(1.0, aim_ns / mean_ns));
  if (group.bytes_per_element != 0) {
    length = std::min(
        length, std::max<std::uint64_t>(1, options_.range_bytes_max / group.bytes_per_element));
  }
  // Results of a stretch stay together: they must fit into memory, several times.
  if (const std::uint64_t each = group.result_bytes / std::max<std::uint64_t>(1, group.done)) {
    std::uint64_t bytes_max = options_.range_result_bytes_max;
    if (const std::uint64_t limit = workers_.at(worker).memory_limit_bytes)
      bytes_max = std::min(bytes_max, limit / options_.range_limit_share);
    length = std::min(length, std::max<std::uint64_t>(1, bytes_max / each));
  }
  return length;
}

/// Gives out one stretch. False when nobody can take it.
bool Scheduler::place_range(TaskId id, Commands& commands) {
  GroupRecord& group = groups_.at(id.slot());
  AvailablePiece& piece = group.available.front();
  int worker = piece.worker;
  if (!workers_.has_joined(worker) || !may_take(worker, group.function)) {
    worker = workers_.next_idle();
    if (worker < 0) worker = workers_.next_available();
    if (worker < 0 || !may_take(worker, group.function)) return false;
  }
  give_range(id, worker, range_length(group, worker), commands);
  return true;
}

/// Hands the first elements that can run to a worker.
void Scheduler::give_range(TaskId id, int worker, std::uint64_t length_max, Commands& commands) {
  GroupRecord& group = groups_.at(id.slot());
  AvailablePiece& piece = group.available.front();
  const std::uint64_t begin = piece.begin;
  const std::uint64_t count = std::min(piece.count, length_max);
  piece.begin += count;
  piece.count -= count;
  if (piece.count == 0) group.available.pop_front();
  const std::uint32_t estimate_ns = durations_.estimate_ns(group.function, count, unknown_ns());
  group.given_out += count;
  std::uint64_t each = group.result_bytes / std::max<std::uint64_t>(1, group.done);
  if (group.demand != no_demand) each = std::max(each, demands_.at(group.demand).result_bytes);
  group.outstanding[begin] = {count, worker, estimate_ns, count * each};
  workers_.load(worker, estimate_ns, count, count * each);
  story_.add(StoryEvent::Kind::assigned, id, worker);
  commands.assign_range.push_back({id, begin, count, worker, std::exchange(claim_, 0)});
}

/// Element i goes to rank i at once, whatever that rank has to do.
void Scheduler::place_pinned(TaskId id, Commands& commands) {
  GroupRecord* found = groups_.find(id);
  if (found == nullptr || found->state != GroupState::active || found->available.empty()) return;
  GroupRecord& group = *found;
  group.available.clear();
  for (std::uint64_t index = 0; index < group.total; ++index) {
    group.outstanding[index] = {1, static_cast<std::int32_t>(index), 0, 0};
    commands.assign_range.push_back({id, index, 1, static_cast<std::int32_t>(index)});
  }
  group.given_out = group.total;
}

}  // namespace tutti::scheduler
