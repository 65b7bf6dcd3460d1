// Laws over many seeds: the real scheduler and the real workers in virtual time.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/cluster.hpp"

namespace tutti::sim {
namespace {

ClusterReport run(const ClusterOptions& options, const Workload& workload) {
  ClusterReport report = SimCluster(options, workload).run();
  INFO("seed " << options.seed << ", workers " << options.workers << ", slots " << options.slots);
  for (const std::string& law : report.broken) {
    INFO(law);
    CHECK(report.broken.empty());
    break;
  }
  return report;
}

ClusterOptions options_of(std::uint64_t seed) {
  ClusterOptions options;
  options.seed = seed;
  options.workers = 1 + static_cast<int>(seed % 7);
  options.slots = 1 + static_cast<std::uint32_t>(seed / 7 % 3);
  options.release_early = seed % 2 == 0;
  options.slow_share = seed % 3 == 0 ? 0.3 : 0;
  options.check_laws = true;
  options.scheduler.story_events = 64;
  if (seed % 5 == 0) options.scheduler.credit.nanoseconds_per_slot = 0;
  return options;
}

TEST_CASE("random graphs keep all laws, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) run(options_of(seed), random_graph(150, 3, seed));
}

TEST_CASE("random graphs with failures keep all laws, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = options_of(seed);
    options.failure_probability = 0.05;
    run(options, random_graph(150, 3, seed));
  }
}

TEST_CASE("mixtures of tasks and maps keep all laws, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = options_of(seed);
    if (seed % 2 == 1) options.failure_probability = 0.01;
    run(options, mixture(60, seed));
  }
}

TEST_CASE("chains, fans, trees and stencils keep all laws") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    run(options_of(seed), chain(100, 1'000));
    run(options_of(seed), fan(200, 20'000));
    run(options_of(seed), tree(128, 5'000));
    run(options_of(seed), stencil(16, 12, 5'000));
  }
}

TEST_CASE("maps keep all laws") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    run(options_of(seed), map(500, 3'000, 1.0));
    run(options_of(seed), map(500, 3'000, 20.0));
    run(options_of(seed), map_of_map(100, 4, 3'000));
    run(options_of(seed), map_of_map(0, 2, 3'000));
  }
}

}  // namespace
}  // namespace tutti::sim
