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

double best_graph_ns(const Workload& work) {
  double best = schedule_graph_alone(100, work).nanoseconds_per_task;
  for (int turn = 0; turn < 2; ++turn)
    best = std::min(best, schedule_graph_alone(100, work).nanoseconds_per_task);
  return best;
}

TEST_CASE("a task of a stencil costs the same among ten thousand and among a million") {
  const double few = best_graph_ns(stencil(100, 100, 1'000));
  const double many = best_graph_ns(stencil(100, 10'000, 1'000));
  MESSAGE(few << " ns a task of 10,000, " << many << " ns of 1,000,000");
  CHECK(many < 2 * few);
}

TEST_CASE("a task of a reduction costs the same among ten thousand and among a million") {
  const double few = best_graph_ns(tree(5'000, 1'000));
  const double many = best_graph_ns(tree(500'000, 1'000));
  MESSAGE(few << " ns a task of 10,000, " << many << " ns of 1,000,000");
  CHECK(many < 2 * few);
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
