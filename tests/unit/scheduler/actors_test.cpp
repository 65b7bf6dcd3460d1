// Actors in the scheduler: where they live, and when their calls are assigned.

#include "support/given_scheduler.hpp"
#include "tutti/detail/actor_line.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace tutti::testing {
namespace {

struct GivenActors : GivenScheduler {
  using GivenScheduler::GivenScheduler;

  TaskId create(const protocol::Demand* demand = nullptr) {
    TaskSpec spec;
    spec.line = detail::creates_actor;
    spec.demand = demand;
    return submit({}, spec);
  }
  TaskId call(TaskId actor, std::uint32_t line = 1, const std::vector<Input>& more = {}) {
    std::vector<Input> inputs{{actor, 0}};
    inputs.insert(inputs.end(), more.begin(), more.end());
    TaskSpec spec;
    spec.line = line;
    return submit(inputs, spec);
  }
  /// An actor that is there; gives its worker.
  int make(TaskId actor) {
    place();
    const Assign assign = take_assign();
    CHECK(assign.task == actor);
    finish(assign.worker, actor);
    end_claim(assign);
    return assign.worker;
  }
  void end_claim(const Assign& assign) { scheduler.on_claim_ended(assign.claim); }
  void end(const Assign& assign) {
    finish(assign.worker, assign.task);
    end_claim(assign);
  }
  std::vector<Assign> assigned() {
    place();
    return sent.take<Assign>(sent.peek<Assign>());
  }
};

TEST_CASE("actors go to the workers with the fewest of them") {
  GivenActors given(3, 2);
  std::multiset<int> workers;
  std::vector<TaskId> actors;
  for (int i = 0; i < 6; ++i) {
    actors.push_back(given.create());
    workers.insert(given.make(actors.back()));
  }
  for (int rank = 1; rank <= 3; ++rank) CHECK_EQ(workers.count(rank), 2);
  // One that ended makes room.
  const int freed = given.scheduler.find_task(actors[4])->worker;
  given.release(actors[4]);
  given.sent.take<Release>(1);
  given.sent.take<Forgotten>(1);
  CHECK_EQ(given.make(given.create()), freed);
}

TEST_CASE("an actor goes where it was told to go") {
  GivenActors given(3);
  protocol::Demand demand;
  demand.workers = {2};
  for (int i = 0; i < 3; ++i) CHECK_EQ(given.make(given.create(&demand)), 2);
}

TEST_CASE("a call goes to its actor, one at a time, however busy its worker is") {
  GivenActors given(2);
  const TaskId actor = given.create();
  const int home = given.make(actor);
  std::vector<TaskId> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(given.call(actor));
  for (const TaskId each : calls) {
    const std::vector<Assign> now = given.assigned();
    REQUIRE_EQ(now.size(), 1);
    CHECK(now[0].task == each);
    CHECK_EQ(now[0].worker, home);
    CHECK_NE(now[0].claim, 0);
    CHECK(given.assigned().empty());
    // The end of the call alone does not free the actor.
    given.finish(home, each);
    CHECK(given.assigned().empty());
    given.end_claim(now[0]);
  }
}

TEST_CASE("calls wait for the actor and fail with it") {
  GivenActors given(1);
  const TaskId actor = given.create();
  const TaskId early = given.call(actor);
  given.place();
  CHECK(given.take_assign().task == actor);
  CHECK(given.state(early) == TaskState::waiting);
  given.throw_in(1, actor, "no such thing");
  CHECK(given.state(early) == TaskState::failed);
  const TaskId late = given.call(actor);
  CHECK(given.state(late) == TaskState::failed);
  CHECK_EQ(given.scheduler.failure_of_task(late)->message, "no such thing");
  given.sent.take<Failed>(3);
  CHECK(given.assigned().empty());
}

TEST_CASE("a call that throws, is cancelled, or has an argument that failed lets others pass") {
  GivenActors given(1);
  const TaskId actor = given.create();
  given.make(actor);
  const TaskId argument = given.submit();
  const TaskId first = given.call(actor);
  const TaskId second = given.call(actor, 1, {{argument, 0}});
  const TaskId third = given.call(actor);
  const TaskId fourth = given.call(actor);
  std::vector<Assign> now = given.assigned();
  REQUIRE_EQ(now.size(), 2);
  CHECK(now[0].task == first);
  CHECK(now[1].task == argument);
  given.throw_in(1, argument);
  CHECK(given.state(second) == TaskState::failed);
  given.cancel(third);
  given.throw_in(1, first);
  given.end_claim(now[0]);
  now = given.assigned();
  REQUIRE_EQ(now.size(), 1);
  CHECK(now[0].task == fourth);
  given.end(now[0]);
  given.sent.take<Failed>(4);
}

TEST_CASE("a call that is cancelled while it runs keeps its actor until its worker is through") {
  GivenActors given(1, 2);
  const TaskId actor = given.create();
  given.make(actor);
  const TaskId first = given.call(actor);
  const TaskId second = given.call(actor);
  const std::vector<Assign> running = given.assigned();
  REQUIRE_EQ(running.size(), 1);
  given.cancel(first);
  given.sent.take<Cancel>(1);
  given.sent.take<Failed>(1);
  CHECK(given.assigned().empty());
  given.end_claim(running[0]);
  const std::vector<Assign> next = given.assigned();
  REQUIRE_EQ(next.size(), 1);
  CHECK(next[0].task == second);
}

TEST_CASE("an actor is kept by its calls, and stays where it is") {
  GivenActors given(2);
  protocol::Demand demand;
  demand.workers = {1};
  const TaskId actor = given.create(&demand);
  const int home = given.make(actor);
  // One of two would even out what the workers hold.
  const std::vector<TaskId> both{actor, given.create(&demand)};
  CHECK_EQ(given.make(both[1]), home);
  const std::vector<std::int32_t> ranks{1, 2};
  CHECK(given.scheduler.rebalance(both, ranks, given.sent.commands()).empty());
  const TaskId call = given.call(actor);
  given.release(actor);
  CHECK(given.state(actor) == TaskState::finished);
  const std::vector<Assign> now = given.assigned();
  REQUIRE_EQ(now.size(), 1);
  given.end(now[0]);
  CHECK(given.scheduler.find_task(actor) == nullptr);
  CHECK_EQ(given.sent.take<Release>(1).front().worker, home);
  CHECK(given.sent.take<Forgotten>(1).front().id == actor);
  CHECK(given.state(call) == TaskState::finished);
}

}  // namespace
}  // namespace tutti::testing
