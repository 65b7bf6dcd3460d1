// Tasks that submit tasks and wait for them, that are tried again, and that are cancelled.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

TaskSpec child_of(int rank, std::uint16_t depth = 1) {
  TaskSpec spec;
  spec.owner = static_cast<std::uint16_t>(rank);
  spec.depth = depth;
  return spec;
}

// ---- waiting

TEST_CASE("what waits inside of itself does not use up the credit of its worker") {
  GivenScheduler given(1);
  std::vector<TaskId> tasks;
  for (int count = 0; count < 4; ++count) tasks.push_back(given.submit());
  given.place();
  CHECK_EQ(given.sent.take<Assign>(2).size(), 2);
  given.waits(1, 1);
  given.place();
  CHECK(given.take_assign().task == tasks[2]);
  given.waits(1, 2);
  given.place();
  CHECK(given.take_assign().task == tasks[3]);
  // Fewer wait again: what was given stays, and nothing is added.
  given.submit();
  given.waits(1, 0);
  given.place();
  CHECK(given.sent.empty());
}

TEST_CASE("what is held back for those that wait takes no credit, and may go to others") {
  GivenScheduler given(1);
  given.scheduler.on_timing(0, 1, 1'000'000);
  for (int count = 0; count < 4; ++count) given.submit();
  given.place();
  given.sent.take<Assign>(2);
  given.scheduler.on_waits(1, 1, 1);
  given.place();
  given.sent.take<Assign>(2);
  CHECK_FALSE(given.scheduler.anybody_idle());
}

TEST_CASE("a worker all of whose slots wait is idle") {
  GivenScheduler given(1, 2);
  given.submit();
  given.submit();
  given.place();
  given.sent.take<Assign>(2);
  CHECK_FALSE(given.scheduler.anybody_idle());
  given.waits(1, 1);
  CHECK(given.scheduler.anybody_idle());
  given.waits(1, 0);
  CHECK_FALSE(given.scheduler.anybody_idle());
}

TEST_CASE("children run before strangers, unless those are more urgent") {
  GivenScheduler given(1);
  given.submit();
  given.submit();
  given.place();
  given.sent.take<Assign>(2);
  const TaskId stranger = given.submit();
  const TaskId child = given.submit({}, child_of(1));
  const TaskId grandchild = given.submit({}, child_of(1, 2));
  TaskSpec urgent;
  urgent.priority = 1;
  const TaskId first = given.submit({}, urgent);
  for (const TaskId expected : {first, grandchild, child, stranger}) {
    given.waits(1, given.worker(1).suspended + 1);
    given.place();
    CHECK(given.take_assign().task == expected);
  }
}

TEST_CASE("a child stays with its rank when that has nothing to do, or nobody else has") {
  GivenScheduler given(3);
  const TaskId parent = given.submit();
  given.place();
  CHECK_EQ(given.take_assign().worker, 1);
  given.waits(1, 1);
  given.submit({}, child_of(1));
  given.place();
  CHECK_EQ(given.take_assign().worker, 1);
  // Now its rank is busy, and others are idle.
  given.submit({}, child_of(1));
  given.submit({}, child_of(1));
  given.place();
  for (const Assign& each : given.sent.take<Assign>(2)) CHECK_NE(each.worker, 1);
  given.submit({}, child_of(1));
  given.place();
  CHECK_EQ(given.take_assign().worker, 1);
  CHECK(given.finish(1, parent));
}

TEST_CASE("a reserved number is used by the task that is submitted under it") {
  GivenScheduler given(1);
  const TaskId reserved = given.scheduler.reserve_task();
  const TaskId group = given.scheduler.reserve_group();
  CHECK(given.scheduler.find_task(reserved) == nullptr);
  CHECK_EQ(given.scheduler.counts().tasks_live, 0);
  const TaskId other = given.submit();
  CHECK(other != reserved);
  TaskSpec spec = child_of(1);
  spec.id = reserved;
  CHECK(given.submit({}, spec) == reserved);
  GroupSpec map;
  map.id = group;
  CHECK(given.submit_group(0, {}, {}, map) == group);
  given.place();
  given.sent.take<Assign>(2);
  given.sent.take<GroupDone>(1);
  CHECK(given.finish(1, reserved));
  CHECK_EQ(given.scheduler.find_task(reserved)->owner, 1);
}

TEST_CASE("a value that a task placed is with its rank") {
  GivenScheduler given(2);
  const TaskId value = given.scheduler.reserve_task();
  given.scheduler.place_for_task(2, value, 1 << 20, 0, false);
  const TaskId elements = given.scheduler.reserve_group();
  given.scheduler.place_for_task(2, elements, 80, 10, true);
  const TaskId task = given.submit({{value, 0}, {elements, 3}});
  given.place();
  CHECK_EQ(given.take_assign().worker, 2);
  CHECK(given.finish(2, task));
  // Nobody holds the value; the sequence has a future.
  CHECK(given.sent.take<Release>(1).front().id == value);
  CHECK(given.sent.take<Forgotten>(1).front().id == value);
  given.release(elements);
  CHECK(given.sent.take<Release>(1).front().id == elements);
  given.sent.take<Forgotten>(1);
}

// ---- retries

TEST_CASE("a task that throws is tried again as often as it may") {
  GivenScheduler given(2);
  TaskSpec spec;
  spec.retries = 2;
  const TaskId task = given.submit({}, spec);
  const TaskId needing = given.submit({{task, 0}});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    given.place();
    std::vector<Assign> assigned = given.sent.take<Assign>(given.sent.peek<Assign>());
    const auto of_task = std::ranges::find(assigned, task, &Assign::task);
    REQUIRE(of_task != assigned.end());
    CHECK_EQ(given.scheduler.find_task(task)->attempt, attempt);
    CHECK(given.throw_in(of_task->worker, task));
    // The report of an attempt that ended means nothing any more.
    CHECK_FALSE(given.finish(of_task->worker, task));
  }
  const std::vector<Failed> failed = given.sent.take<Failed>(2);
  CHECK(failed[0].task == task);
  CHECK_EQ(failed[0].failure->attempt, 3);
  CHECK(failed[1].task == needing);
}

TEST_CASE("what may have to run again does not take its inputs away") {
  GivenScheduler given(1);
  const TaskId input = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, input, 1 << 20);
  TaskSpec spec;
  spec.retries = 1;
  const TaskId task = given.submit({{input, 0}}, spec);
  given.release(input);
  given.place();
  given.take_assign();
  CHECK_EQ(given.refs(task, 1).front().last_use, 0);
  CHECK(given.throw_in(1, task));
  given.place();
  given.take_assign();
  // The last attempt may.
  CHECK_EQ(given.refs(task, 1).front().last_use, 1);
  CHECK(given.finish(1, task));
  given.sent.take<Release>(1);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a task that nobody wants is not tried again") {
  GivenScheduler given(1);
  TaskSpec spec;
  spec.retries = 5;
  const TaskId task = given.submit({}, spec);
  given.place();
  given.take_assign();
  given.release(task);
  CHECK(given.throw_in(1, task));
  CHECK(given.sent.take<Forgotten>(1).front().id == task);
}

// ---- cancelling

TEST_CASE("what was not begun ends as cancelled, with all that needs it") {
  GivenScheduler given(1);
  const TaskId waiting_for = given.submit();
  const TaskId task = given.submit({{waiting_for, 0}});
  const TaskId needing = given.submit({{task, 0}});
  const TaskId map = given.submit_group(3, {}, {{needing, 0}});
  const TaskId other = given.submit();
  given.cancel(task);
  const std::vector<Failed> failed = given.sent.take<Failed>(3);
  for (const Failed& each : failed) CHECK_EQ(each.failure->type, "tutti::CancelledError");
  CHECK(failed[0].task == task);
  CHECK(given.group_state(map) == GroupState::failed);
  CHECK(given.state(waiting_for) == TaskState::ready);
  CHECK(given.state(other) == TaskState::ready);
  // What has ended stays as it is.
  given.cancel(task);
  CHECK(given.sent.empty());
}

TEST_CASE("a worker is told of what it was assigned, and its report means nothing any more") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  given.place();
  given.take_assign();
  const TaskId ahead = given.submit({{task, 0}});
  given.place();
  given.take_assign();
  given.cancel(task);
  given.sent.take<Failed>(2);
  const std::vector<Cancel> told = given.sent.take<Cancel>(2);
  CHECK(told[0].id == task);
  CHECK(told[1].id == ahead);
  CHECK_EQ(told[1].worker, 1);
  CHECK_EQ(given.worker(1).outstanding + given.worker(1).waiting, 0);
  CHECK_FALSE(given.finish(1, task));
  given.release(ahead);
  given.release(task);
  given.sent.take<Forgotten>(2);
  CHECK_EQ(given.scheduler.counts().tasks_live, 0);
}

TEST_CASE("a map that is cancelled ends on all ranks that work on it") {
  GivenScheduler given(2);
  given.scheduler.on_timing(7, 1, 10'000'000);
  const TaskId map = given.submit_group(100);
  given.place();
  const std::vector<AssignRange> ranges =
      given.sent.take<AssignRange>(given.sent.peek<AssignRange>());
  REQUIRE(ranges.size() >= 2);
  const TaskId over = given.submit_group(100, {map});
  given.finish_range(ranges.front());
  given.sent.take<AssignRange>(given.sent.peek<AssignRange>());
  given.place();
  given.sent.take<AssignRange>(given.sent.peek<AssignRange>());
  given.cancel(map);
  CHECK_EQ(given.sent.take<Failed>(2).size(), 2);
  CHECK(given.sent.peek<Cancel>() >= 2);
  given.sent.take<Cancel>(given.sent.peek<Cancel>());
  CHECK_EQ(given.worker(1).outstanding + given.worker(2).outstanding, 0);
  CHECK_FALSE(given.finish_range(ranges.back()));
  CHECK(given.group_state(over) == GroupState::failed);
  given.release(over);
  given.release(map);
  given.sent.take<Release>(given.sent.peek<Release>());
  given.sent.take<Forgotten>(2);
  CHECK_EQ(given.scheduler.counts().groups_live, 0);
  CHECK_EQ(given.scheduler.counts().work_left, 0);
}

TEST_CASE("a copy of what was cancelled before its report came is called back too") {
  GivenScheduler given(2);
  const TaskId task = given.submit();
  given.place();
  const int holder = given.take_assign().worker;
  given.fetched(3 - holder, task);
  given.cancel(task);
  given.sent.take<Failed>(1);
  CHECK_EQ(given.sent.take<Cancel>(2).size(), 2);
  given.fetched(3 - holder, task);
  CHECK(given.sent.take<Release>(1).front().id == task);
}

}  // namespace
}  // namespace tutti::testing
