// The state of a worker as numbers, for tests that walk every order of a small world.

#include "worker/worker_state.hpp"

#include <algorithm>

namespace tutti::worker {
namespace {

using Words = std::vector<std::uint64_t>;

void describe_range(const RangeWork& range, Words& words) {
  words.insert(words.end(), {range.group.bits(), range.begin, range.count, range.next, range.done,
                             range.missing, range.failures.size(), range.returned.size()});
}

void describe_waiter(const Waiter& waiter, Words& words) {
  words.insert(words.end(), {waiter.place, waiter.piece});
  if (waiter.task != nullptr) words.push_back(waiter.task->id.bits());
  if (waiter.range != nullptr) describe_range(*waiter.range, words);
  if (waiter.group != nullptr) words.push_back(waiter.group->group.bits());
}

void describe_task(const TaskWork& task, Words& words) {
  words.insert(words.end(),
               {task.id.bits(), task.missing,
                (task.input_failed ? 1u : 0u) + (task.taken ? 2u : 0u), task.inputs.size()});
  if (task.member) {
    words.insert(words.end(), {task.member->run, static_cast<std::uint64_t>(task.member->phase),
                               task.member->stopped ? 1u : 0u});
  }
  for (const Waiter& waiter : task.waiters) describe_waiter(waiter, words);
  for (const Asker& asker : task.askers)
    words.insert(words.end(), {static_cast<std::uint64_t>(asker.rank), asker.request});
}

void describe_group(const GroupWork& group, Words& words) {
  words.insert(words.end(), {group.group.bits(), group.missing, group.unfinished,
                             (group.ops != nullptr ? 1u : 0u) + (group.binding ? 2u : 0u) +
                                 (group.released ? 4u : 0u) + (group.is_bound() ? 8u : 0u) +
                                 (group.durations.known(0) ? 16u : 0u) + (group.waits ? 32u : 0u) +
                                 (group.cancelled ? 64u : 0u) + (group.coordinates ? 128u : 0u)});
  for (const RangeWork* range : group.waiting) describe_range(*range, words);
}

template <class Map>
auto sorted_keys(const Map& map) {
  std::vector<typename Map::key_type> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

}  // namespace

void WorkerState::describe(Words& words) const {
  words.insert(words.end(), {static_cast<std::uint64_t>(pause_), ready_count_, taken_, active_,
                             suspended_, wanting_, assignments_, known_.size(), fetches_.size(),
                             members_.size(), begun_members_.size()});
  for (const TaskWork* task : begun_members_)
    words.insert(words.end(), {task->member->run, task->detached ? 1u : 0u});
  for (const auto& [depth, count] : suspended_depths_)
    words.insert(words.end(), {static_cast<std::uint64_t>(depth), count});
  for (const auto& [urgency, level] : ready_) {
    words.insert(words.end(), {static_cast<std::uint64_t>(urgency), level.size()});
    for (const Ready& each : level) {
      if (each.task != nullptr) words.push_back(each.task->id.bits());
      if (each.range != nullptr) describe_range(*each.range, words);
      if (each.bind != nullptr) words.push_back(each.bind->group.bits());
    }
  }
  std::vector<TaskId> known;
  known_.for_each([&](TaskId id, const TaskWork*) { known.push_back(id); });
  std::ranges::sort(known);
  for (const TaskId id : known) describe_task(**known_.find(id), words);
  for (const std::uint64_t request : sorted_keys(fetches_)) {
    const PendingFetch& fetch = fetches_.at(request);
    words.insert(words.end(),
                 {request, fetch.id.bits(), fetch.slice ? 1u : 0u, fetch.begin, fetch.count,
                  (fetch.keep ? 1u : 0u) + (fetch.replicate ? 2u : 0u), fetch.waiters.size()});
    for (const Waiter& waiter : fetch.waiters) describe_waiter(waiter, words);
  }
  for (const Early& each : early_) {
    words.insert(words.end(), {each.id.bits(), each.sequence,
                               static_cast<std::uint64_t>(each.asker.rank), each.asker.request});
  }
  words.insert(words.end(), {early_.size(), small_.oldest(), small_.ids().size()});
  for (const TaskId id : small_.ids()) words.push_back(id.bits());
  for (const auto& [id, group] : groups_) describe_group(*group, words);
  for (std::uint32_t function = 0; function < functions_.size(); ++function)
    words.push_back((durations_.known(function) ? 1u : 0u) + (coordinates(function) ? 2u : 0u));
}

}  // namespace tutti::worker
