// Tasks that several workers run together.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

using Members = std::vector<GangCommands::Assign>;

TaskSpec gang_of(std::uint32_t size, std::uint8_t retries = 0) {
  TaskSpec spec;
  spec.gang = size;
  spec.retries = retries;
  return spec;
}

struct GivenGangs : GivenScheduler {
  using GivenScheduler::GivenScheduler;

  TaskId submit_gang(std::uint32_t size, std::uint8_t retries = 0,
                     const std::vector<Input>& inputs = {}) {
    return submit(inputs, gang_of(size, retries));
  }
  /// The members of the one gang that is assigned in this turn.
  Members take_members(std::size_t size) {
    place();
    return sent.take<GangCommands::Assign>(size);
  }
  void ready(const GangCommands::Assign& member) {
    CHECK(scheduler.on_member_ready(member.worker, member.run, sent.commands()));
    place();
  }
  bool fail(const GangCommands::Assign& member) {
    TaskFailure failure;
    failure.message = "thrown by a member";
    failure.rank = member.worker;
    const bool accepted =
        scheduler.on_member_failed(member.worker, member.run, failure, sent.commands());
    place();
    return accepted;
  }
  bool end(const GangCommands::Assign& member, std::uint64_t bytes = 8) {
    const bool accepted =
        scheduler.on_member_ended(member.worker, member.run, bytes, sent.commands());
    place();
    return accepted;
  }
  void start(const Members& members) {
    for (const auto& each : members) ready(each);
    sent.take<GangStart>(members.size());
  }
  void finish_gang(const Members& members) {
    start(members);
    for (const auto& each : members) CHECK(end(each));
    CHECK(sent.take<GangDone>(1).front().id == members.front().task);
  }
};

TEST_CASE("a gang goes to as many workers as it has members, once each") {
  GivenGangs given(4);
  const TaskId gang = given.submit_gang(3);
  const Members members = given.take_members(3);
  CHECK_EQ(members[0].worker, 1);
  CHECK_EQ(members[1].worker, 2);
  CHECK_EQ(members[2].worker, 3);
  CHECK(given.state(gang) == TaskState::assigned);
  CHECK_EQ(given.scheduler.counts().outstanding, 3);
}

TEST_CASE("members begin when all have slots, and the gang is finished when all have ended") {
  GivenGangs given(2);
  const TaskId gang = given.submit_gang(2);
  const Members members = given.take_members(2);
  given.ready(members[1]);
  CHECK(given.sent.empty());
  given.ready(members[0]);
  CHECK_EQ(given.sent.take<GangStart>(2)[0].tell.worker, 1);
  CHECK(given.end(members[0], 400));
  CHECK(given.state(gang) == TaskState::assigned);
  CHECK_FALSE(given.end(members[0]));
  CHECK(given.end(members[1], 0));
  CHECK(given.sent.take<GangDone>(1).front().id == gang);
  CHECK(given.state(gang) == TaskState::finished);
  CHECK_EQ(given.scheduler.find_task(gang)->result_bytes, 400);
  CHECK_EQ(given.scheduler.holders_of({gang, 0}), std::vector<std::int32_t>{1});
}

TEST_CASE("a worker has one member at a time, and other gangs wait for it") {
  GivenGangs given(3);
  given.submit_gang(2);
  const Members first = given.take_members(2);
  const TaskId second = given.submit_gang(2);
  given.place();
  CHECK(given.sent.empty());
  given.finish_gang(first);
  CHECK(given.take_members(2).front().task == second);
}

TEST_CASE("tasks go to the workers that have no member") {
  GivenGangs given(2);
  given.submit_gang(1);
  CHECK_EQ(given.take_members(1).front().worker, 1);
  // Two go to the other worker, and then it has no credit; the first one has no slot at all.
  for (int count = 0; count < 3; ++count) given.submit();
  given.place();
  for (const Assign& each : given.sent.take<Assign>(2)) CHECK_EQ(each.worker, 2);
}

TEST_CASE("a gang comes in its turn: after what was submitted before it") {
  GivenGangs given(1);
  const TaskId first = given.submit();
  given.submit();
  given.submit();
  const TaskId gang = given.submit_gang(1);
  given.place();
  given.sent.take<Assign>(2);
  given.finish(1, first);
  given.place();
  // The third task took the credit that was free; only now it is the gang's turn.
  given.take_assign();
  CHECK(given.take_members(1).front().task == gang);
}

TEST_CASE("after a member a worker does what it has before it gets the next one") {
  GivenGangs given(1);
  const TaskId task = given.submit();
  given.submit_gang(1);
  const TaskId second = given.submit_gang(1);
  given.place();
  CHECK(given.take_assign().task == task);
  const Members first = given.take_members(1);
  given.finish_gang(first);
  given.place();
  CHECK(given.sent.empty());
  given.finish(1, task);
  CHECK(given.take_members(1).front().task == second);
}

TEST_CASE("smaller gangs overtake a large one a few times, and then it is waited for") {
  SchedulerOptions options = strict_credit();
  options.gang_overtaken_max = 2;
  GivenGangs given(3, 1, options);
  given.submit_gang(1);
  Members running = given.take_members(1);
  const TaskId large = given.submit_gang(3);
  for (int count = 0; count < 4; ++count) given.submit_gang(1);
  given.place();
  const Members overtaking = given.sent.take<GangCommands::Assign>(2);
  given.finish_gang(running);
  given.place();
  CHECK(given.sent.empty());
  given.finish_gang({overtaking[0]});
  given.finish_gang({overtaking[1]});
  CHECK(given.take_members(3).front().task == large);
}

TEST_CASE("the more urgent gang goes first") {
  GivenGangs given(2);
  given.submit_gang(2);
  const Members running = given.take_members(2);
  given.submit_gang(2);
  given.place();
  TaskSpec spec = gang_of(2);
  spec.priority = 1;
  const TaskId urgent = given.submit({}, spec);
  given.place();
  given.finish_gang(running);
  CHECK(given.take_members(2).front().task == urgent);
}

TEST_CASE("a member that fails fails the gang, and the others are told") {
  GivenGangs given(3);
  const TaskId gang = given.submit_gang(3);
  const TaskId needs_it = given.submit({{gang, 0}});
  const Members members = given.take_members(3);
  given.start(members);
  CHECK(given.end(members[0]));
  CHECK(given.fail(members[1]));
  CHECK_EQ(given.sent.take<Failed>(2).front().failure->message, "thrown by a member");
  CHECK(given.state(needs_it) == TaskState::failed);
  // All: the first one may have given its result.
  given.sent.take<GangStop>(3);
  for (const auto& each : given.sent.take<GangCommands::Drop>(3)) CHECK(each.failed);
  // What a second one throws is not asked for.
  CHECK_FALSE(given.fail(members[2]));
  CHECK(given.end(members[1]));
  CHECK_EQ(given.worker(3).members, 1);
  CHECK(given.end(members[2]));
  CHECK_EQ(given.worker(3).members, 0);
  // The same workers meet on another communicator.
  given.submit_gang(3);
  const Members again = given.take_members(3);
  CHECK_NE(given.scheduler.find_run(again[0].run)->communicator, 1);
}

TEST_CASE("a gang with retries is tried again when all members are back") {
  GivenGangs given(2);
  const TaskId gang = given.submit_gang(2, 1);
  const Members first = given.take_members(2);
  given.start(first);
  CHECK(given.fail(first[0]));
  given.sent.take<GangStop>(2);
  given.sent.take<GangCommands::Drop>(2);
  CHECK(given.end(first[0]));
  CHECK(given.sent.empty());
  CHECK(given.end(first[1]));
  const Members second = given.take_members(2);
  CHECK(second.front().task == gang);
  CHECK_EQ(given.scheduler.find_task(gang)->attempt, 2);
  // A report of the first attempt means nothing now.
  CHECK_FALSE(given.end(first[0]));
  given.start(second);
  CHECK(given.fail(second[1]));
  given.sent.take<GangStop>(2);
  given.sent.take<GangCommands::Drop>(2);
  CHECK_EQ(given.sent.take<Failed>(1).front().failure->attempt, 2);
}

TEST_CASE("a gang that is cancelled before it began leaves its communicator as it is") {
  GivenGangs given(2);
  given.submit_gang(2);
  given.finish_gang(given.take_members(2));
  const TaskId gang = given.submit_gang(2);
  const Members members = given.take_members(2);
  given.ready(members[0]);
  given.cancel(gang);
  given.sent.take<GangStop>(2);
  given.sent.take<Failed>(1);
  CHECK(given.end(members[0]));
  CHECK(given.end(members[1]));
  given.submit_gang(2);
  const Members next = given.take_members(2);
  CHECK_EQ(given.scheduler.find_run(next[0].run)->communicator, 1);
}

TEST_CASE("communicators that were not used for longest are dropped") {
  SchedulerOptions options = strict_credit();
  options.communicators_max = 1;
  GivenGangs given(3, 1, options);
  given.submit_gang(3);
  given.finish_gang(given.take_members(3));
  given.submit_gang(2);
  const Members members = given.take_members(2);
  const auto dropped = given.sent.take<GangCommands::Drop>(3);
  CHECK_EQ(dropped.front().communicator, 1);
  CHECK_FALSE(dropped.front().failed);
  given.finish_gang(members);
}

TEST_CASE("dependents are not sent anywhere before the gang is finished") {
  GivenGangs given(2);
  const TaskId gang = given.submit_gang(1);
  const TaskId needs_it = given.submit({{gang, 0}});
  const Members members = given.take_members(1);
  given.start(members);
  CHECK(given.state(needs_it) == TaskState::waiting);
  CHECK(given.end(members[0]));
  given.sent.take<GangDone>(1);
  given.place();
  CHECK(given.take_assign().task == needs_it);
}

TEST_CASE("members do not move from inputs that all of them read") {
  GivenGangs given(2);
  const TaskId input = given.submit();
  const TaskId gang = given.submit_gang(2, 0, {{input, 0}});
  given.place();
  given.take_assign();
  given.release(input);
  given.finish(1, input, 10'000);
  given.take_members(2);
  for (int rank = 1; rank <= 2; ++rank) CHECK_EQ(given.refs(gang, rank).front().last_use, 0);
}

TEST_CASE("a worker that is short of memory gets a member only when there are too few others") {
  GivenGangs given(3);
  protocol::MemoryState full;
  full.paused = true;
  given.scheduler.on_memory(1, full);
  given.submit_gang(2);
  const Members two = given.take_members(2);
  CHECK_EQ(two[0].worker, 2);
  CHECK_EQ(two[1].worker, 3);
  given.finish_gang(two);
  given.submit_gang(3);
  given.take_members(3);
}

TEST_CASE("a member that waits inside of itself leaves its slot to others") {
  GivenGangs given(1);
  given.submit_gang(1);
  given.take_members(1);
  given.submit();
  given.place();
  CHECK(given.sent.empty());
  given.waits(1, 1);
  given.place();
  given.take_assign();
}

}  // namespace
}  // namespace tutti::testing
