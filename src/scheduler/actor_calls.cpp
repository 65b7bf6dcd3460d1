#include "scheduler/actor_calls.hpp"

#include "tutti/check.hpp"

#include <algorithm>

namespace tutti::scheduler {

void ActorCalls::add(TaskId call, TaskId actor, CallerId caller) {
  const bool is_new = calls_.emplace(call, Call{actor, caller, next_number_++}).second;
  check(is_new, "a call stands in line once");
  actors_[actor].lines[caller].push_back(call);
}

void ActorCalls::on_ready(TaskId call) {
  const auto found = calls_.find(call);
  check(found != calls_.end(), "what is ready was added");
  found->second.ready = true;
  const TaskId id = found->second.actor;
  Actor& actor = actors_.at(id);
  const CallerId caller = found->second.caller;
  if (actor.lines.at(caller).front() == call) note_front(id, actor, caller);
}

void ActorCalls::on_ended(TaskId call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  const Call record = found->second;
  calls_.erase(found);
  Actor& actor = actors_.at(record.actor);
  if (record.running) {
    actor.call_runs = false;
    consider(record.actor, actor);
  } else {
    leave_line(call, record, actor);
  }
  drop_if_idle(record.actor);
}

void ActorCalls::on_claim_ended(std::uint32_t claim) {
  const auto found = claims_.find(claim);
  if (found == claims_.end()) return;
  const TaskId id = found->second;
  claims_.erase(found);
  Actor& actor = actors_.at(id);
  actor.claim = 0;
  consider(id, actor);
  drop_if_idle(id);
}

ActorCalls::Turn ActorCalls::next() {
  while (!startable_.empty()) {
    const TaskId id = startable_.front();
    startable_.pop_front();
    const auto found = actors_.find(id);
    if (found == actors_.end()) continue;
    Actor& actor = found->second;
    if (actor.is_busy() || actor.ready.empty()) continue;
    const TaskId call = actor.ready.begin()->second;
    Call& record = calls_.at(call);
    leave_line(call, record, actor);
    record.running = true;
    actor.call_runs = true;
    return {call, id};
  }
  return {};
}

void ActorCalls::note_claim(TaskId call, std::uint32_t claim) {
  const TaskId id = calls_.at(call).actor;
  actors_.at(id).claim = claim;
  claims_.emplace(claim, id);
}

/// The first of a line may be a new one, or ready now.
void ActorCalls::note_front(TaskId actor_id, Actor& actor, CallerId caller) {
  const auto line = actor.lines.find(caller);
  if (line == actor.lines.end()) return;
  const TaskId front = line->second.front();
  const Call& record = calls_.at(front);
  if (!record.ready) return;
  actor.ready.emplace(record.number, front);
  consider(actor_id, actor);
}

void ActorCalls::leave_line(TaskId call, const Call& record, Actor& actor) {
  actor.ready.erase(record.number);
  const auto line = actor.lines.find(record.caller);
  line->second.erase(std::ranges::find(line->second, call));
  if (line->second.empty()) actor.lines.erase(line);
  note_front(record.actor, actor, record.caller);
}

void ActorCalls::consider(TaskId actor_id, const Actor& actor) {
  if (!actor.is_busy() && !actor.ready.empty()) startable_.push_back(actor_id);
}

void ActorCalls::drop_if_idle(TaskId actor_id) {
  const auto found = actors_.find(actor_id);
  if (!found->second.is_busy() && found->second.lines.empty()) actors_.erase(found);
}

void ActorCalls::describe(std::vector<std::uint64_t>& words) const {
  for (const auto& [id, actor] : actors_) {
    words.insert(words.end(), {id.bits(), actor.call_runs ? 1u : 0u, actor.claim != 0 ? 1u : 0u});
    for (const auto& [caller, line] : actor.lines) {
      words.push_back(caller);
      for (const TaskId call : line)
        words.insert(words.end(), {call.bits(), calls_.at(call).ready ? 1u : 0u});
    }
    for (const auto& [number, call] : actor.ready) words.push_back(call.bits());
  }
  for (const TaskId id : startable_) words.push_back(id.bits());
}

}  // namespace tutti::scheduler
