#include "scheduler/scheduler.hpp"

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace tutti::testing {
namespace {

TEST_CASE("a task without inputs is ready at once, and assigned when it is placed") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  CHECK(given.state(task) == TaskState::ready);
  CHECK(given.sent.empty());
  given.place();
  CHECK(given.state(task) == TaskState::assigned);
  const Assign assign = given.take_assign();
  CHECK(assign.task == task);
  CHECK_EQ(assign.worker, 1);
}

TEST_CASE("without workers a task stays ready, and goes to the first that joins") {
  GivenScheduler given(0);
  const TaskId task = given.submit();
  given.place();
  CHECK(given.state(task) == TaskState::ready);
  given.scheduler.on_worker_joined(3, 1, 0);
  given.place();
  CHECK_EQ(given.take_assign().worker, 3);
}

TEST_CASE("a task waits for its inputs and is ready with the last") {
  GivenScheduler given(2);
  const TaskId a = given.submit();
  const TaskId b = given.submit();
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  CHECK_NE(assigned[0].worker, assigned[1].worker);
  const TaskId sum = given.submit({{a, 0}, {b, 0}});
  CHECK(given.state(sum) == TaskState::waiting);
  CHECK(given.finish(assigned[0].worker, a));
  CHECK(given.state(sum) == TaskState::waiting);
  CHECK(given.finish(assigned[1].worker, b));
  CHECK(given.state(sum) == TaskState::ready);
  given.place();
  CHECK(given.take_assign().task == sum);
}

TEST_CASE("a task that needs one result twice waits for it once") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId twice = given.submit({{a, 0}, {a, 0}});
  given.place();
  given.sent.take<Assign>(2);
  given.finish(1, a);
  CHECK_EQ(given.scheduler.find_task(twice)->missing_inputs, 0);
  CHECK_EQ(given.scheduler.find_task(a)->references, 2);
  given.finish(1, twice);
  CHECK_EQ(given.scheduler.find_task(a)->references, 0);
}

TEST_CASE("a finished task keeps its size and its holder") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  given.place();
  given.take_assign();
  CHECK(given.finish(1, task, 123));
  CHECK(given.state(task) == TaskState::finished);
  CHECK_EQ(given.scheduler.find_task(task)->result_bytes, 123);
  CHECK_EQ(given.scheduler.holder_of({task, 0}, 2), 1);
  CHECK_EQ(given.scheduler.counts().tasks_done, 1);
  CHECK_EQ(given.scheduler.counts().work_left, 0);
}

TEST_CASE("stale reports are ignored") {
  GivenScheduler given(2);
  const TaskId waiting_for = given.submit();
  const TaskId waiting = given.submit({{waiting_for, 0}});
  CHECK_FALSE(given.finish(1, waiting_for));
  CHECK_FALSE(given.finish(1, waiting));
  given.place();
  const int worker = given.sent.take<Assign>(2).front().worker;
  CHECK_FALSE(given.finish(3 - worker, waiting_for));
  CHECK_FALSE(given.throw_in(3 - worker, waiting_for));
  CHECK(given.finish(worker, waiting_for));
  CHECK_FALSE(given.finish(worker, waiting_for));
  CHECK_FALSE(given.throw_in(worker, waiting_for));
  CHECK_FALSE(given.finish(1, TaskId::task(99, 1)));
  CHECK_FALSE(given.finish(1, TaskId::task(waiting_for.slot(), waiting_for.generation() + 1)));
  CHECK_EQ(given.scheduler.counts().outstanding, 1);
}

TEST_CASE("a failure goes down the graph with its origin") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId b = given.submit({{a, 0}});
  const TaskId c = given.submit({{b, 0}});
  const TaskId apart = given.submit();
  given.place();
  CHECK_EQ(given.sent.take<Assign>(4).size(), 4);
  CHECK(given.throw_in(1, a, "the origin"));
  for (const TaskId id : {a, b, c}) {
    CHECK(given.state(id) == TaskState::failed);
    REQUIRE(given.scheduler.failure_of_task(id));
    CHECK(given.scheduler.failure_of_task(id) == given.scheduler.failure_of_task(a));
  }
  CHECK_EQ(given.scheduler.failure_of_task(c)->message, "the origin");
  CHECK_NE(given.scheduler.failure_of_task(c)->story.find("threw (rank 1)"), std::string::npos);
  const auto failed = given.sent.take<Failed>(3);
  CHECK(failed[0].task == a);
  CHECK_EQ(given.scheduler.counts().work_left, 1);
  CHECK(given.state(apart) == TaskState::assigned);
}

TEST_CASE("a task that needs a failed one fails at submit") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  given.place();
  given.take_assign();
  given.throw_in(1, a);
  const TaskId other = given.submit();
  const TaskId late = given.submit({{other, 0}, {a, 0}, {other, 0}});
  CHECK(given.state(late) == TaskState::failed);
  CHECK(given.scheduler.failure_of_task(late) == given.scheduler.failure_of_task(a));
  CHECK_EQ(given.sent.take<Failed>(2)[1].task.bits(), late.bits());
  CHECK_EQ(given.scheduler.find_task(other)->references, 0);
  // The edges that it left behind mean nothing.
  given.place();
  given.take_assign();
  CHECK(given.finish(1, other));
  CHECK(given.state(late) == TaskState::failed);
}

TEST_CASE("a failed task that was assigned ahead gives its load back") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId b = given.submit({{a, 0}});
  given.place();
  given.sent.take<Assign>(2);
  CHECK_EQ(given.scheduler.workers().at(1).outstanding, 1);
  CHECK_EQ(given.scheduler.workers().at(1).waiting, 1);
  given.throw_in(1, a);
  CHECK_EQ(given.scheduler.workers().at(1).outstanding, 0);
  CHECK_EQ(given.scheduler.workers().at(1).waiting, 0);
  CHECK_FALSE(given.finish(1, b));
  given.sent.take<Failed>(2);
}

TEST_CASE("a released result is released where it is, and the task is forgotten") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, task);
  given.release(task);
  const auto release = given.sent.take<Release>(1);
  CHECK(release[0].id == task);
  CHECK_EQ(release[0].worker, 1);
  CHECK(given.sent.take<Forgotten>(1)[0].id == task);
  CHECK(given.state(task) == TaskState::unused);
  const TaskId next = given.submit();
  CHECK_EQ(next.slot(), task.slot());
  CHECK(next != task);
  CHECK(given.scheduler.find_task(task) == nullptr);
}

TEST_CASE("what nobody wants is forgotten before it runs, with what only it needed") {
  GivenScheduler given(0);
  const TaskId a = given.submit();
  const TaskId b = given.submit({{a, 0}});
  given.release(a);
  CHECK(given.sent.empty());
  given.release(b);
  CHECK_EQ(given.sent.take<Forgotten>(2).size(), 2);
  CHECK_EQ(given.scheduler.counts().work_left, 0);
  given.scheduler.on_worker_joined(1, 1, 0);
  given.place();
}

TEST_CASE("what runs is let run, and forgotten when it reports") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId b = given.submit();
  given.place();
  given.sent.take<Assign>(2);
  given.release(a);
  given.release(b);
  CHECK(given.state(a) == TaskState::assigned);
  CHECK(given.finish(1, a));
  CHECK(given.sent.take<Release>(1)[0].id == a);
  CHECK(given.throw_in(1, b));
  CHECK_EQ(given.sent.take<Forgotten>(2).size(), 2);
}

TEST_CASE("an input lives until its last dependent is done") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId b = given.submit({{a, 0}});
  given.release(a);
  given.place();
  given.sent.take<Assign>(2);
  given.finish(1, a);
  CHECK(given.state(a) == TaskState::finished);
  given.finish(1, b);
  CHECK(given.sent.take<Release>(1)[0].id == a);
  CHECK(given.sent.take<Forgotten>(1)[0].id == a);
}

TEST_CASE("a chain goes to one worker ahead of readiness, as far as credit reaches") {
  SchedulerOptions options = strict_credit();
  options.credit.tasks_per_slot = 3;
  GivenScheduler given(4, 1, options);
  std::vector<TaskId> chain{given.submit()};
  for (int link = 1; link < 9; ++link) chain.push_back(given.submit({{chain.back(), 0}}));
  given.place();
  // Twice the credit, what runs and what waits.
  const auto assigned = given.sent.take<Assign>(6);
  for (std::size_t link = 0; link < 6; ++link) {
    CHECK(assigned[link].task == chain[link]);
    CHECK_EQ(assigned[link].worker, assigned[0].worker);
  }
  CHECK(given.state(chain[6]) == TaskState::waiting);
  given.finish(assigned[0].worker, chain[0]);
  given.place();
  const Assign next = given.take_assign();
  CHECK(next.task == chain[6]);
  CHECK_EQ(next.worker, assigned[0].worker);
}

TEST_CASE("a task goes ahead also when its input was assigned before it was submitted") {
  GivenScheduler given(2);
  const TaskId a = given.submit();
  given.place();
  const int worker = given.take_assign().worker;
  const TaskId b = given.submit({{a, 0}});
  given.place();
  const Assign ahead = given.take_assign();
  CHECK(ahead.task == b);
  CHECK_EQ(ahead.worker, worker);
  CHECK_EQ(given.scheduler.holder_of({a, 0}, worker), worker);
}

TEST_CASE(
    "a task whose inputs are produced on two workers goes to one of them ahead of readiness") {
  GivenScheduler given(2);
  const TaskId a = given.submit();
  const TaskId b = given.submit();
  const TaskId sum = given.submit({{a, 0}, {b, 0}});
  given.place();
  const auto assigned = given.sent.take<Assign>(3);
  CHECK_NE(assigned[0].worker, assigned[1].worker);
  CHECK(assigned[2].task == sum);
  std::vector<protocol::InputRef> refs;
  given.scheduler.append_input_refs(*given.scheduler.find_task(sum), assigned[2].worker, refs);
  REQUIRE_EQ(refs.size(), 2);
  CHECK_EQ(refs[0].holder, assigned[0].worker);
  CHECK_EQ(refs[1].holder, assigned[1].worker);
  // The reports may come in any order.
  CHECK(given.finish(assigned[2].worker, sum));
  CHECK(given.finish(assigned[1].worker, b));
  CHECK(given.finish(assigned[0].worker, a));
  CHECK_EQ(given.scheduler.counts().work_left, 0);
}

TEST_CASE("reports of what was assigned ahead come after those of its inputs") {
  GivenScheduler given(1);
  const TaskId a = given.submit();
  const TaskId b = given.submit({{a, 0}});
  given.place();
  given.sent.take<Assign>(2);
  CHECK(given.finish(1, a));
  CHECK(given.state(b) == TaskState::assigned);
  CHECK(given.finish(1, b));
}

TEST_CASE("one task may have 100,000 dependents") {
  GivenScheduler given(8, 4);
  Commands commands;
  Scheduler& scheduler = given.scheduler;
  const TaskId root = scheduler.submit({}, commands);
  TaskSpec spec;
  const std::array<Input, 1> inputs{Input{root, 0}};
  spec.inputs = inputs;
  for (int count = 0; count < 100'000; ++count) scheduler.submit(spec, commands);
  std::size_t done = 0;
  do {
    commands.clear();
    scheduler.place(commands);
    const auto assigned = commands.assign;
    for (const Assign& each : assigned)
      done += scheduler.on_task_finished(each.worker, each.task, 8, commands);
  } while (!commands.assign.empty());
  CHECK_EQ(done, 100'001);
  CHECK_EQ(scheduler.counts().work_left, 0);
  scheduler.check_invariants();
}

TEST_CASE("one task may have 100,000 inputs, and fails once when many of them do") {
  for (const bool fails : {false, true}) {
    GivenScheduler given(8, 4);
    Commands commands;
    Scheduler& scheduler = given.scheduler;
    std::vector<Input> inputs;
    for (int count = 0; count < 100'000; ++count)
      inputs.push_back({scheduler.submit({}, commands), 0});
    TaskSpec spec;
    spec.inputs = inputs;
    const TaskId sum = scheduler.submit(spec, commands);
    std::size_t failed = 0;
    do {
      commands.clear();
      scheduler.place(commands);
      const auto assigned = commands.assign;
      for (const Assign& each : assigned) {
        if (fails && each.task.slot() % 2 == 0) {
          scheduler.on_task_threw(each.worker, each.task, {}, commands);
        } else {
          scheduler.on_task_finished(each.worker, each.task, 8, commands);
        }
      }
      for (const Failed& each : commands.failed) failed += each.task == sum;
    } while (!commands.assign.empty());
    CHECK(given.state(sum) == (fails ? TaskState::failed : TaskState::finished));
    CHECK_EQ(failed, fails ? 1 : 0);
    CHECK_EQ(scheduler.counts().work_left, 0);
    scheduler.check_invariants();
  }
}

TEST_CASE("higher priorities go first, then the order of submission") {
  GivenScheduler given(0);
  TaskSpec high;
  high.priority = 5;
  TaskSpec low;
  low.priority = -5;
  const TaskId a = given.submit({}, low);
  const TaskId b = given.submit();
  const TaskId c = given.submit({}, high);
  const TaskId d = given.submit();
  given.scheduler.on_worker_joined(1, 4, 0);
  given.place();
  const auto assigned = given.sent.take<Assign>(4);
  CHECK(assigned[0].task == c);
  CHECK(assigned[1].task == b);
  CHECK(assigned[2].task == d);
  CHECK(assigned[3].task == a);
}

TEST_CASE("a placed value is an input like any other, and is released at every holder") {
  GivenScheduler given(3);
  const std::array<std::int32_t, 2> holders{2, 3};
  const TaskId value = given.scheduler.place_value(holders, 1000, true);
  CHECK(given.state(value) == TaskState::finished);
  CHECK_EQ(given.scheduler.holder_of({value, 0}, 3), 3);
  CHECK_EQ(given.scheduler.holder_of({value, 0}, 1), 2);
  const TaskId user = given.submit({{value, 0}});
  given.release(value);
  given.place();
  const int worker = given.take_assign().worker;
  CHECK_EQ(worker, 2);
  given.finish(worker, user);
  const auto release = given.sent.take<Release>(2);
  CHECK_EQ(release[0].worker, 2);
  CHECK_EQ(release[1].worker, 3);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a replica is used, and released with the original") {
  GivenScheduler given(2);
  const TaskId a = given.submit();
  given.place();
  const int worker = given.take_assign().worker;
  const int other = 3 - worker;
  given.finish(worker, a);
  given.scheduler.on_replica(other, a, given.sent.commands());
  given.scheduler.on_replica(other, a, given.sent.commands());
  given.scheduler.on_replica(worker, a, given.sent.commands());
  CHECK_EQ(given.scheduler.holder_of({a, 0}, other), other);
  CHECK_EQ(given.scheduler.holder_of({a, 0}, 9), worker);
  given.release(a);
  const auto release = given.sent.take<Release>(2);
  CHECK_EQ(release[0].worker, worker);
  CHECK_EQ(release[1].worker, other);
  given.sent.take<Forgotten>(1);
  // A copy that was fetched while its value was released.
  given.scheduler.on_replica(other, a, given.sent.commands());
  CHECK_EQ(given.sent.take<Release>(1)[0].worker, other);
}

TEST_CASE("payloads travel whatever their length, and are dropped when the task is done") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{19}, std::size_t{20}, std::size_t{21}, std::size_t{5000}}) {
    GivenScheduler given(1);
    std::vector<std::byte> payload(size);
    for (std::size_t index = 0; index < size; ++index)
      payload[index] = static_cast<std::byte>(index * 7);
    TaskSpec spec;
    spec.payload = payload;
    const TaskId task = given.submit({}, spec);
    CHECK(std::ranges::equal(given.scheduler.find_task(task)->payload.bytes(), payload));
    given.place();
    given.take_assign();
    given.finish(1, task);
    CHECK(given.scheduler.find_task(task)->payload.bytes().empty());
  }
}

TEST_CASE("releasing twice and releasing what is unknown does nothing") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  given.release(task);
  given.sent.take<Forgotten>(1);
  given.release(task);
  given.release(TaskId::group(4, 4));
}

}  // namespace
}  // namespace tutti::testing
