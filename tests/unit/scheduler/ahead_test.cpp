// Tasks that are assigned before their inputs are there.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

/// A task on each worker, in the order of ranks.
std::vector<TaskId> one_each(GivenScheduler& given, int workers) {
  for (int count = 0; count < workers; ++count) given.submit();
  given.place();
  std::vector<TaskId> tasks(static_cast<std::size_t>(workers));
  for (const Assign& each : given.sent.take<Assign>(tasks.size()))
    tasks[static_cast<std::size_t>(each.worker - 1)] = each.task;
  return tasks;
}

std::vector<Input> all_of(const std::vector<TaskId>& tasks) {
  std::vector<Input> inputs;
  for (const TaskId task : tasks) inputs.push_back({task});
  return inputs;
}

TEST_CASE("a copy may be heard of before the report of the original, and is kept") {
  GivenScheduler given(2);
  const std::vector<TaskId> made = one_each(given, 2);
  const TaskId sum = given.submit(all_of(made));
  given.place();
  const int worker = given.take_assign().worker;
  const int other = 3 - worker;
  const TaskId far = made[static_cast<std::size_t>(other - 1)];
  // The worker got the value from the other one, whose report is still under way.
  given.fetched(worker, far);
  CHECK_EQ(given.sent.peek<Release>(), 0);
  CHECK_EQ(given.scheduler.holder_of({far}, worker), worker);
  CHECK(given.finish(other, far));
  CHECK(given.finish(worker, made[static_cast<std::size_t>(worker - 1)]));
  CHECK(given.finish(worker, sum));
  given.release(far);
  const auto released = given.sent.take<Release>(2);
  CHECK_EQ(released[0].worker, other);
  CHECK_EQ(released[1].worker, worker);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a task that needs one of each of three workers is assigned before any of them is done") {
  GivenScheduler given(3);
  const std::vector<TaskId> made = one_each(given, 3);
  const TaskId sum = given.submit(all_of(made));
  given.place();
  const int worker = given.take_assign().worker;
  const auto refs = given.refs(sum, worker);
  REQUIRE_EQ(refs.size(), 3);
  for (std::size_t index = 0; index < 3; ++index) {
    CHECK_EQ(refs[index].holder, static_cast<int>(index) + 1);
    // Of one, or for its worker of two: it counts too.
    CHECK_EQ(refs[index].sequence, refs[index].holder == worker ? 2 : 1);
  }
}

TEST_CASE("a row of a stencil is assigned as soon as the row before is") {
  SchedulerOptions options;
  GivenScheduler given(3, 1, options);
  std::vector<TaskId> row = one_each(given, 3);
  std::vector<int> where{1, 2, 3};
  for (int step = 0; step < 2; ++step) {
    std::vector<TaskId> next;
    for (std::size_t place = 0; place < 3; ++place) {
      std::vector<Input> inputs{{row[place]}};
      if (place > 0) inputs.push_back({row[place - 1]});
      if (place < 2) inputs.push_back({row[place + 1]});
      next.push_back(given.submit(inputs));
    }
    given.scheduler.on_timing(0, 1, 10'000);
    given.place();
    const auto assigned = given.sent.take<Assign>(3);
    for (const Assign& each : assigned) CHECK(given.state(each.task) == TaskState::assigned);
    row = next;
  }
  std::uint32_t waiting = 0;
  for (int rank = 1; rank <= 3; ++rank) {
    CHECK_EQ(given.worker(rank).outstanding, 1);
    waiting += given.worker(rank).waiting;
  }
  CHECK_EQ(waiting, 6);
}

TEST_CASE("a tree is assigned level by level without a report") {
  GivenScheduler given(4);
  std::vector<TaskId> level = one_each(given, 4);
  while (level.size() > 1) {
    std::vector<TaskId> next;
    for (std::size_t pair = 0; pair < level.size(); pair += 2)
      next.push_back(given.submit({{level[pair]}, {level[pair + 1]}}));
    level = next;
  }
  given.place();
  const auto assigned = given.sent.take<Assign>(3);
  CHECK(assigned.back().task == level.front());
}

TEST_CASE("what waits is on an account of its own, and keeps nobody from other work") {
  GivenScheduler given(2);
  const std::vector<TaskId> made = one_each(given, 2);
  const TaskId sum = given.submit(all_of(made));
  given.place();
  const int worker = given.take_assign().worker;
  CHECK_EQ(given.worker(worker).outstanding, 1);
  CHECK_EQ(given.worker(worker).waiting, 1);
  CHECK_EQ(given.scheduler.counts().outstanding, 3);
  given.submit();
  given.submit();
  given.place();
  CHECK_EQ(given.sent.take<Assign>(2).size(), 2);
  CHECK_EQ(given.worker(worker).outstanding, 2);
  // With its last input it can run.
  given.finish(1, made[0]);
  CHECK_EQ(given.worker(worker).waiting, 1);
  given.finish(2, made[1]);
  CHECK_EQ(given.worker(worker).waiting, 0);
  CHECK_EQ(given.worker(worker).outstanding, 2);
  CHECK(given.finish(worker, sum));
  CHECK_EQ(given.worker(worker).outstanding, 1);
}

TEST_CASE("twice the credit is given ahead, what can run and what waits together") {
  SchedulerOptions options = strict_credit();
  options.credit.tasks_per_slot = 2;
  GivenScheduler given(1, 1, options);
  const TaskId root = given.submit();
  for (int count = 0; count < 10; ++count) given.submit({{root}});
  given.place();
  CHECK_EQ(given.sent.take<Assign>(4).size(), 4);
  CHECK_EQ(given.worker(1).waiting, 3);
}

TEST_CASE(
    "the end of a consumer may be reported before the ends of its producers, released all along") {
  GivenScheduler given(3);
  const std::vector<TaskId> made = one_each(given, 3);
  const TaskId sum = given.submit(all_of(made));
  const TaskId last = given.submit({{sum}});
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  for (const TaskId id : {made[0], made[1], made[2], sum}) given.release(id);
  CHECK(given.finish(assigned[1].worker, last));
  CHECK(given.state(sum) == TaskState::assigned);
  CHECK(given.finish(assigned[0].worker, sum));
  CHECK(given.sent.take<Release>(1)[0].id == sum);
  CHECK(given.finish(2, made[1]));
  CHECK(given.finish(3, made[2]));
  CHECK(given.finish(1, made[0]));
  CHECK_EQ(given.sent.take<Release>(3).size(), 3);
  CHECK_EQ(given.sent.take<Forgotten>(4).size(), 4);
  CHECK_EQ(given.scheduler.counts().outstanding, 0);
}

TEST_CASE("a producer that fails takes the consumer with it that waits elsewhere") {
  GivenScheduler given(2);
  const std::vector<TaskId> made = one_each(given, 2);
  const TaskId sum = given.submit(all_of(made));
  const TaskId after = given.submit({{sum}});
  given.place();
  given.sent.take<Assign>(2);
  CHECK(given.throw_in(1, made[0]));
  CHECK(given.state(sum) == TaskState::failed);
  CHECK(given.state(after) == TaskState::failed);
  given.sent.take<Failed>(3);
  for (int rank : {1, 2}) CHECK_EQ(given.worker(rank).waiting, 0);
  CHECK(given.finish(2, made[1]));
  CHECK_EQ(given.locate(2, sum), scheduler::no_worker);
  CHECK_EQ(given.locate(2, made[0]), scheduler::no_worker);
}

TEST_CASE("what is expected late is not assigned ahead") {
  SchedulerOptions options;
  GivenScheduler given(1, 1, options);
  given.scheduler.on_timing(0, 1, 1'000'000'000);
  const TaskId slow = given.submit();
  given.submit({{slow}});
  given.place();
  CHECK(given.take_assign().task == slow);
}

// ---- mere order

TEST_CASE("a task that comes after another waits until that is done, and takes nothing from it") {
  GivenScheduler given(2);
  const TaskId first = given.submit();
  const TaskId second = given.submit({{first, 0, 0}});
  given.place();
  const Assign assign = given.take_assign();
  CHECK(assign.task == first);
  CHECK_EQ(given.scheduler.find_task(second)->unplaced_inputs, 1);
  given.finish(assign.worker, first, 1'000'000'000);
  given.place();
  const Assign next = given.take_assign();
  CHECK(next.task == second);
  CHECK(given.refs(second, next.worker).empty());
}

TEST_CASE("a task may need data of one that runs and come after another one") {
  GivenScheduler given(2);
  const std::vector<TaskId> made = one_each(given, 2);
  const TaskId task = given.submit({{made[0]}, {made[1], 0, 0}});
  given.place();
  CHECK(given.state(task) == TaskState::waiting);
  // When it has only to wait for data it is assigned ahead.
  given.finish(2, made[1]);
  given.place();
  CHECK(given.take_assign().task == task);
  CHECK_EQ(given.refs(task, 1).size(), 1);
}

TEST_CASE("order and data of the same task count each for itself") {
  GivenScheduler given(1);
  const TaskId first = given.submit();
  const TaskId both = given.submit({{first}, {first, 0, 0}});
  CHECK_EQ(given.scheduler.find_task(both)->missing_inputs, 2);
  given.place();
  given.take_assign();
  CHECK_EQ(given.scheduler.find_task(both)->unplaced_inputs, 1);
  given.finish(1, first);
  given.place();
  CHECK(given.take_assign().task == both);
  CHECK_EQ(given.refs(both, 1).size(), 1);
}

TEST_CASE("what comes after a task that fails fails, also when it is submitted later") {
  GivenScheduler given(1);
  const TaskId first = given.submit();
  const TaskId second = given.submit({{first, 0, 0}});
  given.place();
  given.take_assign();
  given.throw_in(1, first, "origin");
  const TaskId third = given.submit({{first, 0, 0}});
  for (const TaskId id : {second, third})
    CHECK_EQ(given.scheduler.failure_of_task(id)->message, "origin");
  given.sent.take<Failed>(3);
}

// ---- the last use

TEST_CASE("the only one that needs a value nobody holds is its last user") {
  GivenScheduler given(1);
  const TaskId value = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, value);
  const TaskId user = given.submit({{value}});
  CHECK_EQ(given.refs(user, 1)[0].last_use, 0);
  given.release(value);
  CHECK_EQ(given.refs(user, 1)[0].last_use, 1);
  given.fetched(2, value);
  CHECK_EQ(given.refs(user, 1)[0].last_use, 0);
}

TEST_CASE("a value that is needed twice, or by two, has no last user until one of them is done") {
  GivenScheduler given(1, 2);
  const TaskId value = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, value);
  const TaskId twice = given.submit({{value}, {value}});
  const TaskId once = given.submit({{value}});
  const TaskId after = given.submit({{value, 0, 0}});
  given.release(value);
  CHECK_EQ(given.refs(twice, 1)[0].last_use, 0);
  CHECK_EQ(given.refs(once, 1)[0].last_use, 0);
  given.place();
  given.sent.take<Assign>(3);
  given.finish(1, twice);
  CHECK_EQ(given.refs(once, 1)[0].last_use, 0);
  given.finish(1, after);
  CHECK_EQ(given.refs(once, 1)[0].last_use, 1);
}

TEST_CASE("the constants of a map have no last user: its elements share them") {
  GivenScheduler given(1);
  const TaskId value = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, value);
  const TaskId map = given.submit_group(2, {}, {{value}});
  given.release(value);
  std::vector<protocol::InputRef> refs;
  given.scheduler.append_constant_refs(*given.scheduler.find_group(map), 1, refs);
  REQUIRE_EQ(refs.size(), 1);
  CHECK_EQ(refs[0].last_use, 0);
}

}  // namespace
}  // namespace tutti::testing
