// Work that was assigned and not begun goes back, so that idle ranks can have it.

#include "tutti/detail/elements.hpp"
#include "worker/worker_state.hpp"

#include <algorithm>

namespace tutti::worker {

namespace {

/// What has a claim was sent to a worker that has what it needs: it stays.
bool may_give(const RangeWork& range) { return !range.pinned && range.claim.is_none(); }

}  // namespace

/// Half of what waits for a thread, beyond what free threads are about to take.
std::uint64_t WorkerState::units_to_give(std::uint32_t units_max) const {
  std::uint64_t units = 0;
  for (const auto& [priority, level] : ready_) {
    for (const Ready& each : level) {
      if (each.task != nullptr && each.task->claim.is_none()) ++units;
      if (each.range != nullptr && may_give(*each.range))
        units += each.range->count - each.range->next;
    }
  }
  // A rank that starts nothing gives all.
  if (pause_ != Pause::none) return std::min<std::uint64_t>(units_max, units);
  const std::uint64_t free_threads = limits_.slots - std::min(limits_.slots, active_);
  if (units <= free_threads) return 0;
  return std::min<std::uint64_t>(units_max, (units - free_threads + 1) / 2);
}

WorkerCommands::GaveBack WorkerState::on_give_back(std::uint32_t units_max,
                                                   WorkerCommands& commands) {
  WorkerCommands::GaveBack given;
  std::uint64_t units = units_to_give(units_max);
  for (auto level = ready_.rbegin(); level != ready_.rend() && units != 0; ++level) {
    for (std::size_t position = level->second.size(); position-- > 0 && units != 0;) {
      if (!give_back(level->second, position, units, given, commands)) continue;
      level->second.erase(level->second.begin() + static_cast<std::ptrdiff_t>(position));
      --ready_count_;
    }
  }
  // In the order in which they were assigned.
  std::ranges::reverse(given.tasks);
  return given;
}

/// True when nothing of the entry is left here.
bool WorkerState::give_back(std::deque<Ready>& level, std::size_t position, std::uint64_t& units,
                            WorkerCommands::GaveBack& given, WorkerCommands& commands) {
  const Ready ready = level[position];
  if (ready.range != nullptr)
    return may_give(*ready.range) && cut(*ready.range, units, given, commands);
  if (ready.task == nullptr || ready.task->is_awaited() || !ready.task->claim.is_none())
    return false;
  given.tasks.push_back(ready.task->id);
  known_.erase(ready.task->id);
  recycle(ready.task);
  --units;
  return true;
}

/// Takes elements off the end of a range; true when no thread has to begin any of the rest.
bool WorkerState::cut(RangeWork& range, std::uint64_t& units, WorkerCommands::GaveBack& given,
                      WorkerCommands& commands) {
  const std::uint64_t part = std::min(units, range.count - range.next);
  if (part == 0) return false;
  units -= part;
  range.count -= part;
  given.ranges.push_back({range.group, range.begin, range.count, part});
  if (range.results) static_cast<detail::ElementsBase&>(*range.results).count = range.count;
  if (!range.all_begun()) return false;
  if (range.count == 0) {
    recycle(&range);
  } else if (range.done == range.count) {
    commands.finished_ranges.push_back(&range);
  }
  return true;
}

}  // namespace tutti::worker
