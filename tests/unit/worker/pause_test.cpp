// A worker that is short of memory: what it starts, what it gives back, and values that are away.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace tutti::worker {
namespace {

using namespace testing;
using Answer = Data::Answer;

constexpr std::uint64_t large = 1 << 20;

InputRef own(std::uint32_t slot) { return {task(slot), 0, 1, own_rank, 0, 0}; }

/// A large value of this rank, away.
void put_away(GivenWorker& given, TaskId id) {
  given.store.put(id, sim::make_sim_value(), large);
  given.store.find_large({id, 0})->backing = std::make_shared<int>(0);
  given.store.send_away({id, 0});
}

void put_stretch_away(GivenWorker& given, TaskId group, std::uint64_t begin, std::uint64_t count) {
  given.store.put_stretch(group, {begin, count, sim::make_sim_value(), large});
  given.store.find_large({group, begin})->backing = std::make_shared<int>(0);
  given.store.send_away({group, begin});
}

WorkerCommands::Load take_load(GivenWorker& given) {
  REQUIRE_EQ(given.commands.load.size(), 1);
  const WorkerCommands::Load load = given.commands.load.front();
  given.commands.load.clear();
  return load;
}

detail::ValuePtr bring_back(GivenWorker& given, const WorkerCommands::Load& load) {
  detail::ValuePtr value = sim::make_sim_value();
  given.store.bring_back(load.key, value);
  given.state.on_data(load.request, Answer::found, value, large, given.commands);
  given.state.check_invariants();
  return value;
}

bool reads(const GivenWorker& given, const detail::Value* value) {
  std::vector<const detail::Value*> read;
  given.state.append_read(read);
  return std::ranges::find(read, value) != read.end();
}

TEST_CASE("a paused worker starts nothing, and goes on when the pause is over") {
  GivenWorker given;
  given.assign(task(1));
  given.state.set_pause(Pause::all);
  CHECK_FALSE(given.state.has_ready());
  CHECK_EQ(given.state.ready_count(), 1);
  given.state.take(given.batch);
  CHECK(given.batch.items.empty());
  given.state.set_pause(Pause::none);
  given.run(task(1));
}

TEST_CASE("one at a time: something starts when nothing runs") {
  GivenWorker given({.slots = 4, .rank = own_rank});
  for (std::uint32_t slot = 1; slot <= 3; ++slot) given.assign(task(slot));
  given.state.set_pause(Pause::one_at_a_time);
  CHECK(given.state.has_ready());
  given.take();
  CHECK_FALSE(given.state.has_ready());
  Batch other;
  given.state.take(other);
  CHECK(other.items.empty());
  given.done();
  CHECK(given.state.has_ready());
  given.take();
  given.done();
}

TEST_CASE("one at a time: what waits inside of itself does not run, and gets what it waits for") {
  GivenWorker given({.slots = 4, .rank = own_rank, .batch_tasks_max = 1});
  for (std::uint32_t slot = 1; slot <= 4; ++slot) given.assign(task(slot));
  given.state.set_pause(Pause::one_at_a_time);
  Batch parent;
  given.state.take(parent);
  CHECK_EQ(given.state.startable(), 0);
  given.state.suspend(parent, given.commands);
  CHECK_EQ(given.state.running(), 0);
  CHECK_EQ(given.state.startable(), 1);
  Batch child;
  given.state.take(child);
  REQUIRE_EQ(child.items.size(), 1);
  CHECK_EQ(given.state.startable(), 0);
  Batch none;
  given.state.take(none);
  CHECK(none.items.empty());
  // Who waited goes on although the rank is paused, and nothing begins beside it.
  given.state.want_slot();
  child.items.front().result = sim::make_sim_value();
  given.state.on_done(child, given.commands);
  CHECK_EQ(given.state.startable(), 0);
  CHECK(given.state.has_slot_to_resume(parent));
  given.state.resume(parent);
  CHECK_EQ(given.state.startable(), 0);
  parent.items.front().result = sim::make_sim_value();
  given.state.on_done(parent, given.commands);
  given.state.check_invariants();
  CHECK_EQ(given.state.startable(), 1);
}

TEST_CASE("a task that waits keeps what it reads in memory") {
  GivenWorker given({.slots = 1, .rank = own_rank, .batch_tasks_max = 1});
  detail::ValuePtr value = sim::make_sim_value();
  const detail::Value* seen = value.get();
  given.store.put(task(1), std::move(value), large);
  given.assign(task(2), {own(1)});
  Batch batch;
  given.state.take(batch);
  given.state.suspend(batch, given.commands);
  CHECK(reads(given, seen));
  // Nobody wants it any more: it is counted instead, until its thread is done with it.
  const std::vector<TaskId> ids{task(2)};
  given.state.on_cancel(ids, given.commands);
  CHECK_FALSE(reads(given, seen));
  CHECK(seen->is_shared());
  given.state.want_slot();
  given.state.resume(batch);
  given.state.on_done(batch, given.commands);
  given.state.check_invariants();
  CHECK_FALSE(seen->is_shared());
}

TEST_CASE("what is cancelled while its input comes back from disk goes without a trace") {
  GivenWorker given;
  put_away(given, task(1));
  given.assign(task(2), {own(1)});
  const WorkerCommands::Load load = take_load(given);
  const std::vector<TaskId> ids{task(2)};
  given.state.on_cancel(ids, given.commands);
  (void)bring_back(given, load);
  CHECK_FALSE(given.state.has_ready());
  CHECK(given.state.is_idle());
}

TEST_CASE("a paused worker gives back all that it has not begun") {
  GivenWorker given({.slots = 2, .rank = own_rank});
  for (std::uint32_t slot = 1; slot <= 5; ++slot) given.assign(task(slot));
  given.state.set_pause(Pause::all);
  CHECK_EQ(given.give_back(2).tasks.size(), 2);
  CHECK_EQ(given.give_back().tasks.size(), 3);
  CHECK_FALSE(given.state.has_ready());
}

TEST_CASE("a task whose input is away waits until it is back") {
  GivenWorker given;
  put_away(given, task(1));
  given.assign(task(2), {own(1)});
  given.assign(task(3), {own(1)});
  CHECK(given.commands.fetch.empty());
  CHECK_FALSE(given.state.has_ready());
  const WorkerCommands::Load load = take_load(given);
  CHECK(load.key == ValueKey{task(1), 0});
  detail::ValuePtr value = bring_back(given, load);
  CHECK(given.commands.replicas.empty());
  CHECK(reads(given, value.get()));
  // Only the store has a reference: tasks point there.
  const detail::Value* seen = value.get();
  value = detail::ValuePtr();
  CHECK_FALSE(seen->is_shared());
  given.run(task(3));
  given.run(task(2));
  CHECK_FALSE(reads(given, seen));
}

TEST_CASE("what is asked for again while it is on its way comes once") {
  GivenWorker given;
  put_away(given, task(1));
  given.assign(task(2), {own(1)});
  take_load(given);
  given.assign(task(3), {own(1)});
  CHECK(given.commands.load.empty());
}

TEST_CASE("a value that is released while it is on its way still serves who waits") {
  GivenWorker given;
  put_away(given, task(1));
  given.assign(task(2), {own(1)});
  const WorkerCommands::Load load = take_load(given);
  given.state.on_release(task(1));
  const detail::ValuePtr value = bring_back(given, load);
  CHECK(value->is_shared());
  CHECK_EQ(given.store.size(), 0);
  given.run(task(2));
}

TEST_CASE("a task whose input cannot be read fails with the reason") {
  GivenWorker given;
  put_away(given, task(1));
  given.assign(task(2), {own(1)});
  given.state.on_data(take_load(given).request, Answer::unwritable, {}, 0, given.commands,
                      "the disk is broken");
  CHECK_EQ(given.take().task->problem, "the disk is broken");
  given.done();
  // The record is used again without it.
  given.assign(task(3));
  CHECK(given.take().task->problem.empty());
  given.done();
}

TEST_CASE("a range over a stretch that is away waits until it is back") {
  GivenWorker given;
  put_stretch_away(given, source, 0, 10);
  given.define(map);
  given.assign_range(map, 2, 3, {{source, 2, 3, own_rank, 0}});
  given.bind();
  CHECK_FALSE(given.state.has_ready());
  const WorkerCommands::Load load = take_load(given);
  CHECK(load.key == ValueKey{source, 0});
  const detail::ValuePtr value = bring_back(given, load);
  CHECK(reads(given, value.get()));
  CHECK(given.take().kind == Execution::Kind::block);
  given.done();
}

TEST_CASE("a constant that is away comes back, and stays while the map is there") {
  GivenWorker given;
  put_away(given, task(1));
  given.define(map, {own(1)});
  given.assign_range(map, 0, 2);
  detail::ValuePtr value = bring_back(given, take_load(given));
  CHECK(reads(given, value.get()));
  given.bind();
  CHECK(reads(given, value.get()));
}

TEST_CASE("an element that is away comes back for a single task") {
  GivenWorker given;
  put_stretch_away(given, source, 10, 5);
  given.assign(task(2), {{source, 12, 2, own_rank, 0, 0}});
  bring_back(given, take_load(given));
  Execution& item = given.take();
  CHECK_EQ(item.task->values[0].index, 2);
  CHECK_EQ(item.task->values[0].count, 2);
  given.done();
}

TEST_CASE("a value that turns out to be here, but away, is brought back") {
  GivenWorker given;
  given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  given.arrive(fetch, Answer::gone);
  given.take_locate();
  put_away(given, task(1));
  given.state.on_located({task(1), own_rank, 0}, given.commands);
  bring_back(given, take_load(given));
  given.run(task(2));
}

}  // namespace
}  // namespace tutti::worker
