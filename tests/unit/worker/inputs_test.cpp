// Values that tasks wait for: who is asked, who asks, and what becomes of what comes.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::worker {
namespace {

using namespace testing;
using Answer = Data::Answer;

InputRef from(std::int32_t holder, std::uint32_t slot, bool last_use = false) {
  return {task(slot), 0, 1, holder, 0, last_use ? 1u : 0u};
}

// ---- who asks this rank

TEST_CASE("a rank that asks for a task of this rank is answered when the task is done") {
  GivenWorker given;
  given.assign(task(1));
  given.ask(4, task(1), 1);
  CHECK(given.commands.answers.empty());
  CHECK_EQ(given.state.askers(), 1);
  given.run(task(1));
  const auto answer = given.take_answer();
  CHECK_EQ(answer.to.rank, 4);
  CHECK(answer.id == task(1));
  CHECK(answer.answer == Answer::found);
}

TEST_CASE("a rank that asks for a task that throws is told that it failed") {
  GivenWorker given;
  given.assign(task(1));
  given.ask(4, task(1), 1);
  given.take().threw = true;
  given.done();
  CHECK(given.take_answer().answer == Answer::failed);
}

TEST_CASE("a rank that asks for a task that is dropped is told that it failed") {
  GivenWorker given;
  given.assign(task(1), {from(5, 9)});
  given.ask(4, task(1), 1);
  given.arrive(given.take_fetch(), Answer::failed);
  CHECK(given.take_answer().answer == Answer::failed);
  CHECK(given.state.is_idle());
}

TEST_CASE("who asks before the task was assigned waits for it") {
  GivenWorker given;
  given.assign(task(7));
  given.ask(4, task(1), 3);
  given.assign(task(8));
  CHECK(given.commands.answers.empty());
  CHECK_EQ(given.state.asked_early(), 1);
  given.assign(task(1));
  CHECK_EQ(given.state.asked_early(), 0);
  for (const std::uint32_t slot : {7u, 8u, 1u}) given.run(task(slot));
  CHECK(given.take_answer().answer == Answer::found);
}

TEST_CASE(
    "who asks too early for a task that comes to another rank is told with the last that counts") {
  GivenWorker given;
  given.ask(4, task(1), 2);
  given.assign(task(7));
  CHECK(given.commands.answers.empty());
  given.assign(task(8));
  const auto answer = given.take_answer();
  CHECK(answer.answer == Answer::gone);
  CHECK(answer.id == task(1));
}

TEST_CASE("who asks for a task that came and went is told at once") {
  GivenWorker given;
  given.assign(task(1));
  given.take().threw = true;
  given.done();
  given.ask(4, task(1), 1);
  CHECK(given.take_answer().answer == Answer::gone);
  // The answer is the same when the asker counts fewer tasks than have come.
  given.assign(task(2));
  given.ask(4, task(1), 1);
  CHECK(given.take_answer().answer == Answer::gone);
}

TEST_CASE("the count of assignments starts anew after 2^31") {
  CHECK(protocol::has_seen(0, 0));
  CHECK(protocol::has_seen(5, 5));
  CHECK_FALSE(protocol::has_seen(4, 5));
  CHECK(protocol::has_seen(0, 0x7fffffffu));
  CHECK_FALSE(protocol::has_seen(0x7fffffffu, 0));
  CHECK(protocol::has_seen(3, 0x7ffffff0u));
  CHECK_FALSE(protocol::has_seen(0x7ffffff0u, 3));
  // A fresh rank has not seen the first task, and has seen all up to none.
  GivenWorker given;
  given.ask(4, task(1), 0);
  CHECK(given.take_answer().answer == Answer::gone);
  given.ask(4, task(1), 0x7fffffffu);
  CHECK(given.take_answer().answer == Answer::gone);
  given.ask(4, task(1), 1);
  CHECK(given.commands.answers.empty());
  CHECK_EQ(given.state.asked_early(), 1);
}

TEST_CASE("a slice that is not here will not come") {
  GivenWorker given;
  protocol::Fetch message;
  message.id = source;
  message.slice = true;
  message.sequence = 9;
  given.state.on_fetch(4, message, given.commands);
  CHECK(given.take_answer().answer == Answer::gone);
}

// ---- whom this rank asks

TEST_CASE("a fetch tells how many tasks its holder was assigned") {
  GivenWorker given;
  given.assign(task(2), {{task(1), 0, 1, 5, 77, 0}});
  CHECK_EQ(given.take_fetch().sequence, 77);
}

TEST_CASE("an input that is gone is looked for by rank 0, and asked for where that says") {
  GivenWorker given;
  given.assign(task(2), {from(5, 1)});
  const auto first = given.take_fetch();
  given.arrive(first, Answer::gone);
  CHECK(given.take_locate() == task(1));
  CHECK_FALSE(given.state.has_ready());
  given.locate(task(1), 6, 33);
  const auto second = given.take_fetch();
  CHECK_EQ(second.holder, 6);
  CHECK_EQ(second.sequence, 33);
  CHECK_EQ(second.request, first.request);
  given.arrive(second);
  given.run(task(2));
}

TEST_CASE("an input that is nowhere drops the task") {
  GivenWorker given;
  given.assign(task(2), {from(5, 1)});
  given.assign(task(3), {from(own_rank, 2)});
  given.arrive(given.take_fetch(), Answer::gone);
  CHECK(given.take_locate() == task(1));
  given.locate(task(1), -1);
  CHECK(given.state.is_idle());
}

TEST_CASE("a task that is placed anew at the rank that asks for it ends the wait") {
  for (const bool before_answer : {true, false}) {
    GivenWorker given;
    given.assign(task(2), {from(5, 1)});
    const auto fetch = given.take_fetch();
    if (!before_answer) {
      given.arrive(fetch, Answer::gone);
      CHECK(given.take_locate() == task(1));
    }
    given.assign(task(1));
    CHECK_EQ(given.state.awaited(), 0);
    if (before_answer) {
      given.arrive(fetch, Answer::gone);
      CHECK(given.commands.locate.empty());
    } else {
      given.locate(task(1), own_rank, 2);
    }
    CHECK_EQ(given.state.assigned(), 2);
    given.run(task(1));
    given.run(task(2));
    CHECK(given.state.is_idle());
  }
}

TEST_CASE("a task that was placed anew here and threw before it was asked for drops who needs it") {
  GivenWorker given;
  given.assign(task(1));
  given.take().threw = true;
  given.done();
  given.assign(task(2), {from(own_rank, 1)});
  CHECK(given.take_locate() == task(1));
  CHECK(given.commands.fetch.empty());
  // Rank 0 has not heard of the failure: it believes that the task is here.
  given.locate(task(1), own_rank, 1);
  CHECK(given.state.is_idle());
}

TEST_CASE("where a value is that nobody waits for is no news") {
  GivenWorker given;
  given.locate(task(1), 5);
  given.locate(task(1), -1);
  CHECK(given.commands.empty());
}

TEST_CASE("a slice that is gone is read as nothing, and so is reported") {
  GivenWorker given;
  given.assign(task(1), {{source, 7, 3, 5, 0, 0}});
  given.arrive(given.take_fetch(), Answer::gone);
  CHECK(given.commands.locate.empty());
  CHECK(given.take().task->values[0].value == nullptr);
  given.done();
}

// ---- slices

TEST_CASE("a slice of several pieces is there with the last of them") {
  GivenWorker given;
  given.store.put_stretch(source, {0, 10, sim::make_sim_value(), 8});
  given.assign(task(1), {{source, 6, 4, own_rank, 0, 0}, {source, 10, 5, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  CHECK_EQ(fetch.begin, 10);
  CHECK_EQ(fetch.count, 5);
  given.arrive(fetch);
  const TaskWork& work = *given.take().task;
  CHECK_EQ(work.values[0].index, 6);
  CHECK_EQ(work.values[0].count, 4);
  CHECK_EQ(work.values[1].index, 0);
  CHECK_EQ(work.values[1].count, 5);
  given.done();
}

TEST_CASE("slices of other bounds are other fetches") {
  GivenWorker given;
  given.assign(task(1), {{source, 0, 5, 5, 0, 0}});
  given.assign(task(2), {{source, 0, 4, 5, 0, 0}});
  given.assign(task(3), {{source, 0, 5, 5, 0, 0}});
  CHECK_EQ(given.commands.fetch.size(), 2);
}

// ---- what is kept, and what may be moved

TEST_CASE("the last one to need a fetched value may move it, and it is not kept") {
  GivenWorker given;
  given.assign(task(2), {from(5, 1, true)});
  given.arrive(given.take_fetch(), Answer::found, 1'000'000);
  CHECK(given.commands.replicas.empty());
  CHECK_EQ(given.store.size(), 0);
  CHECK(given.take().task->values[0].movable);
  given.done();
}

TEST_CASE("the last one to need a value of this rank may move it") {
  GivenWorker given;
  given.assign(task(1));
  given.run(task(1));
  given.assign(task(2), {from(own_rank, 1, true)});
  CHECK(given.commands.empty());
  // Batch items keep the result until they are cleared.
  given.batch.clear();
  CHECK(given.take().task->values[0].movable);
  given.done();
}

TEST_CASE("what others need, or hold, is not moved") {
  GivenWorker given;
  given.store.put(task(1), sim::make_sim_value(), 8);
  given.assign(task(2), {from(own_rank, 1, false)});
  CHECK_FALSE(given.take().task->values[0].movable);
  given.done();
  detail::ValuePtr held = sim::make_sim_value();
  given.store.put(task(3), held, 8);
  given.assign(task(4), {from(own_rank, 3, true)});
  CHECK_FALSE(given.take().task->values[0].movable);
  given.done();
}

TEST_CASE("a small value that is kept for neighbours is not moved") {
  GivenWorker given;
  given.assign(task(2), {from(5, 1)});
  given.arrive(given.take_fetch());
  given.run(task(2));
  given.assign(task(3), {from(5, 1, true)});
  CHECK(given.commands.fetch.empty());
  CHECK_FALSE(given.take().task->values[0].movable);
  given.done();
}

TEST_CASE("a value that a second task asks for while it is fetched is kept") {
  GivenWorker given;
  given.assign(task(2), {from(5, 1, true)});
  given.assign(task(3), {from(5, 1)});
  given.arrive(given.take_fetch(), Answer::found, 1'000'000);
  CHECK_EQ(given.commands.replicas.size(), 1);
}

TEST_CASE("values of 4 KiB are small, larger ones are copies that rank 0 knows of") {
  for (const std::uint64_t bytes : {SmallValues::bytes_max, SmallValues::bytes_max + 1}) {
    GivenWorker given;
    given.assign(task(2), {from(5, 1)});
    given.arrive(given.take_fetch(), Answer::found, bytes);
    CHECK_EQ(given.commands.replicas.size(), bytes > SmallValues::bytes_max ? 1 : 0);
    CHECK_EQ(given.store.size(), bytes > SmallValues::bytes_max ? 1 : 0);
  }
}

TEST_CASE("of small values the oldest leaves") {
  SmallValues small;
  for (std::uint32_t slot = 0; slot < SmallValues::values_max; ++slot)
    small.put(task(slot), sim::make_sim_value());
  CHECK(small.find(task(0)));
  small.put(task(0), sim::make_sim_value());
  CHECK_EQ(small.ids().size(), SmallValues::values_max);
  small.put(task(5'000), sim::make_sim_value());
  CHECK_FALSE(small.find(task(0)));
  CHECK(small.find(task(1)));
  CHECK(small.find(task(5'000)));
  small.put(task(5'001), sim::make_sim_value());
  CHECK_FALSE(small.find(task(1)));
  CHECK_EQ(small.ids().size(), SmallValues::values_max);
  for (std::uint32_t slot = 6'000; slot < 6'000 + SmallValues::values_max; ++slot)
    small.put(task(slot), sim::make_sim_value());
  CHECK_FALSE(small.find(task(5'001)));
  small.clear();
  CHECK_FALSE(small.find(task(6'001)));
}

}  // namespace
}  // namespace tutti::worker
