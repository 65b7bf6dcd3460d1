// Tasks that wait inside of themselves, and tasks that nobody wants any more.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace tutti::worker::testing {
namespace {

WorkerLimits limits(std::uint32_t slots = 1, std::size_t batch_tasks_max = 1,
                    std::uint32_t suspended_max = 256) {
  return {.slots = slots,
          .rank = own_rank,
          .batch_tasks_max = batch_tasks_max,
          .suspended_max = suspended_max};
}

void assign_at(GivenWorker& given, TaskId id, std::uint16_t depth, std::uint32_t function = 0) {
  AssignTask message;
  message.task = id;
  message.depth = depth;
  message.function = function;
  given.state.on_assign(message, given.commands);
  given.state.check_invariants();
}

/// Makes the duration of function 0 known.
void run_one(GivenWorker& given, std::uint64_t elapsed_ns = 1'000) {
  given.assign(task(900));
  given.take();
  given.done(elapsed_ns);
  given.store.erase(task(900));
}

void end(GivenWorker& given, Batch& batch) {
  for (Execution& item : batch.items) item.result = sim::make_sim_value();
  given.state.on_done(batch, given.commands);
  given.state.check_invariants();
}

TEST_CASE("the slot of a task that waits goes to another, and is wanted back") {
  GivenWorker given(limits());
  given.assign(task(1));
  given.assign(task(2));
  Batch first;
  given.state.take(first);
  CHECK_EQ(given.state.startable(), 0);
  given.state.suspend(first, given.commands);
  CHECK_EQ(given.state.suspended(), 1);
  CHECK_EQ(given.state.startable(), 1);
  Batch second;
  given.state.take(second);
  CHECK(second.items.front().task->id == task(2));
  CHECK_FALSE(given.state.has_slot_to_resume(first));
  given.state.want_slot();
  given.assign(task(3));
  end(given, second);
  // Who waited goes before what was not begun.
  CHECK_EQ(given.state.startable(), 0);
  CHECK(given.state.has_slot_to_resume(first));
  given.state.resume(first);
  CHECK_EQ(given.state.suspended(), 0);
  CHECK_EQ(given.state.startable(), 0);
  end(given, first);
  CHECK_EQ(given.state.startable(), 1);
  CHECK(given.store.contains(task(1)));
}

TEST_CASE("what was done before a wait is given out, what comes behind it goes back in order") {
  GivenWorker given(limits(1, 8));
  run_one(given, 10);
  for (std::uint32_t slot = 1; slot <= 4; ++slot) given.assign(task(slot));
  Batch batch;
  given.state.take(batch);
  REQUIRE_EQ(batch.items.size(), 4);
  for (std::size_t index = 0; index < 2; ++index) batch.items[index].result = sim::make_sim_value();
  batch.current = 2;
  Batch done;
  given.state.split(batch, done, given.commands);
  given.state.check_invariants();
  CHECK_EQ(done.items.size(), 2);
  CHECK(done.items[1].id == task(2));
  CHECK(given.store.contains(task(2)));
  CHECK_EQ(batch.current, 0);
  given.state.suspend(batch, given.commands);
  given.state.check_invariants();
  CHECK(batch.items.front().task->id == task(3));
  CHECK_EQ(batch.items.size(), 1);
  Batch next;
  given.state.take(next);
  CHECK(next.items.front().task->id == task(4));
  end(given, next);
  given.state.want_slot();
  given.state.resume(batch);
  end(given, batch);
  CHECK_EQ(given.state.taken(), 0);
}

TEST_CASE("only so many may wait at once") {
  GivenWorker given(limits(1, 1, 3));
  std::array<Batch, 3> batches;
  for (std::uint16_t depth = 0; depth < 3; ++depth) {
    assign_at(given, task(depth + 1u), depth);
    given.state.take(batches[depth]);
    CHECK(given.state.may_suspend());
    given.state.suspend(batches[depth], given.commands);
  }
  CHECK_FALSE(given.state.may_suspend());
}

TEST_CASE(
    "who waits for an event holds nothing back, who waits for a lock only when very many wait") {
  for (const WaitsFor what : {WaitsFor::anybody, WaitsFor::holder}) {
    GivenWorker given(limits(1, 1, 8));
    std::vector<std::unique_ptr<Batch>> batches;
    for (std::uint32_t number = 1; number <= 6; ++number) {
      given.assign(task(number));
      CHECK_EQ(given.state.held_back(), 0);
      batches.push_back(std::make_unique<Batch>());
      given.state.take(*batches.back());
      given.state.suspend(*batches.back(), given.commands, what);
    }
    given.assign(task(7));
    CHECK_EQ(given.state.held_back(), what == WaitsFor::holder ? 1 : 0);
    for (const auto& batch : batches) {
      given.state.want_slot();
      given.state.resume(*batch);
      end(given, *batch);
    }
    CHECK_EQ(given.state.held_back(), 0);
    CHECK_EQ(given.state.startable(), 1);
  }
}

TEST_CASE("what is behind an element that waits is run by others") {
  GivenWorker given(limits(1));
  given.define(map);
  given.assign_range(map, 0, 11);
  given.take();
  given.done();  // binding
  given.take();
  given.done(1'000);  // one element, whose duration is known now
  Batch block;
  given.state.take(block);
  REQUIRE_EQ(block.items.front().begin, 1);
  REQUIRE_EQ(block.items.front().count, 10);
  CHECK_EQ(given.state.ready_count(), 0);
  given.state.suspend(block, given.commands, WaitsFor::anybody, 4);
  given.state.check_invariants();
  CHECK_EQ(block.items.front().count, 4);
  CHECK_EQ(given.give_back().ranges.size(), 0);
  for (std::uint64_t index = 5; index < 11; ++index) {
    Execution& item = given.take();
    CHECK_EQ(item.begin, index);
    CHECK_EQ(item.count, 1);
    given.done();
  }
  CHECK_EQ(given.state.ready_count(), 0);
  CHECK(given.commands.finished_ranges.empty());
  given.state.want_slot();
  given.state.resume(block);
  end(given, block);
  CHECK_EQ(given.commands.finished_ranges.size(), 1);
}

TEST_CASE("what came back of a map that is cancelled is not begun, and the map ends") {
  GivenWorker given(limits(1));
  given.define(map);
  given.assign_range(map, 0, 11);
  given.take();
  given.done();
  given.take();
  given.done(1'000);
  Batch block;
  given.state.take(block);
  given.state.suspend(block, given.commands, WaitsFor::anybody, 4);
  const std::array<TaskId, 1> ids{map};
  given.state.on_cancel(ids, given.commands);
  given.state.check_invariants();
  CHECK_EQ(given.state.ready_count(), 0);
  given.state.want_slot();
  given.state.resume(block);
  end(given, block);
  CHECK(given.commands.finished_ranges.empty());
  given.state.on_release(map);
  CHECK(given.state.is_idle());
}

TEST_CASE("a function that uses locks does not run on the stack of a task that waits") {
  GivenWorker given(limits(1, 8));
  run_one(given, 10);
  assign_at(given, task(1), 0);
  Batch outer;
  given.state.take(outer);
  given.state.suspend(outer, given.commands);
  assign_at(given, task(2), 1);
  assign_at(given, task(3), 1);
  CHECK(given.state.can_nest(1));
  given.state.on_coordination(outer.items.front());
  CHECK_FALSE(given.state.can_nest(1));
  CHECK_EQ(given.state.startable(), 1);
  // Nor behind another one in a batch.
  CHECK_EQ(given.take().id, task(2));
  given.done();
}

TEST_CASE("when many wait, only what is deeper than all of them begins") {
  GivenWorker given(limits(1, 1, 8));
  Batch outer;
  Batch inner;
  assign_at(given, task(1), 0);
  given.state.take(outer);
  given.state.suspend(outer, given.commands);
  assign_at(given, task(2), 3);
  given.state.take(inner);
  given.state.suspend(inner, given.commands);
  // More urgent, but not deeper.
  given.assign(task(10), {}, 5);
  assign_at(given, task(11), 3);
  CHECK_EQ(given.state.startable(), 0);
  CHECK_EQ(given.state.held_back(), 2);
  assign_at(given, task(12), 4);
  CHECK_EQ(given.state.startable(), 1);
  given.run(task(12));
  given.state.want_slot();
  given.state.resume(inner);
  end(given, inner);
  given.run(task(10));
  given.run(task(11));
}

TEST_CASE("a thread that waits runs what is as deep and short") {
  GivenWorker given(limits());
  assign_at(given, task(1), 4);
  Batch outer;
  given.state.take(outer);
  given.state.suspend(outer, given.commands);
  assign_at(given, task(2), 4, 1);
  CHECK_FALSE(given.state.can_nest(4));  // nothing is known of function 1
  Batch other;
  given.state.take(other);
  end(given, other);
  assign_at(given, task(3), 4, 1);
  CHECK(given.state.can_nest(4));
  CHECK_FALSE(given.state.can_nest(5));
  Batch nested;
  given.state.take(nested, 5);
  CHECK(nested.items.empty());
  given.state.take(nested, 4);
  CHECK(nested.items.front().task->id == task(3));
  nested.items.front().elapsed_ns = 1'000'000'000;
  end(given, nested);
  assign_at(given, task(4), 5, 1);
  CHECK_FALSE(given.state.can_nest(4));  // it takes long
}

TEST_CASE("the deepest tasks run first, in order where they are equally deep") {
  GivenWorker given(limits());
  assign_at(given, task(1), 0);
  assign_at(given, task(2), 2);
  assign_at(given, task(3), 1);
  assign_at(given, task(4), 2);
  for (const std::uint32_t slot : {2u, 4u, 3u, 1u}) given.run(task(slot));
}

TEST_CASE("elements of a map that waits are taken one by one") {
  GivenWorker given(limits());
  given.define(map);
  given.assign_range(map, 0, 10'000);
  given.bind();
  given.take();
  given.done(100);
  CHECK(given.take().count > 1);
  given.state.suspend(given.batch, given.commands);
  given.state.want_slot();
  given.state.resume(given.batch);
  given.done(100);
  CHECK_EQ(given.take().count, 1);
}

// ---- cancelling

void cancel(GivenWorker& given, const std::vector<TaskId>& ids) {
  given.state.on_cancel(ids, given.commands);
  given.state.check_invariants();
}

TEST_CASE("what was not begun is dropped, and those who wait for it are told") {
  GivenWorker given(limits());
  given.assign(task(1));
  given.assign(task(2), {InputRef{task(1), 0, 1, own_rank, 1}});
  given.ask(2, task(2));
  cancel(given, {task(1)});
  CHECK_EQ(given.take_answer().answer, Data::Answer::failed);
  CHECK(given.state.is_idle());
  // What is not here is no mistake: it may have been given back.
  cancel(given, {task(7)});
}

TEST_CASE("what runs is told to stop, and ends without a trace") {
  GivenWorker given(limits());
  given.assign(task(1));
  given.take();
  given.ask(3, task(1));
  cancel(given, {task(1)});
  CHECK_EQ(given.batch.items.front().task->stop, 1);
  CHECK_EQ(given.commands.stopped.size(), 1);
  CHECK_EQ(given.take_answer().answer, Data::Answer::failed);
  // The same number may come again while it runs: another attempt.
  given.assign(task(1));
  given.done();
  CHECK(given.batch.items.front().detached);
  CHECK_FALSE(given.store.contains(task(1)));
  given.run(task(1));
  CHECK(given.store.contains(task(1)));
}

TEST_CASE("what runs keeps what it reads, also when that is released") {
  GivenWorker given(limits());
  given.assign(task(1));
  given.run(task(1));
  given.assign(task(2), {InputRef{task(1), 0, 1, own_rank, 1}});
  const TaskWork* work = given.take().task;
  const detail::Value* value = work->values.front().value;
  CHECK_FALSE(value->is_shared());
  cancel(given, {task(2), task(1)});
  CHECK_FALSE(given.store.contains(task(1)));
  CHECK(work->held.back().get() == value);
  given.done();
  CHECK(given.state.is_idle());
}

TEST_CASE("a task whose time is over counts as thrown at once") {
  GivenWorker given(limits());
  given.assign(task(1));
  CHECK_FALSE(given.state.on_timeout(task(1), given.commands));
  given.take();
  CHECK(given.state.on_timeout(task(1), given.commands));
  CHECK_FALSE(given.state.on_timeout(task(1), given.commands));
  given.done();
  CHECK(given.state.is_idle());
}

TEST_CASE("a map that is cancelled and released before it is defined ends when it is") {
  GivenWorker given(limits());
  given.assign_range(map, 0, 10);
  given.assign_range(map, 20, 5);
  cancel(given, {map});
  given.state.on_release(map);
  given.define(map);
  given.bind();
  CHECK(given.commands.finished_ranges.empty());
  CHECK(given.state.is_idle());
}

TEST_CASE("a map that is cancelled ends with what threads have begun of it") {
  GivenWorker given(limits(2));
  given.define(map);
  given.assign_range(map, 0, 10);
  given.assign_range(map, 20, 5);
  given.bind();
  given.take();
  cancel(given, {map});
  CHECK_EQ(given.state.ready_count(), 0);
  given.done();
  CHECK(given.commands.finished_ranges.empty());
  given.state.on_release(map);
  CHECK(given.state.is_idle());
}

}  // namespace
}  // namespace tutti::worker::testing
