// Laws of copies and moves over seeds: results are copied, moved and evened out at any moment while
// graphs and maps run; nothing is lost, every task ends once, and all stores are empty at the end.

#include "sim/cluster.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tutti::sim {
namespace {

std::uint64_t copies_of(const ClusterOptions& options, const Workload& workload) {
  const ClusterReport report = SimCluster(options, workload).run();
  INFO("seed " << options.seed << ", workers " << options.workers);
  const std::string law = report.broken.empty() ? "" : report.broken.front();
  CHECK_EQ(law, "");
  return report.copies;
}

ClusterOptions options_of(std::uint64_t seed) {
  ClusterOptions options;
  options.seed = seed;
  options.workers = 2 + static_cast<int>(seed % 6);
  options.slots = 1 + static_cast<std::uint32_t>(seed / 7 % 3);
  options.release_early = seed % 2 == 0;
  options.slow_share = seed % 3 == 0 ? 0.3 : 0;
  options.check_laws = true;
  options.scheduler.story_events = 64;
  options.copy_probability = seed % 4 == 0 ? 0.9 : 0.2;
  if (seed % 5 == 0) options.scheduler.credit.nanoseconds_per_slot = 0;
  if (seed % 4 == 1) options.failure_probability = 0.02;
  return options;
}

TEST_CASE("random graphs whose results are copied and moved keep all laws") {
  std::uint64_t copies = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    copies += copies_of(options_of(seed), random_graph(120, 3, seed));
  MESSAGE(copies << " copies and moves");
  CHECK(copies > 1000);
}

TEST_CASE("mixtures of tasks and maps whose results are copied and moved keep all laws") {
  std::uint64_t copies = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    copies += copies_of(options_of(seed), mixture(60, seed));
  MESSAGE(copies << " copies and moves");
  CHECK(copies > 1000);
}

TEST_CASE("large results, maps over maps and packets that overtake each other keep all laws") {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    ClusterOptions options = options_of(seed);
    options.network.jitter_ns = 200'000;
    Workload graph = random_graph(80, 3, seed);
    for (WorkItem& item : graph) item.result_bytes = 10'000;
    copies_of(options, graph);
    copies_of(options, map_of_map(60, 4, 3'000));
    copies_of(options, map_reduce(100, 2 + seed % 5, 5'000));
  }
}

}  // namespace
}  // namespace tutti::sim
