// What may start when the job has an end.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

namespace tutti::testing {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr protocol::FunctionId slow = 1;
constexpr protocol::FunctionId quick = 2;

TaskId submit(GivenScheduler& given, protocol::FunctionId function,
              const std::vector<Input>& inputs = {}) {
  TaskSpec spec;
  spec.function = function;
  return given.submit(inputs, spec);
}

/// Slow ones take 10 s, quick ones 1 s; the job ends at 100 s.
void learn(GivenScheduler& given) {
  given.scheduler.on_timing(slow, 1, 10 * second);
  given.scheduler.on_timing(quick, 1, second);
  given.scheduler.set_end(100 * second);
}

TEST_CASE("a task that would end in time starts, one that would not does not") {
  GivenScheduler given(2);
  learn(given);
  given.scheduler.set_time(89 * second);
  const TaskId in_time = submit(given, slow);
  given.place();
  CHECK_EQ(given.take_assign().task, in_time);
  given.scheduler.set_time(91 * second);
  const TaskId late = submit(given, slow);
  const TaskId short_one = submit(given, quick);
  given.place();
  CHECK_EQ(given.take_assign().task, short_one);
  CHECK_EQ(given.state(late), TaskState::ready);
}

TEST_CASE("without an end, or without a known duration, all starts") {
  GivenScheduler given(1, 4);
  given.scheduler.on_timing(slow, 1, 10 * second);
  given.scheduler.set_time(99 * second);
  submit(given, slow);
  given.place();
  given.take_assign();
  given.scheduler.set_end(100 * second);
  submit(given, 3);
  given.place();
  given.take_assign();
  given.scheduler.set_time(100 * second);
  submit(given, 3);
  given.place();
}

TEST_CASE("what is left and held back is told when nothing else is done") {
  GivenScheduler given(1);
  learn(given);
  given.scheduler.set_time(95 * second);
  const TaskId running = submit(given, quick);
  const TaskId late = submit(given, slow);
  given.place();
  CHECK_EQ(given.take_assign().task, running);
  CHECK_FALSE(given.scheduler.only_held_left());
  given.finish(1, running);
  given.place();
  CHECK(given.scheduler.only_held_left());
  CHECK_EQ(given.state(late), TaskState::ready);
}

TEST_CASE("a task that belongs to a worker by its input is held back as well") {
  GivenScheduler given(2);
  learn(given);
  given.scheduler.set_time(95 * second);
  const TaskId made = submit(given, quick);
  const TaskId late = submit(given, slow, {{made, 0}});
  given.place();
  given.finish(given.take_assign().worker, made, 1 << 20);
  given.place();
  CHECK_EQ(given.state(late), TaskState::ready);
  CHECK(given.scheduler.only_held_left());
}

TEST_CASE("what waits for a busy worker is looked at again when its turn comes") {
  GivenScheduler given(1);
  learn(given);
  std::vector<TaskId> tasks;
  for (int count = 0; count < 3; ++count) tasks.push_back(submit(given, slow));
  given.scheduler.set_time(80 * second);
  given.place();
  CHECK_EQ(given.take_assign().task, tasks[0]);
  given.scheduler.set_time(89 * second);
  given.finish(1, tasks[0]);
  given.place();
  CHECK_EQ(given.take_assign().task, tasks[1]);
  given.scheduler.set_time(99 * second);
  given.finish(1, tasks[1]);
  given.place();
  CHECK_EQ(given.state(tasks[2]), TaskState::ready);
  CHECK(given.scheduler.only_held_left());
}

TEST_CASE("what was given out before its duration was known counts as long as it is now") {
  GivenScheduler given(1);
  given.scheduler.set_end(100 * second);
  const TaskId first = submit(given, quick);
  const TaskId next = submit(given, quick);
  given.place();
  given.sent.take<Assign>(2);
  // Both were thought to be short.
  given.scheduler.on_timing(quick, 1, 3 * second);
  given.scheduler.set_time(95 * second);
  given.finish(1, first);
  const TaskId late = submit(given, quick);
  given.place();
  CHECK_EQ(given.state(next), TaskState::assigned);
  CHECK_EQ(given.state(late), TaskState::ready);
}

TEST_CASE("near the end a task does not stand behind another one on a worker") {
  GivenScheduler given(1);
  learn(given);
  given.scheduler.set_time(85 * second);
  const TaskId first = submit(given, slow);
  const TaskId second_one = submit(given, slow);
  given.place();
  CHECK_EQ(given.take_assign().task, first);
  CHECK_EQ(given.state(second_one), TaskState::ready);
  // It would have fitted in, had the slot been free earlier.
  given.scheduler.set_time(89 * second);
  given.finish(1, first);
  given.place();
  CHECK_EQ(given.take_assign().task, second_one);
}

TEST_CASE("elements of a map are given out as long as they end in time") {
  GivenScheduler given(1);
  learn(given);
  given.scheduler.set_time(50 * second);
  GroupSpec spec;
  spec.function = slow;
  const TaskId map = given.submit_group(5, {}, {}, spec);
  given.place();
  const AssignRange first = given.take_range();
  given.scheduler.set_time(95 * second);
  given.finish_range(first);
  given.place();
  CHECK_EQ(given.group_state(map), GroupState::active);
  CHECK(given.scheduler.only_held_left());
}

TEST_CASE("nothing is given out after the scheduler was told to stop") {
  GivenScheduler given(2);
  const TaskId before = given.submit();
  given.place();
  CHECK_EQ(given.take_assign().task, before);
  given.scheduler.stop_starting();
  const TaskId after = given.submit();
  given.submit_group(3);
  given.place();
  given.finish(1, before);
  given.place();
  CHECK_EQ(given.state(after), TaskState::ready);
}

}  // namespace
}  // namespace tutti::testing
