// Fewer workers than there are.

#include "scheduler/adaptive.hpp"
#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace tutti::testing {
namespace {

using scheduler::Adaptive;
using scheduler::AdaptiveLimits;

std::vector<Assign> assigned(GivenScheduler& given) {
  given.place();
  return given.sent.take<Assign>(given.sent.peek<Assign>());
}

TEST_CASE("parked workers get nothing, and work again when they are wanted") {
  GivenScheduler given(3);
  given.scheduler.scale(1);
  CHECK_EQ(given.scheduler.workers().wanted(), 1);
  for (int i = 0; i < 6; ++i) given.submit();
  for (const Assign& each : assigned(given)) CHECK_EQ(each.worker, 1);
  given.scheduler.scale(3);
  std::set<int> ranks;
  for (const Assign& each : assigned(given)) ranks.insert(each.worker);
  CHECK(ranks == std::set<int>{2, 3});
}

TEST_CASE("at least one works") {
  GivenScheduler given(2);
  given.scheduler.scale(0);
  CHECK_EQ(given.scheduler.workers().wanted(), 1);
}

TEST_CASE("who holds least is parked, and what it holds moves") {
  GivenScheduler given(3);
  std::vector<TaskId> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(given.submit());
  std::vector<Assign> all = assigned(given);
  REQUIRE_EQ(all.size(), 3);
  for (const Assign& each : all) given.finish(each.worker, each.task, each.worker == 2 ? 1 : 1000);
  given.scheduler.scale(2);
  CHECK(given.scheduler.workers().at(2).parked);
  CHECK_FALSE(given.scheduler.evacuate(given.sent.commands()));
  const Replicate copy = given.sent.take<Replicate>(1).front();
  CHECK_EQ(copy.source, 2);
  CHECK_FALSE(given.scheduler.workers().at(copy.worker).parked);
  // It is on its way already.
  CHECK_FALSE(given.scheduler.evacuate(given.sent.commands()));
  given.copied(copy);
  const Drop drop = given.sent.take<Drop>(1).front();
  CHECK_EQ(drop.worker, 2);
  CHECK(given.scheduler.evacuate(given.sent.commands()));
}

TEST_CASE("what is used stays until it is not") {
  GivenScheduler given(2);
  const TaskId value = given.submit();
  const Assign first = assigned(given).at(0);
  given.finish(first.worker, value);
  given.submit({{value, 0}});
  const Assign user = assigned(given).at(0);
  CHECK_EQ(user.worker, first.worker);
  given.scheduler.scale(1);
  if (!given.scheduler.workers().at(first.worker).parked) given.scheduler.scale(1);
  const int parked = given.scheduler.workers().at(1).parked ? 1 : 2;
  if (parked == first.worker) {
    CHECK_FALSE(given.scheduler.evacuate(given.sent.commands()));
    CHECK_EQ(given.sent.peek<Replicate>(), 0);
  }
}

TEST_CASE("a parked worker gives back what it has not begun, to one that works") {
  SchedulerOptions options = strict_credit();
  options.credit.tasks_per_slot = 4;
  options.credit.nanoseconds_per_slot = 1'000'000;
  GivenScheduler given(2, 1, options);
  given.scheduler.on_timing(0, 1, 1'000'000);
  std::vector<TaskId> tasks;
  for (int i = 0; i < 8; ++i) tasks.push_back(given.submit());
  std::vector<TaskId> of_second;
  for (const Assign& each : assigned(given)) {
    if (each.worker == 2) of_second.push_back(each.task);
  }
  REQUIRE_GE(of_second.size(), 3);
  given.scheduler.scale(1);
  const int parked = given.scheduler.workers().at(1).parked ? 1 : 2;
  REQUIRE_EQ(parked, 2);
  // Worker 1 is busy and asks for nothing; what comes back goes to it all the same.
  for (const Assign& each : assigned(given)) CHECK_EQ(each.worker, 1);
  given.sent.take<GiveBack>(given.sent.peek<GiveBack>());
}

TEST_CASE("as many workers as the work needs: more at once, fewer after some time") {
  Adaptive adaptive({.minimum = 1, .maximum = 8, .interval_s = 1, .target_s = 5, .wait_count = 3});
  CHECK(adaptive.is_due(0));
  CHECK_EQ(adaptive.look(0, 1, {.work_s = 24, .tasks = 100}), 5);
  CHECK_FALSE(adaptive.is_due(0.5));
  CHECK(adaptive.is_due(1));
  // No more than there are tasks, nor than the maximum.
  CHECK_EQ(adaptive.look(1, 5, {.work_s = 1000, .tasks = 7}), 7);
  CHECK_EQ(adaptive.look(2, 7, {.work_s = 1000, .tasks = 100}), 8);
  CHECK_EQ(adaptive.look(3, 8, {.work_s = 0, .tasks = 0}), 8);
  CHECK_EQ(adaptive.look(4, 8, {.work_s = 0, .tasks = 0}), 8);
  CHECK_EQ(adaptive.look(5, 8, {.work_s = 0, .tasks = 0}), 1);
  // Memory that is nearly full wants room.
  CHECK_EQ(adaptive.look(6, 2, {.work_s = 0, .tasks = 0, .memory_fraction = 0.7}), 4);
}

TEST_CASE("what is not done counts, as long as it is expected to take") {
  GivenScheduler given(2);
  given.scheduler.on_timing(1, 1, 2'000'000'000);
  TaskSpec spec;
  spec.function = 1;
  for (int i = 0; i < 10; ++i) given.submit({}, spec);
  const auto occupancy = given.scheduler.occupancy();
  CHECK_EQ(occupancy.tasks, 10);
  CHECK_EQ(occupancy.work_s, doctest::Approx(20));
}

}  // namespace
}  // namespace tutti::testing
