// Laws over many seeds: the real scheduler and the real workers in virtual time.

#include "sim/cluster.hpp"
#include "support/run_laws.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tutti::sim {
namespace {

ClusterReport run(const ClusterOptions& options, const Workload& workload) {
  const ClusterReport report = run_by_laws(options, workload);
  // Something did happen: without early releases, everything has an end.
  std::uint64_t ends = report.finished + report.failed + report.maps_done;
  if (!options.release_early) CHECK_EQ(ends, workload.size());
  CHECK(ends > 0);
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
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    run(options_of(seed), random_graph(150, 3, seed));
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

TEST_CASE("the same seed gives the same log, another seed another one") {
  ClusterOptions options = options_of(3);
  options.failure_probability = 0.02;
  const Workload work = mixture(100, 3);
  const ClusterReport first = run(options, work);
  const ClusterReport second = run(options, work);
  CHECK_EQ(first.log_hash, second.log_hash);
  CHECK_EQ(first.end_ns, second.end_ns);
  CHECK_EQ(first.events, second.events);
  options.seed = 4;
  CHECK_NE(run(options, work).log_hash, first.log_hash);
}

TEST_CASE("failures depend on the seed, not on workers, slots or slow ranks") {
  const Workload work = mixture(100, 5);
  ClusterOptions options;
  options.seed = 5;
  options.failure_probability = 0.03;
  const ClusterReport alone = run(options, work);
  options.workers = 7;
  options.slots = 3;
  options.slow_share = 0.5;
  const ClusterReport many = run(options, work);
  CHECK(alone.failed > 0);
  CHECK_EQ(alone.failed, many.failed);
  CHECK_EQ(alone.failed_elements, many.failed_elements);
}

TEST_CASE("packets that overtake each other by far break no law") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ClusterOptions options = options_of(seed);
    // A hundred latencies, and longer than most tasks.
    options.network.jitter_ns = 200'000;
    options.failure_probability = seed % 4 == 1 ? 0.03 : 0;
    run(options, random_graph(150, 3, seed));
    run(options, mixture(60, seed));
    run(options, stencil(12, 10, 5'000));
  }
}

TEST_CASE("a slow network breaks no law") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ClusterOptions options = options_of(seed);
    options.network.latency_ns = 1'000'000;
    options.network.bandwidth_bytes_per_ns = 0.01;
    run(options, random_graph(100, 4, seed));
    run(options, mixture(60, seed));
  }
}

TEST_CASE("workers of very different speed keep all laws") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ClusterOptions options = options_of(seed);
    options.slow_share = 0.5;
    options.slow_factor = 100;
    Workload work = mixture(60, seed);
    draw_durations(work, 1.5, seed);
    run(options, work);
    run(options, random_graph(150, 3, seed));
  }
}

TEST_CASE("maps that are reduced keep all laws, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ClusterOptions options = options_of(seed);
    if (seed % 3 == 1) options.failure_probability = 0.001;
    Workload work = map_reduce(300, 2 + seed % 5, 5'000);
    draw_durations(work, 1.0, seed);
    run(options, work);
  }
}

/// Each of `pairs` large results is needed by one task, and by nobody else.
Workload large_pairs(std::size_t pairs, std::uint64_t bytes) {
  Workload work;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    WorkItem source;
    source.result_bytes = bytes;
    WorkItem use;
    use.inputs = {{2 * pair, 0}};
    work.push_back(source);
    work.push_back(use);
  }
  return work;
}

TEST_CASE("sources do not outrun what uses them, however many there are") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    ClusterOptions options;
    options.seed = seed;
    options.workers = 1 + static_cast<int>(seed % 4);
    options.release_early = true;
    options.scheduler.credit.nanoseconds_per_slot = 0;
    constexpr std::uint64_t bytes = 1'000'000;
    const std::uint64_t few = run(options, large_pairs(100, bytes)).stored_bytes_max;
    const std::uint64_t many = run(options, large_pairs(5'000, bytes)).stored_bytes_max;
    MESSAGE("seed " << seed << ": " << few << " bytes of 100 pairs, " << many << " of 5,000");
    // Two tasks a slot; results that were used but whose release is on its way; small results.
    CHECK_LE(many, 8 * bytes);
  }
}

/// Share of all slots' time in which tasks ran.
double busy_share(ClusterOptions options, const Workload& work) {
  options.check_laws = false;
  const ClusterReport report = run(options, work);
  return static_cast<double>(report.busy_ns) /
         (static_cast<double>(report.end_ns) * options.workers *
          static_cast<double>(options.slots));
}

TEST_CASE("workers are busy when there is enough to do") {
  ClusterOptions options;
  options.workers = 32;
  CHECK(busy_share(options, independent_tasks(20'000, 20'000)) > 0.95);
  CHECK(busy_share(options, map(200'000, 3'000, 1.0)) > 0.9);
  CHECK(busy_share(options, map(200'000, 3'000, 5.0)) > 0.9);
  CHECK(busy_share(options, stencil(64, 100, 20'000)) > 0.6);
  CHECK(busy_share(options, tree(4'096, 20'000)) > 0.8);
}

TEST_CASE("a chain runs without a round trip to rank 0 for each link") {
  ClusterOptions options;
  options.network.jitter_ns = 0;
  options.submit_items = 1'000;
  const ClusterReport report = run(options, chain(500, 1'000));
  CHECK_EQ(report.fetches, 0);
  // 500 links of 1 us; a round trip each would take 4 us more.
  CHECK(report.end_ns < 500 * 2'000);
}

}  // namespace
}  // namespace tutti::sim
