// The laws of laws_test.cpp where tasks need cores, devices, a license, or chosen workers.

#include "sim/cluster.hpp"
#include "support/run_laws.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tutti::sim {
namespace {

TEST_CASE("nobody gets what another one has, and everything ends") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    ClusterOptions options;
    options.seed = seed;
    options.workers = 1 + static_cast<int>(seed % 5);
    options.slots = 1 + static_cast<std::uint32_t>(seed / 5 % 4);
    options.release_early = seed % 2 == 0;
    options.check_laws = true;
    options.scheduler.story_events = 64;
    options.network.jitter_ns = seed % 3 == 0 ? 50'000 : 1'000;
    options.demand_share = seed % 2 == 0 ? 0.3 : 0.9;
    if (seed % 4 == 0) options.failure_probability = 0.02;
    if (seed % 7 == 0) options.pause_ns = 100'000;
    for (const Workload& work : {random_graph(120, 3, seed), mixture(50, seed),
                                 stencil(10, 8, 20'000), map(200, 10'000, 10.0)})
      run_by_laws(options, work);
  }
}

TEST_CASE("the same seed gives the same log") {
  ClusterOptions options;
  options.seed = 5;
  options.slots = 3;
  options.demand_share = 0.5;
  const Workload work = mixture(60, 5);
  CHECK_EQ(run_by_laws(options, work).log_hash, run_by_laws(options, work).log_hash);
}

}  // namespace
}  // namespace tutti::sim
