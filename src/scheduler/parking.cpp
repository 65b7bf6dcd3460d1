// Fewer workers than there are: the others are parked. They get nothing, give back what they have
// not begun, and what they hold moves to those that work.

#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <numeric>

namespace tutti::scheduler {

/// The workers, who holds most first; of equals the lower rank.
std::vector<int> Scheduler::by_holding() const {
  std::vector<int> ranks;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (workers_.has_joined(rank)) ranks.push_back(rank);
  }
  std::vector<std::uint64_t> bytes(static_cast<std::size_t>(workers_.size()), 0);
  for_each_piece([&](const Piece& piece, std::uint64_t size) {
    for (const std::int32_t holder : holders_of(piece)) {
      if (workers_.has_joined(holder)) bytes[static_cast<std::size_t>(holder)] += size;
    }
  });
  std::ranges::stable_sort(ranks, [&](int left, int right) {
    return bytes[static_cast<std::size_t>(left)] > bytes[static_cast<std::size_t>(right)];
  });
  return ranks;
}

void Scheduler::scale(std::uint32_t wanted) {
  std::vector<int> ranks = by_holding();
  // Who works goes on: nothing moves that need not.
  std::ranges::stable_partition(ranks, [this](int rank) { return !workers_.at(rank).parked; });
  for (std::size_t place = 0; place < ranks.size(); ++place)
    workers_.set_parked(ranks[place], place >= std::max<std::uint32_t>(1, wanted));
}

/// The worker that uses least memory, with what is on its way to it.
int Scheduler::roomiest(std::span<const std::uint64_t> more_bytes) const {
  const auto used = [&](int rank) {
    return workers_.at(rank).memory.managed_bytes + more_bytes[static_cast<std::size_t>(rank)];
  };
  int best = no_worker;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    if (!workers_.has_joined(rank) || workers_.at(rank).parked) continue;
    if (best < 0 || used(rank) < used(best)) best = rank;
  }
  return best;
}

bool Scheduler::evacuate(Commands& commands) {
  bool empty = true;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const WorkerRecord& worker = workers_.at(rank);
    if (worker.parked && (worker.outstanding != 0 || worker.waiting != 0)) empty = false;
  }
  struct Leaving {
    Piece piece;
    std::uint64_t bytes;
    std::int32_t holder;
    bool copied;
  };
  std::vector<Leaving> leaving;
  for_each_piece([&](const Piece& piece, std::uint64_t bytes) {
    const std::vector<std::int32_t> holders = holders_of(piece);
    const auto works = [&](std::int32_t rank) {
      return !workers_.has_joined(rank) || !workers_.at(rank).parked;
    };
    const bool copied = std::ranges::any_of(holders, works);
    // An actor stays where it was made, and is called there.
    const TaskRecord* task = tasks_.find(piece.id);
    if (task != nullptr && task->is_actor) return;
    for (const std::int32_t holder : holders) {
      if (!works(holder)) leaving.push_back({piece, bytes, holder, copied});
    }
  });
  std::vector<std::uint64_t> coming(static_cast<std::size_t>(workers_.size()), 0);
  for (const Leaving& each : leaving) {
    empty = false;
    const TaskId id = each.piece.id;
    const GroupRecord* group = groups_.find(id);
    const TaskRecord* record = tasks_.find(id);
    const bool held = group != nullptr ? group->client_holds : record->client_holds;
    // A task that holds a future was told once where its result is; what is used stays till then.
    const bool of_task = (group != nullptr ? group->owner : record->owner) != 0;
    if (!held || of_task || is_replicating(id) || users_of(id) != 0) continue;
    const int target = each.copied ? no_worker : roomiest(coming);
    if (target >= 0) coming[static_cast<std::size_t>(target)] += each.bytes;
    const std::span<const std::int32_t> targets(&target, target >= 0 ? 1 : 0);
    replicate(each.piece, targets, {&each.holder, 1}, commands);
  }
  return empty;
}

Occupancy Scheduler::occupancy() const {
  // What Dask takes for a function that never ran.
  constexpr double unknown_s = 0.5;
  const auto seconds = [&](FunctionId function) {
    return durations_.known(function) ? durations_.mean_ns(function) * 1e-9 : unknown_s;
  };
  Occupancy result;
  double slots = 0;
  double used = 0;
  double limits = 0;
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const WorkerRecord& worker = workers_.at(rank);
    if (!worker.joined) continue;
    result.work_s += static_cast<double>(worker.outstanding_ns + worker.waiting_ns) * 1e-9;
    slots += worker.slots;
    if (worker.parked || worker.memory_limit_bytes == 0) continue;
    used += static_cast<double>(worker.memory.managed_bytes);
    limits += static_cast<double>(worker.memory_limit_bytes);
  }
  for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
    const TaskRecord& record = tasks_.at(slot);
    if (record.state == TaskState::waiting || record.state == TaskState::ready)
      result.work_s += seconds(record.function);
  }
  for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
    const GroupRecord& group = groups_.at(slot);
    if (group.state == GroupState::waiting || group.state == GroupState::active)
      result.work_s += static_cast<double>(group.total - group.given_out) * seconds(group.function);
  }
  result.tasks = tasks_left();
  if (workers_.joined() != 0) result.work_s /= std::max(1.0, slots / workers_.joined());
  if (limits > 0) result.memory_fraction = used / limits;
  return result;
}

}  // namespace tutti::scheduler
