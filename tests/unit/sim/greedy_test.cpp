#include "sim/greedy.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace tutti::sim {
namespace {

SlotFactors equal_slots(std::size_t count) { return SlotFactors(count, 1.0); }

TEST_CASE("greedy gives each task to the slot that is free first") {
  const std::vector<std::uint64_t> durations{5, 3, 4, 2, 6};
  // Slot 0: 5, then 6. Slot 1: 3, then 4. Slot 0 is free at 5: 2. Slot 1 is free at 7, as slot 0.
  CHECK_EQ(greedy_makespan_ns(durations, equal_slots(2)), 13);
  CHECK_EQ(greedy_makespan_ns(durations, equal_slots(1)), 20);
  CHECK_EQ(greedy_makespan_ns(durations, equal_slots(5)), 6);
  CHECK_EQ(greedy_makespan_ns({}, equal_slots(5)), 0);
}

TEST_CASE("greedy knows slow slots") {
  const std::vector<std::uint64_t> durations(9, 10);
  // The slow slot takes 40 for its one task, in which the other one does four.
  CHECK_EQ(greedy_makespan_ns(durations, {4.0, 1.0}), 80);
  CHECK_EQ(greedy_makespan_ns(std::vector<std::uint64_t>(5, 10), {4.0, 1.0}), 40);
}

TEST_CASE("workers have their slots side by side") {
  const SlotFactors factors = slot_factors(2, 2, [](int rank) { return rank == 2 ? 3.0 : 1.0; });
  CHECK_EQ(factors, SlotFactors{1.0, 1.0, 3.0, 3.0});
}

TEST_CASE("for independent tasks and for maps the list schedule is the greedy one") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Workload tasks = independent_tasks(200, 1'000);
    draw_durations(tasks, 1.0, seed);
    std::vector<std::uint64_t> durations;
    for (const WorkItem& item : tasks) durations.push_back(item.duration_ns);
    CHECK_EQ(list_makespan_ns(tasks, equal_slots(7)),
             greedy_makespan_ns(durations, equal_slots(7)));

    Workload maps = map(200, 1'000, 3.0);
    draw_durations(maps, 1.0, seed);
    durations.clear();
    for (std::uint64_t element = 0; element < 200; ++element)
      durations.push_back(element_duration_ns(maps.front(), element));
    CHECK_EQ(list_makespan_ns(maps, equal_slots(7)), greedy_makespan_ns(durations, equal_slots(7)));
  }
}

TEST_CASE("graphs have the list schedule that one counts by hand") {
  CHECK_EQ(list_makespan_ns(chain(10, 5), equal_slots(4)), 50);
  CHECK_EQ(list_makespan_ns(fan(8, 5), equal_slots(4)), 20);
  CHECK_EQ(list_makespan_ns(tree(8, 5), equal_slots(8)), 20);
  CHECK_EQ(list_makespan_ns(tree(8, 5), equal_slots(1)), 15 * 5);
  CHECK_EQ(list_makespan_ns(stencil(6, 4, 5), equal_slots(3)), 40);
  // Elements of the second map run while others of the first one run.
  CHECK_EQ(list_makespan_ns(map_of_map(3, 2, 5), equal_slots(2)), 20);
  // 16 elements, 4 tasks, 1 task.
  CHECK_EQ(list_makespan_ns(map_reduce(16, 4, 5), equal_slots(16)), 15);
  CHECK_EQ(list_makespan_ns({}, equal_slots(3)), 0);
  CHECK_EQ(list_makespan_ns(map_of_map(0, 2, 5), equal_slots(3)), 0);
}

TEST_CASE("priorities come first") {
  Workload work = independent_tasks(3, 10);
  work[2].priority = 1;
  work[2].duration_ns = 100;
  CHECK_EQ(list_makespan_ns(work, equal_slots(2)), 100);
}

TEST_CASE("the lower bound is the critical path or the work, whichever is longer") {
  CHECK_EQ(lower_bound(chain(10, 5), equal_slots(4)).makespan_ns, 50);
  CHECK_EQ(lower_bound(independent_tasks(9, 5), equal_slots(4)).makespan_ns, 12);
  const LowerBound bound = lower_bound(map_reduce(16, 4, 5), equal_slots(2));
  CHECK_EQ(bound.critical_path_ns, 15);
  CHECK_EQ(bound.work_ns, 21 * 5);
  CHECK_EQ(bound.makespan_ns, 53);
  CHECK_EQ(lower_bound(chain(10, 5), {3.0, 2.0}).makespan_ns, 100);
}

TEST_CASE("a list schedule lies between the lower bound and twice the lower bound") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const std::size_t slots = 1 + seed % 9;
    for (Workload work : {random_graph(150, 3, seed), mixture(60, seed), stencil(16, 8, 1'000)}) {
      draw_durations(work, 0.7, seed);
      const std::uint64_t bound_ns = lower_bound(work, equal_slots(slots)).makespan_ns;
      const std::uint64_t makespan_ns = list_makespan_ns(work, equal_slots(slots));
      CHECK_GE(makespan_ns, bound_ns);
      CHECK_LE(makespan_ns, 2 * bound_ns);
    }
  }
}

}  // namespace
}  // namespace tutti::sim
