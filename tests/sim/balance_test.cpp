// Maps whose elements take very different times end nearly as early as under a scheduler that gives
// out one element after another and needs no time for anything.

#include "sim/cluster.hpp"
#include "sim/greedy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::sim {
namespace {

std::string name_of(bool as_map) { return as_map ? "map" : "tasks"; }

/// Makespan over that of the greedy scheduler. `units` of work a slot, a millisecond each.
double ratio_to_greedy(ClusterOptions options, double sigma, std::uint64_t units, bool as_map) {
  const std::uint64_t count = units * static_cast<std::uint64_t>(options.workers) *
                              static_cast<std::uint64_t>(options.slots);
  constexpr std::uint64_t duration_ns = 1'000'000;
  Workload work = as_map ? map(count, duration_ns, 1.0) : independent_tasks(count, duration_ns);
  draw_durations(work, sigma, options.seed);
  const ClusterReport report = SimCluster(options, work).run();
  CHECK(report.broken.empty());
  std::vector<std::uint64_t> durations_ns;
  for (std::uint64_t index = 0; index < count; ++index) {
    durations_ns.push_back(as_map ? element_duration_ns(work.front(), index)
                                  : work[index].duration_ns);
  }
  const SlotFactors factors = slot_factors(options.workers, options.slots,
                                           [&](int rank) { return slowness(options, rank); });
  return static_cast<double>(report.makespan_ns) /
         static_cast<double>(greedy_makespan_ns(durations_ns, factors));
}

/// The worst of a few seeds.
double worst_ratio(ClusterOptions options, double sigma, std::uint64_t units, bool as_map) {
  double worst = 0;
  for (options.seed = 1; options.seed <= 5; ++options.seed)
    worst = std::max(worst, ratio_to_greedy(options, sigma, units, as_map));
  return worst;
}

ClusterOptions cluster_of(int workers, std::uint32_t slots) {
  ClusterOptions options;
  options.workers = workers;
  options.slots = slots;
  options.client_start_ns = 10'000;
  return options;
}

TEST_CASE("what takes the same time everywhere is balanced") {
  for (const bool as_map : {true, false}) {
    const double ratio = ratio_to_greedy(cluster_of(64, 1), 0.0, 100, as_map);
    MESSAGE(name_of(as_map) << ", all the same: " << ratio);
    CHECK_LE(ratio, 1.05);
  }
}

// May fail as long as work that was given out is not taken back.
TEST_CASE("log-normal durations are balanced within 5 %") {
  for (const bool as_map : {true, false}) {
    for (const double sigma : {0.5, 1.0, 1.5}) {
      for (const std::uint64_t units : {100u, 1'000u}) {
        if (units == 1'000 && !as_map) continue;
        const double ratio = worst_ratio(cluster_of(64, 1), sigma, units, as_map);
        MESSAGE(name_of(as_map) << ", sigma " << sigma << ", " << units << " a worker: " << ratio);
        CHECK_LE(ratio, 1.05);
      }
    }
  }
}

TEST_CASE("workers of several slots are balanced within 5 %") {
  for (const double sigma : {0.5, 1.0, 1.5}) {
    const double ratio = worst_ratio(cluster_of(16, 4), sigma, 100, true);
    MESSAGE("map, 4 slots, sigma " << sigma << ": " << ratio);
    CHECK_LE(ratio, 1.05);
  }
}

TEST_CASE("slow workers are balanced within 5 %") {
  ClusterOptions options = cluster_of(64, 1);
  options.slow_share = 0.25;
  options.slow_factor = 4;
  for (const bool as_map : {true, false}) {
    const double ratio = worst_ratio(options, 0.5, 100, as_map);
    MESSAGE(name_of(as_map) << ", a quarter of the workers 4 times slower: " << ratio);
    CHECK_LE(ratio, 1.05);
  }
}

}  // namespace
}  // namespace tutti::sim
