#include "unit/sync/world.hpp"

#include <doctest/doctest.h>

#include <random>

namespace tutti::sync::testing {
namespace {

using enum Operation;

TEST_CASE("a semaphore gives so many leases, in order") {
  World world;
  const auto take = [&](std::uint64_t object) {
    return world.ask(semaphore_acquire, {"disk"}, {.object = object, .number = 2});
  };
  const auto first = take(1);
  const auto again = take(1);
  const auto third = take(2);
  CHECK(world.is_done(first));
  CHECK(world.is_done(again));
  CHECK_FALSE(world.is_answered(third));
  CHECK(world.answer(world.ask(semaphore_value, "disk")).number == 0);
  world.ask(semaphore_release, {"disk"}, {.object = 1});
  CHECK(world.is_done(third));
  CHECK(world.problem(world.ask(semaphore_release, {"disk"}, {.object = 3})) ==
        "the semaphore 'disk' was released by an object that has no lease");
  CHECK(world.problem(world.ask(semaphore_acquire, {"disk"}, {.number = 3})) ==
        "the semaphore 'disk' has 2 leases, and was asked for as one of 3");
  CHECK(world.problem(world.ask(semaphore_acquire, {"none"}, {.number = 0})) ==
        "the semaphore 'none' cannot have 0 leases; it needs at least 1");
}

TEST_CASE("a semaphore that nobody uses may have another size") {
  World world;
  world.ask(semaphore_acquire, {"s"}, {.number = 1});
  world.ask(semaphore_release, {"s"}, {});
  CHECK(world.answer(world.ask(semaphore_value, {"s"}, {.number = 4})).number == 4);
  CHECK(world.is_done(world.ask(semaphore_acquire, {"s"}, {.number = 4})));
}

TEST_CASE("leases of a task or a rank that ended go to those who wait") {
  World world;
  world.ask(semaphore_acquire, {"s"}, {.rank = 1, .object = 1, .task = 5, .number = 1});
  const auto second =
      world.ask(semaphore_acquire, {"s"}, {.rank = 2, .object = 1, .task = 6, .number = 1});
  const auto third =
      world.ask(semaphore_acquire, {"s"}, {.rank = 3, .object = 1, .task = 7, .number = 1});
  world.end_task(1, 5);
  CHECK(world.is_done(second));
  world.lose(2);
  CHECK(world.is_done(third));
}

TEST_CASE("an event lets all go on, and those who come while it is set") {
  World world;
  const auto a = world.ask(event_wait, "go");
  const auto b = world.ask(event_wait, {"go"}, {.rank = 2});
  CHECK(world.is_not_now(world.ask(event_wait, {"go"}, {.may_wait = false})));
  CHECK(world.answer(world.ask(event_is_set, "go")).number == 0);
  world.cancel(b);
  CHECK(world.is_not_now(b));
  CHECK(world.is_done(world.ask(event_set, "go")));
  CHECK(world.is_done(a));
  CHECK(world.is_done(world.ask(event_wait, "go")));
  world.ask(event_clear, "go");
  CHECK_FALSE(world.is_answered(world.ask(event_wait, "go")));
}

TEST_CASE("a queue keeps the order of values and of those who wait") {
  World world;
  const auto put = [&](const char* words) {
    return world.ask(queue_put, {"q"}, {.number = 2, .payload = text(words)});
  };
  put("one");
  put("two");
  const auto third = put("three");
  CHECK_FALSE(world.is_answered(third));
  CHECK(world.answer(world.ask(queue_size, "q")).number == 2);
  CHECK(world.words(world.ask(queue_get, "q")) == "one");
  CHECK(world.is_done(third));
  CHECK(world.words(world.ask(queue_get, "q")) == "two");
  CHECK(world.words(world.ask(queue_get, "q")) == "three");
  const auto early = world.ask(queue_get, "q");
  const auto late = world.ask(queue_get, {"q"}, {.rank = 2});
  put("four");
  CHECK(world.words(early) == "four");
  CHECK_FALSE(world.is_answered(late));
  CHECK(world.is_not_now(world.ask(queue_get, {"q"}, {.may_wait = false})));
  CHECK(world.problem(world.ask(queue_put, {"q"}, {.number = 3, .payload = text("x")})) ==
        "the queue 'q' holds at most 2 values, and was used as one of 3");
}

TEST_CASE("a closed queue can be emptied and nothing else") {
  World world;
  world.ask(queue_put, {"q"}, {.payload = text("left")});
  world.ask(queue_close, "q");
  CHECK(world.problem(world.ask(queue_put, {"q"}, {.payload = text("x")})) ==
        "the queue 'q' is closed");
  CHECK(world.words(world.ask(queue_get, "q")) == "left");
  CHECK(world.problem(world.ask(queue_get, "q")) == "the queue 'q' is closed");
  const auto waits = world.ask(queue_get, "other");
  world.ask(queue_close, "other");
  CHECK(world.problem(waits) == "the queue 'other' is closed and empty");
}

TEST_CASE("a variable is waited for until it is set, and read as often as one likes") {
  World world;
  const auto early = world.ask(variable_get, "v");
  world.ask(variable_set, {"v"}, {.payload = text("1")});
  CHECK(world.words(early) == "1");
  world.ask(variable_set, {"v"}, {.payload = text("2")});
  CHECK(world.words(world.ask(variable_get, "v")) == "2");
  CHECK(world.words(world.ask(variable_get, "v")) == "2");
  world.ask(variable_delete, "v");
  CHECK(world.is_not_now(world.ask(variable_get, {"v"}, {.may_wait = false})));
}

TEST_CASE("a barrier lets its parties go together, and again") {
  World world;
  for (int round = 0; round < 2; ++round) {
    const auto a = world.ask(barrier_wait, {"b"}, {.rank = 1, .number = 3});
    const auto b = world.ask(barrier_wait, {"b"}, {.rank = 2, .number = 3});
    CHECK_FALSE(world.is_answered(a));
    const auto c = world.ask(barrier_wait, {"b"}, {.rank = 3, .number = 3});
    CHECK(world.answer(a).number == 0);
    CHECK(world.answer(b).number == 1);
    CHECK(world.answer(c).number == 2);
  }
}

TEST_CASE("who may not wait at a barrier goes through as the last party, and breaks nothing") {
  World world;
  CHECK(world.is_not_now(world.ask(barrier_wait, {"b"}, {.number = 2, .may_wait = false})));
  // It left nothing behind, not even the number of parties.
  const auto a = world.ask(barrier_wait, {"b"}, {.rank = 1, .number = 3});
  CHECK(world.is_not_now(world.ask(barrier_wait, {"b"}, {.number = 3, .may_wait = false})));
  CHECK_FALSE(world.is_answered(a));
  const auto b = world.ask(barrier_wait, {"b"}, {.rank = 2, .number = 3});
  const auto c = world.ask(barrier_wait, {"b"}, {.number = 3, .may_wait = false});
  for (const auto each : {a, b, c}) CHECK(world.is_done(each));
}

TEST_CASE("a barrier breaks when a party gives up or its rank is lost") {
  World world;
  const auto a = world.ask(barrier_wait, {"b"}, {.rank = 1, .number = 3});
  const auto b = world.ask(barrier_wait, {"b"}, {.rank = 2, .number = 3});
  CHECK(world.problem(world.ask(barrier_wait, {"b"}, {.number = 4})) ==
        "the barrier 'b' is one of 3 parties, and was used as one of 4");
  world.cancel(b);
  CHECK(world.is_not_now(b));
  CHECK(world.problem(a) == "the barrier 'b' is broken: one of its parties gave up waiting");
  const auto c = world.ask(barrier_wait, {"b"}, {.rank = 1, .number = 2});
  world.ask(barrier_wait, {"other"}, {.rank = 2, .number = 2});
  const auto d = world.ask(barrier_wait, {"other"}, {.rank = 1, .number = 3});
  CHECK(world.problem(d) == "the barrier 'other' is one of 2 parties, and was used as one of 3");
  world.lose(2);
  CHECK_FALSE(world.is_answered(c));
}

TEST_CASE("subscribers get what is published after they came") {
  World world;
  const auto publish = [&](const char* words) {
    return world.ask(topic_publish, {"t"}, {.rank = 0, .payload = text(words)});
  };
  CHECK(world.answer(publish("nobody hears")).number == 0);
  world.ask(topic_subscribe, {"t"}, {.rank = 1, .object = 1});
  world.ask(topic_subscribe, {"t"}, {.rank = 2, .object = 1, .number = 2});
  const auto waits = world.ask(topic_next, {"t"}, {.rank = 1, .object = 1});
  CHECK(world.answer(publish("1")).number == 2);
  CHECK(world.words(waits) == "1");
  publish("2");
  publish("3");
  const auto behind = world.ask(topic_next, {"t"}, {.rank = 2, .object = 1});
  CHECK(world.words(behind) == "2");
  CHECK(world.answer(behind).number == 1);  // "1" was dropped
  CHECK(world.words(world.ask(topic_next, {"t"}, {.rank = 1, .object = 1})) == "2");
  world.ask(topic_unsubscribe, {"t"}, {.rank = 1, .object = 1});
  CHECK(world.problem(world.ask(topic_next, {"t"}, {.rank = 1, .object = 1})) ==
        "nobody has subscribed to 't' here");
}

/// Random requests of all kinds, cancels, and ends of tasks: one answer at most (the world checks),
/// and exactly one when all ranks are told to end.
TEST_CASE("each request is answered once, over seeds") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned limit) {
      return std::uniform_int_distribution<unsigned>(0, limit - 1)(random);
    };
    World world;
    std::vector<std::uint64_t> asked;
    for (int step = 0; step < 500; ++step) {
      const unsigned action = below(20);
      if (action == 0 && !asked.empty()) {
        world.cancel(asked[below(static_cast<unsigned>(asked.size()))]);
      } else if (action == 1) {
        world.end_task(static_cast<std::int32_t>(below(3)), below(4));
      } else {
        const auto operation = static_cast<Operation>(below(static_cast<unsigned>(topic_next) + 1));
        asked.push_back(world.ask(operation, {below(2) == 0 ? "x" : "y"},
                                  {.rank = static_cast<std::int32_t>(below(3)),
                                   .object = below(5),
                                   .task = below(4),
                                   .number = 1 + below(2),
                                   .may_wait = below(4) != 0,
                                   .payload = text("value")}));
      }
    }
    for (const std::uint64_t each : asked) world.cancel(each);
    CHECK(world.unanswered() == 0);
    CHECK(world.table.waiting() == 0);
  }
}

}  // namespace
}  // namespace tutti::sync::testing
