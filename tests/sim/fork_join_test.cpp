// Laws of tasks that submit tasks and wait for them: whatever the order of events, and however few
// slots there are, every task ends once and nobody waits for ever.

#include "support/fork_join.hpp"

#include "sim/random.hpp"

#include <doctest/doctest.h>

namespace tutti::testing {
namespace {

/// Runs one order, which follows from the seed.
std::size_t run(const ForkJoinOptions& options, std::uint64_t seed) {
  CAPTURE(seed);
  ForkJoinWorld world(options);
  std::uint64_t number = 0;
  while (world.step([&](std::size_t choices) {
    return static_cast<std::size_t>(sim::mix(seed, ++number) % choices);
  })) {
  }
  world.check_end();
  return world.tasks();
}

TEST_CASE("trees of tasks end with one slot, on any number of workers") {
  for (int workers = 1; workers <= 3; ++workers) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed)
      CHECK_EQ(run({.workers = workers, .depth = 5}, seed), 63);
  }
}

TEST_CASE("so they do with more slots, wider trees, and tasks that wait more than once") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    run({.workers = 2, .slots = 2, .depth = 2, .width = 5, .waves = 3}, seed);
    run({.workers = 4, .slots = 3, .depth = 3, .width = 3, .waves = 2}, seed);
  }
}

TEST_CASE("so do several trees beside each other, and chains of waits") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    run({.workers = 2, .depth = 3, .width = 2, .roots = 10}, seed);
    CHECK_EQ(run({.workers = 3, .depth = 100, .width = 1}, seed), 101);
  }
}

TEST_CASE("so do long tasks, of which a batch holds one") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    run({.workers = 2, .slots = 2, .depth = 4, .roots = 3, .elapsed_ns = 1'000'000}, seed);
}

TEST_CASE("with little room for those that wait, no more wait than there is room for") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    run({.workers = 2, .depth = 6, .roots = 20, .suspended_max = 24}, seed);
    run({.workers = 3, .slots = 2, .depth = 4, .width = 4, .waves = 2, .suspended_max = 32}, seed);
  }
}

TEST_CASE("so do trees on workers that run out of memory, for a while or for good") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const int pauses = 1 + static_cast<int>(seed % 20);
    run({.workers = 1, .slots = 2, .depth = 4, .pauses = pauses}, seed);
    run({.workers = 2, .depth = 5, .roots = 2, .pauses = pauses}, seed);
    run({.workers = 3, .slots = 2, .depth = 3, .width = 3, .waves = 2, .pauses = pauses}, seed);
    run({.workers = 2, .depth = 6, .roots = 10, .suspended_max = 24, .pauses = pauses}, seed);
  }
}

}  // namespace
}  // namespace tutti::testing
