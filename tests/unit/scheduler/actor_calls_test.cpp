// Whose turn it is at an actor.

#include "scheduler/actor_calls.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::scheduler {
namespace {

const TaskId actor = TaskId::task(100, 1);
const TaskId other = TaskId::task(101, 1);
TaskId call(std::uint32_t number) { return TaskId::task(number, 1); }

/// The calls that may run now, none of which ends.
std::vector<TaskId> next(ActorCalls& calls) {
  std::vector<TaskId> started;
  while (true) {
    const ActorCalls::Turn turn = calls.next();
    if (turn.call.is_none()) return started;
    started.push_back(turn.call);
  }
}
using Ids = std::vector<TaskId>;

TEST_CASE("the calls of a caller run one at a time and in order, whichever is ready first") {
  ActorCalls calls;
  for (std::uint32_t number = 1; number <= 3; ++number) calls.add(call(number), actor, 7);
  calls.on_ready(call(2));
  calls.on_ready(call(3));
  CHECK(next(calls).empty());
  calls.on_ready(call(1));
  for (std::uint32_t number = 1; number <= 3; ++number) {
    CHECK(next(calls) == Ids{call(number)});
    CHECK(next(calls).empty());
    calls.on_ended(call(number));
  }
  CHECK(calls.empty());
}

TEST_CASE("a caller that waits for an argument holds up nobody else") {
  ActorCalls calls;
  calls.add(call(1), actor, 7);
  calls.add(call(2), actor, 8);
  calls.add(call(3), actor, 8);
  calls.on_ready(call(2));
  calls.on_ready(call(3));
  CHECK(next(calls) == Ids{call(2)});
  calls.on_ready(call(1));
  calls.on_ended(call(2));
  // Of what is ready the one that was submitted first.
  CHECK(next(calls) == Ids{call(1)});
  calls.on_ended(call(1));
  CHECK(next(calls) == Ids{call(3)});
}

TEST_CASE("a call that ends without having run lets those behind it pass") {
  ActorCalls calls;
  for (std::uint32_t number = 1; number <= 4; ++number) calls.add(call(number), actor, 7);
  for (const std::uint32_t number : {1u, 3u, 4u}) calls.on_ready(call(number));
  CHECK(next(calls) == Ids{call(1)});
  calls.on_ended(call(2));  // in the line, not ready
  calls.on_ended(call(1));
  CHECK(next(calls) == Ids{call(3)});
  calls.on_ended(call(4));  // in the line, ready
  calls.on_ended(call(3));
  CHECK(next(calls).empty());
  CHECK(calls.empty());
  calls.on_ended(call(3));
}

TEST_CASE("an actor is busy until the claim of its call has ended as well") {
  ActorCalls calls;
  calls.add(call(1), actor, 7);
  calls.add(call(2), actor, 7);
  calls.on_ready(call(1));
  calls.on_ready(call(2));
  CHECK(next(calls) == Ids{call(1)});
  calls.note_claim(call(1), 40);
  calls.on_ended(call(1));
  CHECK(next(calls).empty());
  calls.on_claim_ended(41);
  CHECK(next(calls).empty());
  calls.on_claim_ended(40);
  CHECK(next(calls) == Ids{call(2)});
  // The other way round.
  calls.note_claim(call(2), 42);
  calls.on_claim_ended(42);
  CHECK_FALSE(calls.empty());
  calls.on_ended(call(2));
  CHECK(calls.empty());
}

TEST_CASE("actors do not wait for each other") {
  ActorCalls calls;
  calls.add(call(1), actor, 7);
  calls.add(call(2), other, 7);
  calls.on_ready(call(1));
  calls.on_ready(call(2));
  CHECK(next(calls) == Ids{call(1), call(2)});
}

}  // namespace
}  // namespace tutti::scheduler
