#include "scheduler/snapshot.hpp"

namespace tutti::scheduler {

Snapshot take_snapshot(const Scheduler& scheduler) {
  Snapshot snapshot;
  snapshot.time_ns = scheduler.story().now_ns();
  snapshot.next_event = scheduler.story().next();
  snapshot.counts = scheduler.counts();
  const WorkerTable& workers = scheduler.workers();
  for (int rank = 0; rank < workers.size(); ++rank) {
    const WorkerRecord& worker = workers.at(rank);
    if (!worker.joined) continue;
    snapshot.workers.push_back({rank, worker.slots, worker.outstanding, worker.outstanding_ns,
                                worker.memory_limit_bytes, worker.memory, worker.parked});
  }
  return snapshot;
}

}  // namespace tutti::scheduler
