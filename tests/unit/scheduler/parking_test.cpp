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
  const TaskId small = given.submit();
  const TaskId large = given.submit();
  int parked = 0;
  for (const Assign& each : assigned(given)) {
    if (each.task == small) parked = each.worker;
    given.finish(each.worker, each.task, each.task == large ? 1000 : 10);
  }
  const TaskId user = given.submit({{small, 0}});
  REQUIRE_EQ(assigned(given).at(0).worker, parked);
  given.scheduler.scale(1);
  REQUIRE(given.scheduler.workers().at(parked).parked);
  CHECK_FALSE(given.scheduler.evacuate(given.sent.commands()));
  CHECK_EQ(given.sent.peek<Replicate>(), 0);
  given.finish(parked, user);
  // Now both go: what was read, and what was made of it.
  CHECK_FALSE(given.scheduler.evacuate(given.sent.commands()));
  for (const Replicate& copy : given.sent.take<Replicate>(2)) {
    CHECK_EQ(copy.source, parked);
    given.copied(copy);
    CHECK_EQ(given.sent.take<Drop>(1).front().worker, parked);
  }
  CHECK(given.scheduler.evacuate(given.sent.commands()));
}

TEST_CASE("a parked worker gives back what it has not begun, to one that works") {
  SchedulerOptions options = strict_credit();
  options.credit.tasks_per_slot = 4;
  GivenScheduler given(2, 1, options);
  for (int i = 0; i < 8; ++i) given.submit();
  std::vector<TaskId> of_first;
  std::vector<TaskId> of_second;
  for (const Assign& each : assigned(given))
    (each.worker == 1 ? of_first : of_second).push_back(each.task);
  REQUIRE_EQ(of_second.size(), 4);
  given.scheduler.scale(1);
  REQUIRE(given.scheduler.workers().at(2).parked);
  for (const TaskId id : of_first) given.finish(1, id);
  // Nobody wants to know whether it is worth it: what it does not begin others have.
  given.place();
  CHECK_EQ(given.sent.take<GiveBack>(1).front().worker, 2);
  given.give_back(2, of_second);
  const std::vector<Assign> again = given.sent.take<Assign>(4);
  CHECK(std::ranges::all_of(again, [](const Assign& each) { return each.worker == 1; }));
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
