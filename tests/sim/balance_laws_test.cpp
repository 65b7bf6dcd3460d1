// The laws of laws_test.cpp where work is given back, and with slices and order as inputs.

#include "sim/cluster.hpp"
#include "sim/random.hpp"
#include "support/run_laws.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tutti::sim {
namespace {

/// A few workers of several slots, some of them slow.
ClusterOptions uneven(std::uint64_t seed) {
  ClusterOptions options;
  options.seed = seed;
  options.workers = 2 + static_cast<int>(seed % 6);
  options.slots = 1 + static_cast<std::uint32_t>(seed / 6 % 4);
  options.slow_share = 0.4;
  options.slow_factor = 20;
  options.release_early = seed % 2 == 0;
  options.submit_items = seed % 3 == 0 ? 16 : 1'000;
  options.check_laws = true;
  options.scheduler.story_events = 64;
  return options;
}

/// Tasks and maps that need elements, slices, whole maps and mere order of each other at random.
Workload slices_and_order(std::size_t items, std::uint64_t seed) {
  Random random(seed);
  constexpr std::uint64_t elements = 30;
  Workload work;
  for (std::size_t index = 0; index < items; ++index) {
    WorkItem item;
    const bool is_map = random.below(3) == 0;
    if (is_map) item.elements = random.below(8) == 0 ? 0 : elements;
    item.function = static_cast<std::uint32_t>(index % 5);
    item.duration_ns = 2'000 + random.below(80'000);
    item.skew = random.below(2) == 0 ? 1.0 : 15.0;
    item.result_bytes = random.below(3) == 0 ? 100'000 : 8;
    item.priority = static_cast<std::int16_t>(random.below(3));
    for (std::uint64_t inputs = random.below(4); index != 0 && inputs > 0; --inputs) {
      const std::size_t other = random.below(index);
      const std::uint64_t total = work[other].elements.value_or(1);
      ItemInput input{other, 0, 1};
      const std::uint64_t kind = random.below(3);
      if (kind == 0 || total == 0) {
        input.count = 0;
        const bool whole = total == 0 || random.below(2) == 0;
        input.element = whole ? scheduler::all_elements : random.below(total);
      } else if (work[other].elements) {
        input.element = random.below(total);
        input.count = kind == 1 ? 1 : 1 + random.below(total - input.element);
      }
      item.inputs.push_back(input);
    }
    work.push_back(std::move(item));
  }
  return work;
}

TEST_CASE("slices and order keep all laws, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 250; ++seed)
    run_by_laws(uneven(seed), slices_and_order(80, seed));
}

TEST_CASE("slices and order keep all laws when elements and tasks fail, whatever the seed") {
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    ClusterOptions options = uneven(seed);
    options.failure_probability = 0.01;
    run_by_laws(options, slices_and_order(80, seed));
  }
}

TEST_CASE("skewed maps on uneven workers are given back, and keep all laws") {
  std::uint64_t given_back = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    given_back += run_by_laws(uneven(seed), map(400, 20'000, 30.0)).given_back;
    given_back += run_by_laws(uneven(seed), map_of_map(150, 3, 20'000)).given_back;
  }
  CHECK(given_back > 50);
}

TEST_CASE("tasks on uneven workers are given back, and keep all laws") {
  std::uint64_t given_back = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    given_back += run_by_laws(uneven(seed), independent_tasks(300, 30'000)).given_back;
    given_back += run_by_laws(uneven(seed), fan(200, 50'000)).given_back;
    given_back += run_by_laws(uneven(seed), tree(64, 50'000)).given_back;
    given_back += run_by_laws(uneven(seed), stencil(12, 12, 50'000)).given_back;
  }
  CHECK(given_back > 50);
}

TEST_CASE("random graphs with failures on uneven workers keep all laws") {
  std::uint64_t given_back = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = uneven(seed);
    options.failure_probability = 0.02;
    Workload work = random_graph(150, 3, seed);
    for (WorkItem& item : work) item.duration_ns *= 10;
    given_back += run_by_laws(options, work).given_back;
  }
  CHECK(given_back > 50);
}

}  // namespace
}  // namespace tutti::sim
