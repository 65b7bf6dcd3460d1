// Gangs: every order of what happens in small worlds, and laws in large ones.

#include "sim/cluster.hpp"
#include "support/small_world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tutti::testing {
namespace {

const SmallWork task{};
const SmallWork pair{.gang = 2};
const SmallWork after_first{.needs = {0}};

SmallEvents walk(const std::vector<std::vector<SmallWork>>& worlds, const SmallOptions& options) {
  SmallWalk sum;
  for (const auto& works : worlds) {
    const SmallWalk walked = walk_all(works, options);
    sum.states += walked.states;
    sum.events += walked.events;
  }
  MESSAGE(sum.states << " states, " << sum.events.members_ended << " members ended, "
                     << sum.events.members_failed << " failed, " << sum.events.gangs_stopped
                     << " told to stop");
  CHECK(sum.states > 100);
  CHECK(sum.events.members_ended > 0);
  return sum.events;
}

const std::vector<std::vector<SmallWork>> gangs_and_tasks{
    {pair},
    {pair, after_first},
    {task, {.needs = {0}, .gang = 2}},
    {pair, task},
    {task, pair, task},
    {pair, pair},
    {task, {.needs = {0}, .gang = 2}, {.needs = {1}}},
};

TEST_CASE("gangs of two end in every order: two workers, one slot, a throw") {
  const SmallEvents events = walk(gangs_and_tasks, {.workers = 2, .slots = 1});
  CHECK(events.members_failed > 0);
  CHECK(events.gangs_stopped > 0);
}

TEST_CASE("gangs of two end in every order: two workers, two slots, two throws") {
  walk(gangs_and_tasks, {.workers = 2, .slots = 2, .throws = 2});
}

TEST_CASE("gangs of two end in every order: three workers") {
  walk(gangs_and_tasks, {.workers = 3, .slots = 1, .throws = 1});
}

TEST_CASE("a gang that fails is tried again when all of its members are back") {
  const std::vector<std::vector<SmallWork>> worlds{
      {{.gang = 2, .retries = 1}},
      {{.gang = 2, .retries = 1}, task},
      {{.gang = 2, .retries = 1}, after_first},
      {task, {.needs = {0}, .gang = 2, .retries = 2}},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 2});
  walk(worlds, {.workers = 2, .slots = 2, .throws = 2});
  walk(worlds, {.workers = 2, .slots = 1, .throws = 2, .long_turns = true});
}

TEST_CASE("a gang is cancelled at any moment") {
  const std::vector<std::vector<SmallWork>> worlds{
      {pair},
      {pair, after_first},
      {task, {.needs = {0}, .gang = 2}},
      {{.gang = 2, .retries = 1}, task},
  };
  CHECK(walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .cancels = 1}).stopped > 0);
  walk(worlds, {.workers = 2, .slots = 2, .throws = 0, .cancels = 2});
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .cancels = 1, .long_turns = true});
}

TEST_CASE("the future of a gang is released at any moment") {
  const std::vector<std::vector<SmallWork>> worlds{
      {pair},
      {pair, after_first},
      {task, {.needs = {0}, .gang = 2}},
      {{.gang = 2, .retries = 1}, task},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .release_early = true});
}

TEST_CASE("workers pause and go on while gangs wait and run") {
  const std::vector<std::vector<SmallWork>> worlds{{pair}, {pair, task}, {pair, pair}};
  walk(worlds, {.workers = 2, .slots = 1, .throws = 0, .pauses = 3});
  walk(worlds, {.workers = 3, .slots = 1, .throws = 0, .pauses = 2});
}

TEST_CASE("large inputs are fetched by all members") {
  const std::vector<std::vector<SmallWork>> worlds{
      {task, {.needs = {0}, .gang = 2}},
      {task, {.needs = {0}, .gang = 2}, {.needs = {0, 1}}},
  };
  CHECK(walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .result_bytes = 10'000}).replicas > 0);
}

TEST_CASE("maps go on beside gangs") {
  const std::vector<std::vector<SmallWork>> worlds{
      {{.needs = {}, .elements = 2, .sources = {}}, pair},
      {pair, {.needs = {0}, .elements = 2, .sources = {}}},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1});
}

// ---- large worlds

sim::ClusterReport run(const sim::ClusterOptions& options, const sim::Workload& workload) {
  sim::ClusterReport report = sim::SimCluster(options, workload).run();
  INFO("seed " << options.seed << ", workers " << options.workers << ", slots " << options.slots);
  const std::string law = report.broken.empty() ? "" : report.broken.front();
  CHECK_EQ(law, "");
  if (!options.release_early)
    CHECK_EQ(report.finished + report.failed + report.maps_done, workload.size());
  return report;
}

sim::ClusterOptions options_of(std::uint64_t seed) {
  sim::ClusterOptions options;
  options.seed = seed;
  options.workers = 1 + static_cast<int>(seed % 9);
  options.slots = 1 + static_cast<std::uint32_t>(seed / 7 % 3);
  options.release_early = seed % 2 == 0;
  options.slow_share = seed % 3 == 0 ? 0.3 : 0;
  options.check_laws = true;
  options.scheduler.story_events = 64;
  if (seed % 5 == 0) options.scheduler.credit.nanoseconds_per_slot = 0;
  if (seed % 4 == 0) options.scheduler.communicators_max = 2;
  return options;
}

TEST_CASE("gangs beside tasks keep all laws, whatever the seed") {
  std::uint64_t members = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    sim::ClusterOptions options = options_of(seed);
    if (seed % 3 == 1) options.failure_probability = 0.05;
    if (seed % 4 == 3) options.network.jitter_ns = 200'000;
    members += run(options, sim::gangs_and_tasks(150, 3, seed)).members;
  }
  CHECK(members > 60 * 50);
}

TEST_CASE("gangs keep all laws while workers pause, some of them for good") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    sim::ClusterOptions options = options_of(seed);
    options.pause_ns = 100'000;
    if (seed % 3 == 1) options.failure_probability = 0.03;
    run(options, sim::gangs_and_tasks(100, 2, seed));
  }
}

TEST_CASE("a large gang is not overtaken for ever, and tasks go on while it waits") {
  sim::ClusterOptions options;
  options.workers = 8;
  sim::Workload work;
  // Small gangs that never leave all workers free at once, and one of all workers among the first.
  for (int count = 0; count < 400; ++count) {
    sim::WorkItem item;
    item.gang = count == 10 ? 8 : 3;
    item.duration_ns = 50'000 + 7'000 * static_cast<std::uint64_t>(count % 5);
    work.push_back(item);
  }
  const sim::ClusterReport with_large = run(options, work);
  CHECK_EQ(with_large.finished, 400);
  // Two fit at once: 200 rounds of 64 us, and little more for the large one.
  CHECK(with_large.makespan_ns < 200 * 80'000);
}

TEST_CASE("gangs of thousands of workers are chosen at once") {
  sim::ClusterOptions options;
  options.workers = 4'096;
  sim::Workload work = sim::independent_tasks(20'000, 100'000);
  for (std::size_t item = 0; item < work.size(); item += 100)
    work[item].gang = 1u << (item / 100 % 13);
  const sim::ClusterReport report = run(options, work);
  CHECK_EQ(report.finished, work.size());
}

}  // namespace
}  // namespace tutti::testing
