// Members of gangs: tasks that this rank runs together with others.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace tutti::worker::testing {
namespace {

struct GivenMember : GivenWorker {
  using GivenWorker::GivenWorker;

  void assign_member(std::uint64_t run, TaskId id, std::uint32_t index = 0,
                     const std::vector<InputRef>& inputs = {}) {
    constexpr std::array<std::int32_t, 2> ranks{1, 2};
    protocol::AssignMember message;
    message.task.task = id;
    message.task.inputs = PackedList<InputRef>(std::span<const InputRef>(inputs));
    message.run = run;
    message.index = index;
    message.size = 2;
    message.communicator = 1;
    message.members = PackedList<std::int32_t>(std::span<const std::int32_t>(ranks));
    state.on_assign(message, commands);
    state.check_invariants();
  }
  void start(std::uint64_t run) {
    state.on_start(run);
    state.check_invariants();
  }
  void stop(std::uint64_t run, TaskId id) {
    state.on_stop({run, id}, commands);
    state.check_invariants();
  }
  /// Whether exactly this member has just got its slot.
  bool is_seated(std::uint64_t run) {
    const bool seated = commands.members_ready == std::vector{run};
    commands.members_ready.clear();
    return seated;
  }
};

TEST_CASE("a member takes a slot, and runs when it is told to begin") {
  GivenMember given;
  given.assign_member(9, task(5));
  CHECK(given.is_seated(9));
  CHECK_EQ(given.state.startable(), 0);
  given.assign(task(6));
  CHECK_EQ(given.state.startable(), 0);
  given.start(9);
  CHECK_EQ(given.state.startable(), 1);
  const Execution& item = given.take();
  CHECK_EQ(item.run, 9);
  CHECK(given.state.may_take_long(given.batch));
  given.done();
  CHECK(given.store.contains(task(5)));
  given.run(task(6));
}

TEST_CASE("a member gets the first slot that is free, before other work") {
  GivenMember given;
  given.assign(task(1));
  given.take();
  given.assign(task(2));
  given.assign_member(9, task(5));
  CHECK(given.commands.members_ready.empty());
  given.done();
  CHECK(given.is_seated(9));
  CHECK_EQ(given.state.startable(), 0);
}

TEST_CASE("only the first member keeps the result") {
  GivenMember given;
  given.assign_member(9, task(5), 1);
  given.start(9);
  given.take();
  given.done();
  CHECK_FALSE(given.store.contains(task(5)));
}

TEST_CASE("a member that has not begun is dropped when it is told to stop, and says so") {
  GivenMember given;
  given.assign_member(9, task(5));
  given.assign(task(6));
  given.stop(9, task(5));
  REQUIRE_EQ(given.commands.members_ended.size(), 1);
  CHECK_EQ(given.commands.members_ended.front().run, 9);
  CHECK_FALSE(given.commands.members_ended.front().failed);
  // The word to begin may have been on its way.
  given.start(9);
  given.run(task(6));
}

TEST_CASE("a member that was told to begin runs, also when it is told to stop before") {
  GivenMember given;
  given.assign_member(9, task(5));
  given.start(9);
  given.stop(9, task(5));
  CHECK(given.commands.members_ended.empty());
  const Execution& item = given.take();
  CHECK(item.task->detached);
  given.done();
  CHECK(given.batch.items.front().detached);
  CHECK_FALSE(given.store.contains(task(5)));
  CHECK(given.state.is_idle());
}

TEST_CASE("a member that waits for inputs when it is told to stop ends when they are here") {
  GivenMember given;
  given.assign_member(9, task(5), 0, {InputRef{task(1), 0, 1, 2, 0, 0}});
  const WorkerCommands::Fetch fetch = given.take_fetch();
  given.stop(9, task(5));
  CHECK(given.commands.members_ended.empty());
  given.arrive(fetch);
  CHECK_EQ(given.commands.members_ended.size(), 1);
}

TEST_CASE("the result of an attempt that was stopped is dropped, that of the next one is not") {
  GivenMember given;
  given.assign_member(9, task(5));
  given.start(9);
  given.take();
  given.done();
  given.stop(9, task(5));
  CHECK_FALSE(given.store.contains(task(5)));
  given.assign_member(10, task(5));
  given.stop(9, task(5));
  given.start(10);
  given.take();
  given.done();
  CHECK(given.store.contains(task(5)));
}

TEST_CASE("a member begins on a rank that is paused") {
  GivenMember given;
  given.state.set_pause(Pause::all);
  given.assign_member(9, task(5));
  CHECK(given.is_seated(9));
  given.start(9);
  CHECK_EQ(given.state.startable(), 1);
}

TEST_CASE("a thread that waits inside of a task runs no member") {
  GivenMember given({.slots = 2, .rank = own_rank});
  given.assign(task(1));
  given.take();
  Batch waiting = std::move(given.batch);
  given.batch = Batch();
  given.state.suspend(waiting, given.commands);
  given.assign_member(9, task(5));
  given.start(9);
  CHECK_FALSE(given.state.can_nest(0));
  Batch nested;
  given.state.take(nested, 1);
  CHECK(nested.items.empty());
  CHECK_EQ(given.take().run, 9);
  given.done();
  given.state.want_slot();
  given.state.resume(waiting);
  given.batch = std::move(waiting);
  given.done();
}

TEST_CASE("members are not given back") {
  GivenMember given;
  given.assign(task(1));
  given.take();
  given.assign_member(9, task(5));
  CHECK(given.give_back().tasks.empty());
}

}  // namespace
}  // namespace tutti::worker::testing
