// The price of a task does not depend on how many tasks or workers there are. Bounds are far from
// the usual figures, so that a loaded machine or a sanitizer does not matter; a cost that grows
// with the number does.

#include "sim/cluster.hpp"
#include "sim/schedule_alone.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace tutti::sim {
namespace {

double best_ns(int workers, std::uint64_t tasks) {
  double best = schedule_alone(workers, tasks).nanoseconds_per_task;
  for (int turn = 0; turn < 2; ++turn)
    best = std::min(best, schedule_alone(workers, tasks).nanoseconds_per_task);
  return best;
}

TEST_CASE("a task costs the same among a thousand and among a million") {
  const double few = best_ns(100, 1'000);
  const double many = best_ns(100, 1'000'000);
  MESSAGE(few << " ns a task of 1,000, " << many << " ns of 1,000,000");
  CHECK(many < 6 * few);
}

TEST_CASE("a task costs the same with ten workers and with ten thousand") {
  const double few = best_ns(10, 200'000);
  const double many = best_ns(10'000, 200'000);
  MESSAGE(few << " ns a task with 10 workers, " << many << " ns with 10,000");
  CHECK(many < 6 * few);
}

/// Both sizes by turns, so that a moment in which other programs have the memory hits both. The
/// smaller one does not fit a cache either.
void compare_graphs(const Workload& smaller, const Workload& larger) {
  double few = schedule_graph_alone(100, smaller).nanoseconds_per_task;
  double many = schedule_graph_alone(100, larger).nanoseconds_per_task;
  for (int turn = 0; turn < 3; ++turn) {
    few = std::min(few, schedule_graph_alone(100, smaller).nanoseconds_per_task);
    many = std::min(many, schedule_graph_alone(100, larger).nanoseconds_per_task);
  }
  MESSAGE(few << " ns a task of " << smaller.size() << ", " << many << " ns of " << larger.size());
  CHECK(many < 3 * few);
}

TEST_CASE("a task of a stencil costs the same among a hundred thousand and among a million") {
  compare_graphs(stencil(100, 1'000, 1'000), stencil(100, 10'000, 1'000));
}

TEST_CASE("a task of a reduction costs the same among a hundred thousand and among a million") {
  compare_graphs(tree(50'000, 1'000), tree(500'000, 1'000));
}

TEST_CASE("ten thousand workers run a hundred thousand tasks in virtual time") {
  ClusterOptions options;
  options.workers = 10'000;
  options.submit_items = 1'000;
  const ClusterReport report = SimCluster(options, independent_tasks(100'000, 1'000'000)).run();
  CHECK(report.broken.empty());
  CHECK_EQ(report.finished, 100'000);
}

}  // namespace
}  // namespace tutti::sim
