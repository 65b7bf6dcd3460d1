// Workers that are short of memory.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

void tell(GivenScheduler& given, int rank, bool paused) {
  protocol::MemoryState memory;
  memory.managed_bytes = 7;
  memory.paused = paused;
  given.scheduler.on_memory(rank, memory);
  given.scheduler.check_invariants();
}

TEST_CASE("a worker that is paused gets nothing new while there is another one") {
  GivenScheduler given(2);
  tell(given, 1, true);
  CHECK_EQ(given.worker(1).memory.managed_bytes, 7);
  for (int count = 0; count < 4; ++count) given.submit();
  given.place();
  for (const Assign& each : given.sent.take<Assign>(2)) CHECK_EQ(each.worker, 2);
  tell(given, 1, false);
  given.place();
  for (const Assign& each : given.sent.take<Assign>(2)) CHECK_EQ(each.worker, 1);
}

TEST_CASE("what belongs to a paused worker by its inputs goes to one that is idle") {
  GivenScheduler given(2);
  const TaskId made = given.submit();
  given.place();
  const int holder = given.take_assign().worker;
  given.finish(holder, made, 1 << 20);
  tell(given, holder, true);
  given.submit({{made, 0}});
  given.place();
  CHECK_NE(given.take_assign().worker, holder);
}

TEST_CASE("when all workers are paused each gets one task at a time") {
  GivenScheduler given(2, 2);
  tell(given, 1, true);
  tell(given, 2, true);
  std::vector<TaskId> made;
  for (int count = 0; count < 4; ++count) made.push_back(given.submit());
  given.place();
  const auto first = given.sent.take<Assign>(2);
  CHECK_NE(first[0].worker, first[1].worker);
  given.finish(first[0].worker, first[0].task);
  given.place();
  CHECK_EQ(given.take_assign().worker, first[0].worker);
}

TEST_CASE("when all are paused, a worker whose task waits inside of itself gets one more") {
  GivenScheduler given(2);
  tell(given, 1, true);
  tell(given, 2, true);
  for (int count = 0; count < 4; ++count) given.submit();
  given.place();
  CHECK_EQ(given.sent.take<Assign>(2).size(), 2);
  given.scheduler.on_waits(1, 1);
  given.place();
  CHECK_EQ(given.take_assign().worker, 1);
  given.place();
  CHECK(given.sent.take<Assign>(0).empty());
  given.scheduler.check_invariants();
}

TEST_CASE("elements of maps keep to the same rules") {
  GivenScheduler given(2);
  tell(given, 1, true);
  given.submit_group(10);
  given.place();
  for (const AssignRange& each : given.sent.take<AssignRange>(2)) CHECK_EQ(each.worker, 2);
  tell(given, 2, true);
  given.place();
  CHECK_EQ(given.take_range().worker, 1);
}

TEST_CASE("a worker that pauses is asked for what it has when another one has nothing") {
  SchedulerOptions generous = strict_credit();
  generous.credit.tasks_per_slot = 100;
  GivenScheduler given(1, 1, generous);
  std::vector<TaskId> made;
  for (int count = 0; count < 3; ++count) made.push_back(given.submit());
  given.place();
  given.sent.take<Assign>(3);
  given.scheduler.on_worker_joined(2, 1, 0);
  tell(given, 1, true);
  given.place();
  CHECK_EQ(given.sent.take<GiveBack>(1).front().worker, 1);
  given.give_back(1, {made[1], made[2]});
  for (const Assign& each : given.sent.take<Assign>(2)) CHECK_EQ(each.worker, 2);
  // Nobody is idle: it keeps what it has.
  given.place();
  CHECK(given.sent.empty());
}

TEST_CASE("stretches of a map are short when their results are large for the workers' memory") {
  GivenScheduler given(0);
  given.scheduler.on_worker_joined(1, 1, 320'000'000);
  GroupSpec spec;
  spec.function = 7;
  given.submit_group(10'000, {}, {}, spec);
  given.place();
  for (const AssignRange& each : given.sent.take<AssignRange>(2)) {
    given.scheduler.on_timing(7, each.count, 1'000);
    given.scheduler.on_range_finished(1, each.group, each.begin, each.count, each.count * 1'000'000,
                                      given.sent.commands());
  }
  given.place();
  // A thirty-second part of the limit, ten elements.
  for (const AssignRange& each : given.sent.take<AssignRange>(2)) CHECK_EQ(each.count, 10);
}

}  // namespace
}  // namespace tutti::testing
