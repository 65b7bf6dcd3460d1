#pragma once

/// How long the scheduler itself takes.

#include "sim/workload.hpp"

#include <cstdint>

namespace tutti::sim {

struct SimFigure {
  int workers = 0;
  std::uint64_t tasks = 0;
  double seconds = 0;  ///< inside calls of the scheduler
  double nanoseconds_per_task = 0;
};

/// `tasks` empty tasks without inputs are submitted, then placed on `workers` workers of one slot,
/// reported and released, in batches. So all of them are live at once. Counts only the time inside
/// the scheduler.
SimFigure schedule_alone(int workers, std::uint64_t tasks);

/// The same for tasks that need each other; no maps. Submissions and reports alternate, so that a
/// part of the graph is live at a time, whatever its size.
SimFigure schedule_graph_alone(int workers, const Workload& work);

}  // namespace tutti::sim
