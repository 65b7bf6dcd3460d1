// Tasks that several workers run together.
//
// A gang is in the ready queue like any task. When its turn comes its members are chosen at once:
// workers that have no other member. A member takes the first slot that becomes free on its worker,
// before all other work there; so gangs reserve nothing, and what waits for slots is sure to get
// them. A worker that had a member works off what it has before it gets the next one.

#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tutti::scheduler {
namespace {

/// Of many gangs that wait, so many are looked at.
constexpr std::size_t looked_at_max = 32;

}  // namespace

// ---- waiting

void Scheduler::queue_gang(TaskId id) {
  const TaskRecord& record = tasks_.at(id.slot());
  // Behind those that are as urgent; what was forgotten since is where it was.
  auto place = waiting_gangs_.end();
  while (place != waiting_gangs_.begin()) {
    const TaskRecord* other = tasks_.find(*std::prev(place));
    if (other != nullptr && other->urgency() >= record.urgency()) break;
    --place;
  }
  waiting_gangs_.insert(place, id);
  gangs_changed_ = true;
}

/// The gang has ended.
void Scheduler::forget_gang(TaskId id) {
  gangs_.erase(id.slot());
  // Others may have waited for it.
  gangs_changed_ = true;
}

/// Workers that can take a member, the best first: those that are not short of memory, that have a
/// free slot, that will soon have one. Of equals the first ones, so that the same ones meet again
/// and have a communicator.
std::vector<std::int32_t> Scheduler::free_seats() const {
  std::vector<std::int32_t> seats;
  for (std::int32_t rank = 0; rank < workers_.size(); ++rank) {
    if (workers_.has_joined(rank) && workers_.can_seat(workers_.at(rank))) seats.push_back(rank);
  }
  const auto key = [this](std::int32_t rank) {
    const WorkerRecord& worker = workers_.at(rank);
    return std::tuple(worker.paused, !workers_.is_idle(worker), worker.queue_ns(), rank);
  };
  std::ranges::sort(seats, {}, key);
  return seats;
}

/// Starts gangs, in their order. One that needs more workers than there are is overtaken by some
/// smaller ones, and then waited for.
void Scheduler::place_gangs(Commands& commands) {
  // Nothing that is done for each turn: a gang may wait for long, and workers are many.
  const bool new_seats = workers_.take_new_seats();
  if (!std::exchange(gangs_changed_, false) && !new_seats) return;
  if (waiting_gangs_.empty()) return;
  WorkerTable::Seats free = workers_.count_seats();
  std::vector<std::int32_t> seats;  // found when the first gang can start
  GangRecord* first = nullptr;      // that has to wait
  std::size_t looked_at = 0;
  for (auto each = waiting_gangs_.begin();
       each != waiting_gangs_.end() && free.all != 0 && looked_at < looked_at_max; ++looked_at) {
    const TaskId id = *each;
    const TaskRecord* record = tasks_.find(id);
    const bool is_ready = record != nullptr && record->state == TaskState::ready;
    if (!is_ready || !fits(record->function)) {
      if (is_ready) held_.push_back(id);
      each = waiting_gangs_.erase(each);
      continue;
    }
    GangRecord& gang = gangs_.at(id.slot());
    // A worker that is short of memory gets a member only when there are too few others in the run.
    const bool needs_all = gang.size > workers_.wanted() - workers_.paused();
    if ((needs_all ? free.all : free.not_paused) < gang.size) {
      if (first == nullptr) first = &gang;
      if (first->overtaken >= options_.gang_overtaken_max) return;
      ++each;
      continue;
    }
    if (first != nullptr) ++first->overtaken;
    each = waiting_gangs_.erase(each);
    if (seats.empty()) seats = free_seats();
    const auto chosen = seats.begin() + gang.size;
    start_run(id, {seats.begin(), chosen}, commands);
    seats.erase(seats.begin(), chosen);
    free.all -= gang.size;
    free.not_paused -= std::min(free.not_paused, gang.size);
  }
}

// ---- attempts

void Scheduler::start_run(TaskId id, std::vector<std::int32_t> members, Commands& commands) {
  std::ranges::sort(members);
  TaskRecord& record = tasks_.at(id.slot());
  record.state = TaskState::assigned;
  record.worker = members.front();
  const std::uint32_t estimate_ns = durations_.estimate_ns(record.function, 1, unknown_ns());
  const std::uint64_t number = ++runs_begun_;
  gangs_.at(id.slot()).run = number;
  GangRun& run = runs_[number];
  run.task = id;
  const CommunicatorTable::Entry& communicator = communicators_.acquire(members);
  run.communicator = communicator.number;
  run.is_known = communicator.is_made;
  run.left = static_cast<std::uint32_t>(members.size());
  run.ended.resize(members.size(), 0);
  for (const std::int32_t rank : members) {
    workers_.seat(rank, estimate_ns);
    WorkerRecord& receiver = workers_.at(rank);
    receiver.assignments = (receiver.assignments + 1) & protocol::sequence_mask;
    story_.add(StoryEvent::Kind::assigned, id, rank);
    commands.gangs.assign.push_back({id, number, rank});
  }
  run.members = std::move(members);
  for (const CommunicatorTable::Dropped& each : communicators_.shrink()) {
    for (const std::int32_t rank : each.members)
      commands.gangs.drop.push_back({each.number, false, rank});
  }
}

const GangRun* Scheduler::find_run(std::uint64_t run) const {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : &found->second;
}

const GangRun* Scheduler::find_run_of(TaskId id) const {
  const auto gang = gangs_.find(id.slot());
  return tasks_.find(id) == nullptr || gang == gangs_.end() ? nullptr : find_run(gang->second.run);
}

/// The run, when the rank is a member of it that has not ended.
GangRun* Scheduler::run_of_member(int rank, std::uint64_t number, std::size_t& index) {
  const auto found = runs_.find(number);
  if (found == runs_.end()) return nullptr;
  GangRun& run = found->second;
  index = run.index_of(rank);
  if (index == run.members.size()) return nullptr;
  return run.ended[index] != 0 ? nullptr : &run;
}

bool Scheduler::on_member_ready(int rank, std::uint64_t number, Commands& commands) {
  std::size_t index = 0;
  GangRun* run = run_of_member(rank, number, index);
  if (run == nullptr) return false;
  if (run->stopped || ++run->ready != run->members.size()) return true;
  run->started = true;
  communicators_.note_made(run->members);
  for (const std::int32_t each : run->members)
    commands.gangs.start.push_back({run->task, number, each});
  return true;
}

/// All members are told; what some of them gave already is not needed.
void Scheduler::stop_run(std::uint64_t number, Commands& commands) {
  GangRun& run = runs_.at(number);
  if (std::exchange(run.stopped, true)) return;
  for (const std::int32_t rank : run.members)
    commands.gangs.stop.push_back({run.task, number, rank});
  if (!run.started) return;
  // Messages may be under way there that nobody will receive.
  communicators_.drop(run.members);
  for (const std::int32_t rank : run.members)
    commands.gangs.drop.push_back({run.communicator, true, rank});
}

bool Scheduler::on_member_failed(int rank, std::uint64_t number, TaskFailure failure,
                                 Commands& commands) {
  std::size_t index = 0;
  const GangRun* run = run_of_member(rank, number, index);
  if (run == nullptr || run->stopped) return false;
  const TaskId id = run->task;
  const TaskRecord& record = tasks_.at(id.slot());
  story_.add(StoryEvent::Kind::threw, id, rank);
  stop_run(number, commands);
  // It is tried again when all members are back.
  if (record.retries != 0 && (record.client_holds || record.references != 0)) return true;
  failure.attempt = record.attempt;
  failure.story = story_.tell(id);
  fail(id, std::make_shared<const TaskFailure>(std::move(failure)), commands);
  forget_unneeded(commands);
  return true;
}

bool Scheduler::on_member_ended(int rank, std::uint64_t number, std::uint64_t result_bytes,
                                Commands& commands) {
  std::size_t index = 0;
  GangRun* found = run_of_member(rank, number, index);
  if (found == nullptr) return false;
  found->ended[index] = 1;
  workers_.unseat(rank);
  if (index == 0) found->result_bytes = result_bytes;
  if (--found->left != 0) return true;
  const GangRun run = std::move(*found);
  runs_.erase(number);
  communicators_.release(run.members, run.communicator);
  TaskRecord* record = tasks_.find(run.task);
  const bool is_current = record != nullptr && record->state == TaskState::assigned &&
                          gangs_.at(run.task.slot()).run == number;
  if (!is_current) return true;
  gangs_.at(run.task.slot()).run = 0;
  if (!run.stopped) {
    if (record->client_holds) commands.gangs.done.push_back(run.task);
    finish(run.task, run.result_bytes, commands);
    return true;
  }
  --record->retries;
  ++record->attempt;
  record->worker = no_worker;
  become_ready(run.task);
  if (!record->client_holds && record->references == 0) unneeded_.push_back(run.task);
  forget_unneeded(commands);
  return true;
}

}  // namespace tutti::scheduler
