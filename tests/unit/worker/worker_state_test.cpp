#include "worker/worker_state.hpp"

#include "sim/sim_value.hpp"
#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace tutti::worker {
namespace {

using namespace testing;
using Given = GivenWorker;

TEST_CASE("a task without inputs is ready at once, and its result is kept") {
  Given given;
  CHECK_FALSE(given.state.has_ready());
  given.assign(task(1));
  CHECK_EQ(given.state.ready_count(), 1);
  CHECK(given.take().task->id == task(1));
  CHECK_EQ(given.state.taken(), 1);
  CHECK_FALSE(given.state.is_idle());
  given.done();
  CHECK(given.store.find(task(1)) != nullptr);
  CHECK(given.state.is_idle());
  given.state.on_release(task(1));
  CHECK_EQ(given.store.size(), 0);
}

TEST_CASE("a task that threw leaves no result") {
  Given given;
  given.assign(task(1));
  given.take().threw = true;
  given.done();
  CHECK_EQ(given.store.size(), 0);
  CHECK(given.state.is_idle());
}

TEST_CASE("an input that is here is used at once, without a fetch") {
  Given given;
  given.store.put(task(1), sim::make_sim_value(), 8);
  given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}});
  CHECK(given.commands.fetch.empty());
  CHECK(given.take().task->values[0].value == given.store.find(task(1)));
  given.done();
}

TEST_CASE("a large input that is elsewhere is fetched, kept and told to rank 0") {
  Given given;
  given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}});
  CHECK_FALSE(given.state.has_ready());
  CHECK_EQ(given.state.awaited(), 1);
  const auto fetch = given.take_fetch();
  CHECK(fetch.id == task(1));
  CHECK_EQ(fetch.holder, 5);
  CHECK_FALSE(fetch.slice);
  given.arrive(fetch, Data::Answer::found, 1'000'000);
  REQUIRE_EQ(given.commands.replicas.size(), 1);
  CHECK(given.commands.replicas[0] == task(1));
  CHECK(given.store.contains(task(1)));
  CHECK(given.take().task->values[0].value == given.store.find(task(1)));
  given.done();
}

TEST_CASE("several tasks that need one value fetch it once") {
  Given given;
  for (std::uint32_t slot = 10; slot < 14; ++slot)
    given.assign(task(slot), {{task(1), 0, 1, 5, 0, 0}, {task(1), 0, 1, 5, 0, 0}});
  given.arrive(given.take_fetch(), Data::Answer::found, 1'000'000);
  CHECK_EQ(given.state.ready_count(), 4);
  CHECK_EQ(given.commands.replicas.size(), 1);
}

TEST_CASE("a small input is kept for its neighbours, and nobody is told") {
  Given given;
  given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}});
  given.arrive(given.take_fetch());
  CHECK(given.commands.replicas.empty());
  CHECK_EQ(given.store.size(), 0);
  given.assign(task(3), {{task(1), 0, 1, 5, 0, 0}});
  CHECK(given.commands.fetch.empty());
  CHECK_EQ(given.state.ready_count(), 2);
}

TEST_CASE("tasks that need one element fetch it once; it is theirs alone") {
  Given given;
  given.assign(task(10), {{source, 7, 1, 5, 0, 0}});
  given.assign(task(11), {{source, 7, 1, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  CHECK(fetch.slice);
  CHECK_EQ(fetch.begin, 7);
  CHECK_EQ(fetch.count, 1);
  given.arrive(fetch);
  CHECK(given.commands.replicas.empty());
  CHECK_EQ(given.store.size(), 0);
  const Execution& item = given.take();
  CHECK_EQ(item.task->values[0].index, 0);
  CHECK(item.task->values[0].value != nullptr);
  given.done();
}

TEST_CASE("an element that is here is used in its stretch") {
  Given given;
  given.store.put_stretch(source, {10, 5, sim::make_sim_value(), 8});
  given.assign(task(1), {{source, 12, 1, own_rank, 0, 0}});
  CHECK_EQ(given.take().task->values[0].index, 2);
  given.done();
}

TEST_CASE("a task waits for one of this rank, and follows it at once") {
  Given given;
  given.assign(task(1));
  given.assign(task(3));
  given.assign(task(2), {{task(1), 0, 1, own_rank, 0, 0}});
  CHECK_EQ(given.state.ready_count(), 2);
  given.run(task(1));
  given.run(task(2));
  given.run(task(3));
}

TEST_CASE("a failure drops what waits for it here, down the graph, without a report") {
  Given given;
  given.assign(task(1));
  given.assign(task(2), {{task(1), 0, 1, own_rank, 0, 0}});
  given.assign(task(3), {{task(2), 0, 1, own_rank, 0, 0}, {task(1), 0, 1, own_rank, 0, 0}});
  given.assign(task(4));
  given.take().threw = true;
  given.done();
  given.run(task(4));
  CHECK(given.state.is_idle());
  CHECK_EQ(given.store.size(), 1);
}

TEST_CASE("a long chain is dropped when its first task fails") {
  Given given;
  given.assign(task(0));
  for (std::uint32_t slot = 1; slot < 4096; ++slot)
    given.assign(task(slot), {{task(slot - 1), 0, 1, own_rank, 0, 0}});
  given.take().threw = true;
  given.done();
  CHECK(given.state.is_idle());
}

TEST_CASE("a task that fetches one input and has lost another is dropped when the fetch ends") {
  for (const auto found : {Data::Answer::found, Data::Answer::failed, Data::Answer::unwritable}) {
    Given given;
    given.assign(task(1));
    given.assign(task(2), {{task(1), 0, 1, own_rank, 0, 0}, {task(9), 0, 1, 5, 0, 0}});
    const auto fetch = given.take_fetch();
    given.take().threw = true;
    given.done();
    given.arrive(fetch, found);
    CHECK(given.state.is_idle());
  }
}

TEST_CASE("a task that comes after the failure of what it waits for asks rank 0, and is dropped") {
  Given given;
  given.assign(task(1));
  given.take().threw = true;
  given.done();
  given.assign(task(2), {{task(1), 0, 1, own_rank, 0, 0}});
  given.assign(task(3), {{task(2), 0, 1, own_rank, 0, 0}});
  REQUIRE_EQ(given.commands.locate.size(), 1);
  CHECK(given.commands.locate[0] == task(1));
  given.state.on_located({task(1), -1, 0}, given.commands);
  CHECK(given.state.is_idle());
}

TEST_CASE("an answer that nobody waits for is ignored") {
  Given given;
  given.state.on_data(17, Data::Answer::found, sim::make_sim_value(), 8, given.commands);
  CHECK_EQ(given.store.size(), 0);
  CHECK(given.commands.replicas.empty());
}

TEST_CASE("a value may be released while it is on its way") {
  Given given;
  given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  given.state.on_release(task(1));
  given.arrive(fetch);
  given.run(task(2));
}

TEST_CASE("higher priorities run first") {
  Given given;
  given.assign(task(1), {}, -1);
  given.assign(task(2), {}, 0);
  given.assign(task(3), {}, 9);
  for (const std::uint32_t slot : {3u, 2u, 1u}) given.run(task(slot));
}

TEST_CASE("short tasks are taken together, long and unknown ones one by one") {
  Given given({.slots = 1, .rank = own_rank, .batch_ns = 10'000});
  for (std::uint32_t slot = 0; slot < 100; ++slot) given.assign(task(slot));
  given.take();
  given.done(1'000);
  given.batch.clear();
  given.state.take(given.batch);
  CHECK_EQ(given.batch.items.size(), 10);
  CHECK_FALSE(given.state.may_take_long(given.batch));
  given.done(1'000'000);
  given.take();
  CHECK(given.state.may_take_long(given.batch));
  given.done();
}

TEST_CASE("one thread leaves the others their share of short tasks") {
  Given given({.slots = 4, .rank = own_rank});
  for (std::uint32_t slot = 0; slot < 21; ++slot) given.assign(task(slot));
  given.take();
  given.done(1);
  given.batch.clear();
  given.state.take(given.batch);
  CHECK_EQ(given.batch.items.size(), 6);
  given.done(1);
}

TEST_CASE("a map is bound once, before its first range runs") {
  Given given;
  given.define(map);
  CHECK_FALSE(given.state.has_ready());
  given.assign_range(map, 0, 2);
  given.assign_range(map, 2, 1);
  given.bind();
  CHECK_EQ(given.state.ready_count(), 2);
  const Execution& item = given.take();
  CHECK(item.kind == Execution::Kind::block);
  CHECK_EQ(item.count, 1);
  CHECK(given.state.may_take_long(given.batch));
  given.done();
  CHECK(given.commands.finished_ranges.empty());
  given.take();
  given.done();
  REQUIRE_EQ(given.commands.finished_ranges.size(), 1);
  CHECK_EQ(given.commands.finished_ranges[0]->count, 2);
}

TEST_CASE("ranges that come before the definition wait for it") {
  Given given;
  given.assign_range(map, 0, 1);
  given.assign_range(map, 1, 1);
  CHECK_FALSE(given.state.has_ready());
  given.define(map);
  given.bind();
  CHECK_EQ(given.state.ready_count(), 2);
}

TEST_CASE("a range that comes while the map is being bound waits for the end of it") {
  Given given({.slots = 2, .rank = own_rank});
  given.define(map);
  given.assign_range(map, 0, 1);
  CHECK(given.take().kind == Execution::Kind::bind);
  given.assign_range(map, 1, 1);
  CHECK_FALSE(given.state.has_ready());
  given.done();
  CHECK_EQ(given.state.ready_count(), 2);
}

TEST_CASE("a map waits for its constants") {
  Given given;
  given.define(map, {{task(1), 0, 1, 5, 0, 0}, {source, 3, 1, 6, 0, 0}});
  given.assign_range(map, 0, 1);
  REQUIRE_EQ(given.commands.fetch.size(), 2);
  const auto fetches = given.commands.fetch;
  given.arrive(fetches[1]);
  CHECK_FALSE(given.state.has_ready());
  given.arrive(fetches[0]);
  const Execution& item = given.take();
  CHECK(item.kind == Execution::Kind::bind);
  CHECK(item.group->inputs[0].value != nullptr);
  CHECK(item.group->inputs[1].value != nullptr);
  CHECK_EQ(item.group->inputs[1].index, 0);
  given.done();
}

TEST_CASE("binding that throws fails every element") {
  Given given;
  given.define(map);
  given.assign_range(map, 0, 1);
  Execution& item = given.take();
  item.threw = true;
  item.error_message = "no constants";
  given.done();
  const Execution& block = given.take();
  CHECK(block.group->is_bound());
  CHECK_FALSE(block.group->bound);
  CHECK_EQ(block.group->bind_error_message, "no constants");
  given.done();
}

TEST_CASE("the threads of a rank share a range in blocks") {
  Given given({.slots = 2, .rank = own_rank, .block_ns = 10'000});
  given.define(map);
  given.assign_range(map, 100, 50);
  given.bind();
  given.take();
  given.done(1'000);
  Batch one;
  Batch two;
  given.state.take(one);
  given.state.take(two);
  CHECK_EQ(one.items[0].begin, 101);
  CHECK_EQ(one.items[0].count, 10);
  CHECK_EQ(two.items[0].begin, 111);
  CHECK_EQ(two.items[0].count, 10);
  for (Batch* batch : {&two, &one}) {
    batch->items[0].elapsed_ns = 10'000;
    given.state.on_done(*batch, given.commands);
  }
  std::uint64_t elements = 21;
  while (given.state.has_ready()) {
    elements += given.take().count;
    given.done(1'000);
  }
  CHECK_EQ(elements, 50);
  CHECK_EQ(given.commands.finished_ranges.size(), 1);
}

int rooms_made = 0;

TEST_CASE("room for results is made once, before the first block, also when nothing is returned") {
  // Threads look at the room of a range without a lock: nobody may write it again.
  detail::FunctionOps returns_nothing = sim::sim_function();
  returns_nothing.make_results = [](std::uint64_t, std::uint64_t) -> detail::Value* {
    ++rooms_made;
    return nullptr;
  };
  rooms_made = 0;
  Given given;
  DefineGroup message;
  message.group = map;
  given.state.on_define_group(message, &returns_nothing, given.commands);
  given.assign_range(map, 0, 3);
  given.bind();
  while (given.state.has_ready()) {
    given.take();
    given.done(1'000'000'000);
  }
  CHECK_EQ(rooms_made, 1);
}

TEST_CASE("failures of all blocks are in the finished range") {
  Given given({.slots = 2, .rank = own_rank});
  given.define(map);
  given.assign_range(map, 0, 2);
  given.bind();
  Batch one;
  given.state.take(one);
  one.items[0].failures.push_back({0, "type", "first", false});
  given.take().failures.push_back({1, "type", "second", true});
  given.done();
  CHECK(given.commands.finished_ranges.empty());
  given.state.on_done(one, given.commands);
  REQUIRE_EQ(given.commands.finished_ranges.size(), 1);
  CHECK_EQ(given.commands.finished_ranges[0]->failures.size(), 2);
}

TEST_CASE("a range takes the pieces of its sources from here and from elsewhere") {
  Given given;
  given.store.put_stretch(source, {0, 10, sim::make_sim_value(), 8});
  given.define(map);
  given.assign_range(
      map, 8, 4,
      {{source, 8, 2, own_rank, 0}, {source, 10, 2, 5, 0}, {TaskId::group(3, 1), 8, 4, 6, 1}});
  given.bind();
  CHECK_FALSE(given.state.has_ready());
  REQUIRE_EQ(given.commands.fetch.size(), 2);
  const auto fetches = given.commands.fetch;
  CHECK_EQ(fetches[0].begin, 10);
  CHECK_EQ(fetches[0].count, 2);
  for (const auto& fetch : fetches) given.arrive(fetch);
  const RangeWork& range = *given.take().range;
  REQUIRE_EQ(range.sources.size(), 2);
  REQUIRE_EQ(range.sources[0].size(), 2);
  // A piece that is here is the whole stretch; its begin says where the value begins.
  CHECK_EQ(range.sources[0][0].begin, 0);
  CHECK_EQ(range.sources[0][0].count, 10);
  CHECK_EQ(range.sources[0][1].begin, 10);
  for (const auto& pieces : range.sources) {
    for (const auto& piece : pieces) CHECK(piece.value != nullptr);
  }
  given.done();
}

TEST_CASE("a map is forgotten when it was released and its last range was reported") {
  Given given;
  given.define(map);
  given.assign_range(map, 0, 1);
  given.bind();
  given.take();
  given.state.on_release(map);
  CHECK_FALSE(given.state.is_idle());
  given.done();
  for (RangeWork* range : given.commands.finished_ranges) given.state.recycle(range);
  CHECK(given.state.is_idle());
}

TEST_CASE("a map may be released while its constants are on their way") {
  Given given;
  given.define(map, {{task(1), 0, 1, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  given.state.on_release(map);
  CHECK_FALSE(given.state.is_idle());
  given.arrive(fetch, Data::Answer::unwritable);
  CHECK(given.state.is_idle());
}

TEST_CASE("a map that ran nothing here is forgotten by its release") {
  Given given;
  given.define(map);
  given.state.on_release(map);
  CHECK(given.state.is_idle());
  given.state.on_release(map);
}

TEST_CASE("run times are added up by function and by map, until they are taken") {
  Given given;
  given.assign(task(1));
  given.assign(task(2));
  given.take();
  given.done(100);
  given.take();
  given.done(300);
  given.define(map);
  given.assign_range(map, 0, 1);
  given.bind();
  given.take();
  given.done(50);
  std::vector<protocol::Timing> timings;
  given.state.take_timings(timings);
  REQUIRE_EQ(timings.size(), 2);
  CHECK(timings[0].group.is_none());
  CHECK_EQ(timings[0].calls, 2);
  CHECK_EQ(timings[0].nanoseconds, 400);
  CHECK(timings[1].group == map);
  CHECK_EQ(timings[1].nanoseconds, 50);
  timings.clear();
  given.state.take_timings(timings);
  CHECK(timings.empty());
}

TEST_CASE("records are used again without anything left in them") {
  Given given;
  for (int turn = 0; turn < 3; ++turn) {
    given.store.put(task(1), sim::make_sim_value(), 8);
    given.assign(task(2), {{task(1), 0, 1, 5, 0, 0}, {task(1), 0, 1, 5, 0, 0}});
    CHECK_EQ(given.take().task->values.size(), 2);
    given.done();
    given.assign(task(3));
    CHECK(given.take().task->values.empty());
    given.done();
    for (const std::uint32_t slot : {1u, 2u, 3u}) given.state.on_release(task(slot));
  }
  CHECK(given.state.is_idle());
}

TEST_CASE("what was assigned and never ran is freed with the state") {
  Given given;
  given.assign(task(1));
  given.assign(task(2), {{task(1), 0, 1, own_rank, 0, 0}});
  given.assign(task(3), {{task(9), 0, 1, 5, 0, 0}});
  given.assign_range(map, 0, 4);
}

}  // namespace
}  // namespace tutti::worker
