// What a task has of its worker besides one slot.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::worker::testing {
namespace {

WorkerLimits limits() { return {.slots = 4, .rank = own_rank, .batch_tasks_max = 1}; }

void assign_claim(GivenWorker& given, TaskId id, std::uint32_t number, std::uint32_t cores) {
  AssignTask message;
  message.task = id;
  message.claim.number = number;
  message.claim.cores = cores;
  given.state.on_assign(message, given.commands);
  given.state.check_invariants();
}

void end(GivenWorker& given, Batch& batch) {
  batch.items.front().result = sim::make_sim_value();
  given.state.on_done(batch, given.commands);
  given.state.check_invariants();
}

std::vector<std::uint32_t> ended(GivenWorker& given) {
  std::vector<std::uint32_t> claims;
  given.state.take_ended_claims(claims);
  return claims;
}

TEST_CASE("a task of several cores waits for them in front of others") {
  GivenWorker given(limits());
  given.assign(task(1));
  given.assign(task(2));
  Batch first;
  Batch second;
  given.state.take(first);
  given.state.take(second);
  assign_claim(given, task(3), 1, 3);
  given.assign(task(4));
  CHECK_EQ(given.state.startable(), 0);
  end(given, first);
  CHECK_NE(given.state.startable(), 0);
  Batch wide;
  given.state.take(wide);
  REQUIRE_EQ(wide.items.size(), 1);
  CHECK(wide.items.front().task->id == task(3));
  CHECK_EQ(wide.slots, 3);
  CHECK_EQ(given.state.startable(), 0);
  end(given, wide);
  CHECK(ended(given) == std::vector<std::uint32_t>{1});
  CHECK_EQ(given.state.startable(), 1);
}

TEST_CASE("its slots go to others while it waits inside of itself") {
  GivenWorker given(limits());
  assign_claim(given, task(1), 1, 4);
  Batch wide;
  given.state.take(wide);
  given.assign(task(2));
  CHECK_EQ(given.state.startable(), 0);
  given.state.suspend(wide, given.commands);
  CHECK_EQ(given.state.startable(), 1);
  Batch other;
  given.state.take(other);
  given.state.want_slot();
  CHECK_FALSE(given.state.has_slot_to_resume(wide));
  end(given, other);
  REQUIRE(given.state.has_slot_to_resume(wide));
  given.state.resume(wide);
  end(given, wide);
  CHECK(ended(given) == std::vector<std::uint32_t>{1});
}

TEST_CASE("a claim ends with what is dropped, and with what runs unwanted only at its end") {
  GivenWorker given(limits());
  assign_claim(given, task(1), 1, 4);
  assign_claim(given, task(2), 2, 1);
  Batch running;
  given.state.take(running);
  const TaskId both[] = {task(1), task(2)};
  given.state.on_cancel(both, given.commands);
  CHECK(ended(given) == std::vector<std::uint32_t>{2});
  end(given, running);
  CHECK(ended(given) == std::vector<std::uint32_t>{1});
  given.commands.clear();
}

TEST_CASE("what has a claim is not given back") {
  GivenWorker given(limits());
  for (std::uint32_t i = 1; i <= 8; ++i) assign_claim(given, task(i), i, 1);
  CHECK(given.state.on_give_back(8, given.commands).tasks.empty());
}

}  // namespace
}  // namespace tutti::worker::testing
