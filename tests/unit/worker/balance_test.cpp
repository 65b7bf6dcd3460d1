// Work that goes back to rank 0 because others have nothing to do.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::worker {
namespace {

using namespace testing;

/// A map whose elements run one by one, bound; the first of `count` is being run.
GivenWorker& with_running_range(GivenWorker& given, std::uint64_t count) {
  given.define(map);
  given.assign_range(map, 100, count);
  given.bind();
  CHECK_EQ(given.take().begin, 100);
  return given;
}

WorkerLimits one_by_one() {
  return {.slots = 1, .rank = own_rank, .block_ns = 1, .batch_tasks_max = 1};
}

TEST_CASE("half of what no thread has begun is given back, the last assigned, in their order") {
  GivenWorker given;
  for (std::uint32_t slot = 0; slot < 9; ++slot) given.assign(task(slot));
  given.take();
  const auto back = given.give_back();
  REQUIRE_EQ(back.tasks.size(), 4);
  for (std::uint32_t place = 0; place < 4; ++place) CHECK(back.tasks[place] == task(5 + place));
  CHECK(back.ranges.empty());
  CHECK_EQ(given.state.ready_count(), 4);
  CHECK_EQ(given.state.assigned(), 5);
  given.done();
  for (std::uint32_t slot = 1; slot < 5; ++slot) given.run(task(slot));
  CHECK(given.state.is_idle());
}

TEST_CASE("no more is given back than is asked for") {
  GivenWorker given;
  for (std::uint32_t slot = 0; slot < 9; ++slot) given.assign(task(slot));
  CHECK_EQ(given.give_back(2).tasks.size(), 2);
  CHECK_EQ(given.state.ready_count(), 7);
}

TEST_CASE("what free threads are about to take stays") {
  GivenWorker given({.slots = 3, .rank = own_rank, .batch_tasks_max = 1});
  for (std::uint32_t slot = 0; slot < 3; ++slot) given.assign(task(slot));
  CHECK(given.give_back().tasks.empty());
  given.assign(task(3));
  CHECK_EQ(given.give_back().tasks.size(), 1);
  given.take();
  CHECK(given.give_back().tasks.empty());
  given.assign(task(4));
  CHECK_EQ(given.give_back().tasks.size(), 1);
  given.done();
}

TEST_CASE("the least urgent is given back first") {
  GivenWorker given;
  given.assign(task(1), {}, 5);
  given.assign(task(2), {}, -5);
  given.assign(task(3));
  given.take();
  const auto back = given.give_back();
  REQUIRE_EQ(back.tasks.size(), 1);
  CHECK(back.tasks[0] == task(2));
  given.done();
}

TEST_CASE("a task that somebody waits for stays") {
  GivenWorker given;
  for (std::uint32_t slot = 0; slot < 5; ++slot) given.assign(task(slot));
  given.take();
  given.ask(4, task(4), 5);
  given.assign(task(9), {{task(3), 0, 1, own_rank, 0, 0}});
  const auto back = given.give_back();
  REQUIRE_EQ(back.tasks.size(), 2);
  CHECK(back.tasks[0] == task(1));
  CHECK(back.tasks[1] == task(2));
  given.done();
}

TEST_CASE("what waits for inputs, and what binds a map, stays") {
  GivenWorker given;
  given.assign(task(1), {{task(9), 0, 1, 5, 0, 0}});
  given.define(map);
  given.assign_range(map, 0, 50);
  const auto back = given.give_back();
  CHECK(back.tasks.empty());
  CHECK(back.ranges.empty());
}

TEST_CASE("a task that was given back may come again") {
  GivenWorker given;
  given.assign(task(1));
  given.assign(task(2));
  given.take();
  CHECK_EQ(given.give_back().tasks.size(), 1);
  given.assign(task(2));
  given.done();
  given.run(task(2));
  CHECK(given.state.is_idle());
}

TEST_CASE("who asks for a task that was given back is told that it is gone") {
  GivenWorker given;
  given.assign(task(1));
  given.assign(task(2));
  given.take();
  given.give_back();
  given.ask(4, task(2), 2);
  CHECK(given.take_answer().answer == Data::Answer::gone);
  // Here too: rank 0 knows where it is now.
  given.assign(task(3), {{task(2), 0, 1, own_rank, 0, 0}});
  CHECK(given.take_locate() == task(2));
  given.done();
}

TEST_CASE("the end of a range that is not begun goes back; what runs goes on to the new end") {
  GivenWorker given(one_by_one());
  with_running_range(given, 10);
  const auto back = given.give_back();
  REQUIRE_EQ(back.ranges.size(), 1);
  CHECK(back.ranges[0] == protocol::RangeCut{map, 100, 5, 5});
  given.done();
  for (int element = 1; element < 5; ++element) {
    CHECK_EQ(given.take().begin, 100 + static_cast<std::uint64_t>(element));
    CHECK(given.commands.finished_ranges.empty());
    given.done();
  }
  REQUIRE_EQ(given.commands.finished_ranges.size(), 1);
  CHECK_EQ(given.commands.finished_ranges[0]->count, 5);
  CHECK_FALSE(given.state.has_ready());
}

TEST_CASE("a range whose rest goes back is finished with the block that runs") {
  GivenWorker given(one_by_one());
  with_running_range(given, 2);
  const auto back = given.give_back();
  REQUIRE_EQ(back.ranges.size(), 1);
  CHECK(back.ranges[0] == protocol::RangeCut{map, 100, 1, 1});
  CHECK_FALSE(given.state.has_ready());
  CHECK(given.commands.finished_ranges.empty());
  given.done();
  REQUIRE_EQ(given.commands.finished_ranges.size(), 1);
  CHECK_EQ(given.commands.finished_ranges[0]->count, 1);
}

TEST_CASE("a range whose rest goes back between two blocks is finished at once") {
  GivenWorker given(one_by_one());
  with_running_range(given, 2);
  given.done();
  for (const std::uint32_t slot : {1u, 2u}) {
    given.assign(task(slot));
    given.ask(4, task(slot));
  }
  const auto back = given.give_back();
  CHECK(back.tasks.empty());
  REQUIRE_EQ(back.ranges.size(), 1);
  CHECK(back.ranges[0] == protocol::RangeCut{map, 100, 1, 1});
  REQUIRE_EQ(given.commands.finished_ranges.size(), 1);
  CHECK_EQ(given.commands.finished_ranges[0]->done, 1);
  CHECK_EQ(given.state.ready_count(), 2);
}

TEST_CASE("a whole range goes back, and its map is forgotten by its release") {
  GivenWorker given(one_by_one());
  with_running_range(given, 1);
  given.assign_range(map, 500, 1);
  const auto back = given.give_back();
  REQUIRE_EQ(back.ranges.size(), 1);
  CHECK(back.ranges[0] == protocol::RangeCut{map, 500, 0, 1});
  given.done();
  for (RangeWork* range : given.commands.finished_ranges) given.state.recycle(range);
  CHECK_FALSE(given.state.is_idle());
  given.state.on_release(map);
  CHECK(given.state.is_idle());
}

TEST_CASE("a map that was released is forgotten when its last range goes back") {
  GivenWorker given(one_by_one());
  given.assign(task(1));
  given.take();
  Batch running = std::move(given.batch);
  given.define(map);
  given.assign_range(map, 0, 1);
  given.state.on_release(map);
  given.bind();
  REQUIRE_EQ(given.state.ready_count(), 1);
  const auto back = given.give_back();
  REQUIRE_EQ(back.ranges.size(), 1);
  CHECK_EQ(back.ranges[0].kept, 0);
  given.state.on_done(running, given.commands);
  CHECK(given.state.is_idle());
}

TEST_CASE("pinned ranges stay, also when other work goes back") {
  GivenWorker given(one_by_one());
  given.define(map);
  given.assign_range(map, 0, 1);
  given.bind();
  for (std::uint32_t slot = 0; slot < 6; ++slot) given.assign(task(slot));
  AssignRange message;
  message.group = map;
  message.begin = 1;
  message.count = 10;
  message.pinned = true;
  given.state.on_assign(message, given.commands);
  const auto back = given.give_back();
  CHECK(back.ranges.empty());
  CHECK_EQ(back.tasks.size(), 3);
}

TEST_CASE("units are tasks and elements: half of all together") {
  GivenWorker given(one_by_one());
  with_running_range(given, 5);
  for (std::uint32_t slot = 0; slot < 4; ++slot) given.assign(task(slot));
  const auto back = given.give_back();
  CHECK_EQ(back.tasks.size(), 4);
  CHECK(back.ranges.empty());
  given.done();
}

}  // namespace
}  // namespace tutti::worker
