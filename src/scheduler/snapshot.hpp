#pragma once

/// Snapshot: a small copy of what the scheduler knows, for observers. Taken between turns, read
/// without the lock.

#include "scheduler/scheduler.hpp"

#include <cstdint>
#include <vector>

namespace tutti::scheduler {

struct WorkerSnapshot {
  int rank = 0;
  std::uint32_t slots = 0;
  std::uint32_t outstanding = 0;     ///< tasks and ranges given and not reported
  std::uint64_t outstanding_ns = 0;  ///< their estimated time
  std::uint64_t memory_limit_bytes = 0;
  protocol::MemoryState memory;
  bool parked = false;
};

struct Snapshot {
  std::uint64_t time_ns = 0;     ///< as told by set_time
  std::uint64_t next_event = 0;  ///< number of the next event of the story
  Counts counts;
  std::vector<WorkerSnapshot> workers;
};

/// Costs a few nanoseconds a worker, nothing a task.
Snapshot take_snapshot(const Scheduler& scheduler);

}  // namespace tutti::scheduler
