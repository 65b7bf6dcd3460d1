// Actors: where each lives, and when its calls are given to that worker. A call stands in no queue
// of workers and takes no credit: there is one of each actor at most.

#include "scheduler/scheduler.hpp"

#include <tuple>
#include <utility>

namespace tutti::scheduler {

/// The creation of an actor, or a call of one. Before it is known whether its inputs have failed.
void Scheduler::submit_call(TaskId id, const TaskSpec& spec) {
  TaskRecord& record = tasks_.at(id.slot());
  if (spec.line == detail::creates_actor) {
    record.is_actor = true;
    return;
  }
  check(!spec.inputs.empty() && !spec.inputs.front().id.is_group(),
        "the first input of a call is its actor");
  check(spec.retries == 0, "a call of an actor is not tried again");
  record.is_call = true;
  actor_calls_.add(id, spec.inputs.front().id, CallerId{spec.owner} << 32 | spec.line);
}

/// A call has ended, or an actor is gone, or they will not be.
void Scheduler::end_actor_work(TaskId id, const TaskRecord& record) {
  if (record.is_call) actor_calls_.on_ended(id);
  if (record.is_actor && record.worker != no_worker)
    --actors_on_[static_cast<std::size_t>(record.worker)];
}

void Scheduler::place_actors(Commands& commands) {
  std::erase_if(new_actors_, [&](TaskId id) { return place_actor(id, commands); });
  while (true) {
    const ActorCalls::Turn turn = actor_calls_.next();
    if (turn.call.is_none()) return;
    start_call(turn, commands);
  }
}

/// False when it has to wait for what it asks for.
bool Scheduler::place_actor(TaskId id, Commands& commands) {
  const TaskRecord* record = tasks_.find(id);
  if (record == nullptr || record->state != TaskState::ready) return true;
  if (!fits(record->function)) {
    held_.push_back(id);
    return true;
  }
  const int worker = choose_for_actor(*record);
  if (worker == no_worker) return false;
  actors_on_.resize(static_cast<std::size_t>(workers_.size()));
  ++actors_on_[static_cast<std::size_t>(worker)];
  const DemandId demand = record->demand != no_demand ? record->demand : demand_for_rank(worker);
  claim_ = demands_.take(demand, worker);
  assign(id, worker, commands);
  return true;
}

/// The worker with the fewest actors for its slots; of equals the one that has least to do. One
/// that is parked only when no other may be taken.
int Scheduler::choose_for_actor(const TaskRecord& record) const {
  const auto load = [this](int rank) {
    const auto slot = static_cast<std::size_t>(rank);
    const double actors = slot < actors_on_.size() ? actors_on_[slot] : 0;
    const WorkerRecord& worker = workers_.at(rank);
    return std::tuple(worker.parked, actors / worker.slots, worker.queue_ns());
  };
  int best = no_worker;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (!workers_.has_joined(rank)) continue;
    if (record.demand != no_demand && (!demands_.could_run(demands_.at(record.demand), rank) ||
                                       !demands_.has_room(record.demand, rank)))
      continue;
    if (best == no_worker || load(rank) < load(best)) best = rank;
  }
  return best;
}

void Scheduler::start_call(const ActorCalls::Turn& turn, Commands& commands) {
  TaskRecord& record = tasks_.at(turn.call.slot());
  if (!fits(record.function)) {
    // It keeps its turn: those behind it would not end in time either, or would come too early.
    held_.push_back(turn.call);
    return;
  }
  const int worker = tasks_.at(turn.actor.slot()).worker;
  record.demand = demand_for_rank(worker);
  claim_ = demands_.take(record.demand, worker);
  actor_calls_.note_claim(turn.call, claim_);
  assign(turn.call, worker, commands);
}

DemandId Scheduler::demand_for_rank(int rank) {
  const auto slot = static_cast<std::size_t>(rank);
  if (slot >= rank_demands_.size()) rank_demands_.resize(slot + 1, no_demand);
  if (rank_demands_[slot] == no_demand) {
    protocol::Demand demand;
    demand.workers = {rank};
    rank_demands_[slot] = demands_.number_of(&demand);
  }
  return rank_demands_[slot];
}

}  // namespace tutti::scheduler
