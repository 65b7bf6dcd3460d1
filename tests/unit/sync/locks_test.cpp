#include "unit/sync/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tutti::sync::testing {
namespace {

using enum Operation;

TEST_CASE("a lock goes to those who ask in their order") {
  World world;
  const auto first = world.ask(lock, {"x"}, {.object = 1});
  const auto second = world.ask(lock, {"x"}, {.object = 2});
  const auto third = world.ask(lock, {"x"}, {.rank = 2, .object = 1});
  CHECK(world.is_done(first));
  CHECK_FALSE(world.is_answered(second));
  CHECK(world.is_done(world.ask(unlock, {"x"}, {.object = 1})));
  CHECK(world.is_done(second));
  CHECK_FALSE(world.is_answered(third));
  world.ask(unlock, {"x"}, {.object = 2});
  CHECK(world.is_done(third));
  CHECK(world.answer(world.ask(lock_is_held, "x")).number == 1);
  world.ask(unlock, {"x"}, {.rank = 2, .object = 1});
  CHECK(world.answer(world.ask(lock_is_held, "x")).number == 0);
  CHECK(world.table.locks().size() == 0);
}

TEST_CASE("locks of other names do not matter") {
  World world;
  CHECK(world.is_done(world.ask(lock, {"x"}, {.object = 1})));
  CHECK(world.is_done(world.ask(lock, {"y"}, {.object = 2})));
}

TEST_CASE("who does not hold a lock cannot release it, nor take it twice") {
  World world;
  CHECK(world.problem(world.ask(unlock, "x")) ==
        "the lock 'x' was released by an object that does not hold it: nobody holds it");
  world.ask(lock, {"x"}, {.rank = 3, .object = 1});
  CHECK(world.problem(world.ask(unlock, {"x"}, {.rank = 1, .object = 1})) ==
        "the lock 'x' was released by an object that does not hold it, 'x' is held by an object of "
        "a task on rank 3");
  CHECK(world.problem(world.ask(lock, {"x"}, {.rank = 3, .object = 1})) ==
        "the lock 'x' is held by the object that asks for it; it would wait for itself");
}

TEST_CASE("who may not wait gets the lock at once or not at all") {
  World world;
  CHECK(world.is_done(world.ask(lock, {"x"}, {.object = 1, .may_wait = false})));
  CHECK(world.is_not_now(world.ask(lock, {"x"}, {.object = 2, .may_wait = false})));
  world.ask(unlock, {"x"}, {.object = 1});
  CHECK(world.table.locks().size() == 0);
}

TEST_CASE("a wait that is cancelled is answered once, also when the lock came first") {
  World world;
  const auto first = world.ask(lock, {"x"}, {.object = 1});
  const auto second = world.ask(lock, {"x"}, {.object = 2});
  const auto third = world.ask(lock, {"x"}, {.object = 3});
  world.cancel(second);
  CHECK(world.is_not_now(second));
  world.cancel(first);
  CHECK(world.is_done(first));
  world.ask(unlock, {"x"}, {.object = 1});
  CHECK(world.is_done(third));
}

TEST_CASE("several locks are taken at one moment") {
  World world;
  world.ask(lock, {"x"}, {.object = 1});
  const auto both = world.ask(lock, {"x", "y", "x"}, {.object = 2});
  CHECK_FALSE(world.is_answered(both));
  const auto later = world.ask(lock, {"y"}, {.object = 3});
  CHECK_FALSE(world.is_answered(later));  // it must not overtake for ever
  world.ask(unlock, {"x"}, {.object = 1});
  CHECK(world.answer(both).number == 2);
  CHECK_FALSE(world.is_answered(later));
  world.ask(unlock, {"x", "y"}, {.object = 2});
  CHECK(world.is_done(later));
}

TEST_CASE("some of several locks") {
  World world;
  world.ask(lock, {"x"}, {.object = 1});
  const auto two = world.ask(lock, {"x", "y", "z"}, {.object = 2, .number = 2});
  CHECK(world.answer(two).number == 2);
  const auto x = world.ask(lock, {"x"}, {.object = 3});
  world.ask(unlock, {"x"}, {.object = 1});
  CHECK(world.is_done(x));
  CHECK(world.problem(world.ask(lock, {"a"}, {.object = 4, .number = 2})) ==
        "a lock of 1 names cannot take 2 of them");
  CHECK(world.problem(world.ask(lock, std::vector<std::string>{}, {})) ==
        "a lock of no names was used");
}

TEST_CASE("what a task or a rank held is free when it has ended") {
  World world;
  world.ask(lock, {"x", "y"}, {.rank = 1, .object = 1, .task = 5});
  const auto waits = world.ask(lock, {"x"}, {.rank = 1, .object = 2, .task = 6});
  const auto other = world.ask(lock, {"y"}, {.rank = 2, .object = 1, .task = 5});
  world.end_task(1, 5);
  CHECK(world.is_done(waits));
  CHECK(world.is_done(other));
  const auto next = world.ask(lock, {"x"}, {.rank = 2, .object = 9, .task = 8});
  const auto gone = world.ask(lock, {"x"}, {.rank = 1, .object = 9, .task = 8});
  world.lose(1);
  CHECK(world.is_done(next));
  CHECK_FALSE(world.is_done(gone));
  CHECK(world.table.waiting() == 0);
}

/// Random askers of one or several of four locks: each lock has one holder, who takes all gets all,
/// and when everybody releases everybody has had a turn.
TEST_CASE("laws of locks over seeds") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned limit) {
      return std::uniform_int_distribution<unsigned>(0, limit - 1)(random);
    };
    World world;
    const std::vector<std::string> all{"a", "b", "c", "d"};
    struct Open {
      std::uint64_t request;
      std::uint64_t object;
      std::vector<std::string> names;
      std::size_t needed;
    };
    std::vector<Open> open;
    std::uint64_t objects = 0;
    for (int step = 0; step < 300; ++step) {
      const unsigned action = below(10);
      if (action < 4 || open.empty()) {
        std::vector<std::string> names = all;
        std::shuffle(names.begin(), names.end(), random);
        names.resize(1 + below(3));
        const std::int64_t number = below(3) == 0 ? 1 : 0;
        const std::uint64_t object = ++objects;
        const auto request = world.ask(lock, names, {.object = object, .number = number});
        open.push_back({request, object, names, number == 0 ? names.size() : 1});
      } else {
        const std::size_t at = below(static_cast<unsigned>(open.size()));
        const Open chosen = open[at];
        if (!world.is_answered(chosen.request)) {
          if (action != 9) continue;
          world.cancel(chosen.request);
        } else {
          const auto release = world.ask(unlock, chosen.names, {.object = chosen.object});
          CHECK(world.answer(release).number == static_cast<std::int64_t>(chosen.needed));
        }
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      }
      std::size_t held = 0;
      for (const Open& each : open) {
        if (world.is_done(each.request)) held += each.needed;
      }
      CHECK(held <= all.size());
    }
    while (!open.empty()) {
      const auto ready = std::ranges::find_if(
          open, [&](const Open& each) { return world.is_answered(each.request); });
      REQUIRE(ready != open.end());
      world.ask(unlock, ready->names, {.object = ready->object});
      open.erase(ready);
    }
    CHECK(world.unanswered() == 0);
    CHECK(world.table.locks().size() == 0);
    CHECK(world.table.waiting() == 0);
  }
}

}  // namespace
}  // namespace tutti::sync::testing
