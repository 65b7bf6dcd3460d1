// The laws of laws_test.cpp where workers pause for want of memory, and where values are away.

#include "sim/cluster.hpp"
#include "support/run_laws.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tutti::sim {
namespace {

ClusterOptions options_of(std::uint64_t seed) {
  ClusterOptions options;
  options.seed = seed;
  options.workers = 1 + static_cast<int>(seed % 5);
  options.slots = 1 + static_cast<std::uint32_t>(seed / 5 % 3);
  options.release_early = seed % 2 == 0;
  options.check_laws = true;
  options.scheduler.story_events = 64;
  options.network.jitter_ns = seed % 3 == 0 ? 50'000 : 1'000;
  if (seed % 4 == 0) options.failure_probability = 0.02;
  return options;
}

TEST_CASE("workers that pause and go on keep all laws, and everything ends") {
  std::uint64_t pauses = 0;
  std::uint64_t given_back = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = options_of(seed);
    options.pause_ns = seed % 7 == 0 ? 2'000'000 : 100'000;
    for (const Workload& work : {random_graph(120, 3, seed), mixture(50, seed),
                                 stencil(10, 8, 20'000), map(300, 10'000, 10.0)}) {
      const ClusterReport report = run_by_laws(options, work);
      pauses += report.pauses;
      given_back += report.given_back;
    }
  }
  MESSAGE(pauses << " pauses, " << given_back << " times work was given back");
  CHECK(pauses > 1'000);
  CHECK(given_back > 100);
}

TEST_CASE("when all workers have paused for good everything still ends") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ClusterOptions options = options_of(seed);
    options.workers = 4;
    options.pause_ns = 5'000;
    run_by_laws(options, random_graph(150, 3, seed));
    run_by_laws(options, map_of_map(100, 3, 20'000));
  }
}

TEST_CASE("values that are away come back for those that need them, and no law is broken") {
  std::uint64_t loads = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = options_of(seed);
    options.spill = true;
    if (seed % 3 == 1) options.pause_ns = 100'000;
    for (Workload work : {random_graph(120, 3, seed), mixture(50, seed), stencil(10, 8, 20'000),
                          map_of_map(60, 3, 10'000)}) {
      for (WorkItem& item : work) item.result_bytes = 100'000;
      loads += run_by_laws(options, work).loads;
    }
  }
  MESSAGE(loads << " loads");
  CHECK(loads > 1'000);
}

}  // namespace
}  // namespace tutti::sim
