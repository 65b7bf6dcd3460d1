// Which worker is best, and work that is taken back from those that have too much.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace tutti::testing {
namespace {

constexpr std::uint32_t element_function = 7;

/// Credit without end, so that the first worker gets all there is.
SchedulerOptions generous() {
  SchedulerOptions result = strict_credit();
  result.credit.tasks_per_slot = 100;
  return result;
}

TEST_CASE("a worker with too much is asked once on behalf of one with nothing") {
  GivenScheduler given(1, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  std::vector<TaskId> made;
  for (int count = 0; count < 6; ++count) made.push_back(given.submit());
  given.place();
  given.sent.take<Assign>(6);
  given.scheduler.on_worker_joined(2, 1, 0);
  given.place();
  CHECK_EQ(given.sent.take<GiveBack>(1).front().worker, 1);
  given.place();
  CHECK(given.sent.empty());
  given.give_back(1, {made[3], made[4], made[5]});
  for (const Assign& each : given.sent.take<Assign>(3)) CHECK_EQ(each.worker, 2);
  CHECK_EQ(given.worker(1).outstanding, 3);
  CHECK_EQ(given.worker(2).outstanding, 3);
  CHECK_EQ(given.worker(2).assignments, 3);
  given.place();
  CHECK(given.sent.empty());
  // Reports of the old worker mean nothing any more.
  CHECK_FALSE(given.finish(1, made[5]));
  CHECK(given.finish(2, made[5]));
  CHECK_EQ(given.locate(3, made[4]), 2);
}

TEST_CASE("who had nothing to give is not asked again before it gets more") {
  GivenScheduler given(1, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  for (int count = 0; count < 3; ++count) given.submit();
  given.place();
  given.sent.take<Assign>(3);
  given.scheduler.on_worker_joined(2, 1, 0);
  given.place();
  given.sent.take<GiveBack>(1);
  given.give_back(1, {});
  given.place();
  CHECK(given.sent.empty());
  CHECK(given.worker(1).barren);
  const TaskId value = given.scheduler.place_value(std::array<std::int32_t, 1>{1}, 1 << 30, true);
  given.submit({{value}});
  given.place();
  given.sent.take<Assign>(given.sent.peek<Assign>());
  given.sent.take<GiveBack>(1);
}

TEST_CASE("short work is not worth a question") {
  GivenScheduler given(1, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000);
  for (int count = 0; count < 6; ++count) given.submit();
  given.place();
  given.sent.take<Assign>(6);
  given.scheduler.on_worker_joined(2, 1, 0);
  given.place();
  CHECK(given.sent.empty());
}

TEST_CASE("a worker that waits for inputs is not without work, and nobody is asked for it") {
  GivenScheduler given(2, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  const TaskId a = given.submit();
  const TaskId b = given.submit();
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  const TaskId sum = given.submit({{a}, {b}});
  given.place();
  const int worker = given.take_assign().worker;
  const int other = 3 - worker;
  const TaskId far = assigned[0].worker == other ? a : b;
  const TaskId near = far == a ? b : a;
  given.finish(worker, near);
  CHECK(given.scheduler.workers().is_idle(given.worker(worker)));
  CHECK_FALSE(given.worker(worker).is_unoccupied());
  given.finish(other, far);
  given.finish(worker, sum);
  CHECK(given.worker(worker).is_unoccupied());
}

TEST_CASE("what nobody wants any more is forgotten when it comes back") {
  GivenScheduler given(1, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  std::vector<TaskId> made;
  for (int count = 0; count < 4; ++count) made.push_back(given.submit());
  given.place();
  given.sent.take<Assign>(4);
  given.scheduler.on_worker_joined(2, 1, 0);
  given.place();
  given.sent.take<GiveBack>(1);
  given.release(made[3]);
  CHECK(given.state(made[3]) == TaskState::assigned);
  given.give_back(1, {made[2], made[3]});
  CHECK(given.take_assign().task == made[2]);
  CHECK(given.sent.take<Forgotten>(1)[0].id == made[3]);
  CHECK_EQ(given.scheduler.counts().work_left, 3);
  CHECK_EQ(given.locate(2, made[3]), scheduler::no_worker);
}

TEST_CASE("what is given back and was not there, or is there no more, is ignored") {
  GivenScheduler given(1, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  std::vector<TaskId> made;
  for (int count = 0; count < 4; ++count) made.push_back(given.submit());
  const TaskId map = given.submit_group(4);
  given.place();
  given.sent.take<Assign>(4);
  const auto ranges = given.sent.take<AssignRange>(4);
  given.scheduler.on_worker_joined(2, 1, 0);
  given.place();
  given.sent.take<GiveBack>(1);
  given.finish(1, made[0]);
  given.finish_range(ranges[0]);
  given.give_back(1, {made[0], TaskId::task(99, 1)},
                  {{map, 0, 0, 1},
                   {map, 1, 1, 1},
                   {map, 77, 0, 1},
                   {map, 1, 0, 2},
                   {TaskId::group(9, 1), 0, 0, 1}});
  CHECK(given.state(made[0]) == TaskState::finished);
  CHECK_EQ(given.worker(1).outstanding, 6);
  CHECK_EQ(given.scheduler.find_group(map)->outstanding.size(), 3);
}

TEST_CASE("a task that waits for a report of its input comes back and is moved with it") {
  GivenScheduler given(2, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  const TaskId a = given.submit();
  const TaskId b = given.submit();
  const TaskId sum = given.submit({{a}, {b}});
  const TaskId use = given.submit({{sum}});
  given.place();
  const auto assigned = given.sent.take<Assign>(4);
  const int worker = assigned[2].worker;
  std::vector<TaskId> more;
  for (int count = 0; count < 8; ++count) more.push_back(given.submit());
  given.place();
  for (const Assign& each : given.sent.take<Assign>(8)) {
    if (each.worker != worker) given.finish(each.worker, each.task);
  }
  const int other = 3 - worker;
  given.finish(other, assigned[0].worker == other ? a : b);
  CHECK(given.worker(other).is_unoccupied());
  given.place();
  CHECK_EQ(given.sent.take<GiveBack>(1)[0].worker, worker);
  // Its worker has all inputs; the report of the one that ran there is on its way.
  CHECK_EQ(given.worker(worker).waiting, assigned[3].worker == worker ? 2 : 1);
  given.give_back(worker, {sum});
  CHECK_EQ(given.take_assign().worker, other);
  CHECK_EQ(given.worker(other).waiting, assigned[3].worker == worker ? 1 : 2);
  given.finish(worker, assigned[0].worker == worker ? a : b);
  CHECK_EQ(given.worker(other).outstanding, 1);
  CHECK(given.finish(other, sum));
  CHECK(given.finish(assigned[3].worker, use));
}

// ---- ranges

struct RichInElements {
  RichInElements() : given(1, 1, generous()) {
    given.scheduler.on_timing(element_function, 1, 1'000'000);
    map = given.submit_group(40);
    given.place();
    ranges = given.sent.take<AssignRange>(given.sent.peek<AssignRange>());
    given.scheduler.on_worker_joined(2, 1, 0);
    given.place();
    given.sent.take<GiveBack>(1);
    before_ns = given.worker(1).outstanding_ns;
  }
  GivenScheduler given;
  TaskId map;
  std::vector<AssignRange> ranges;
  std::uint64_t before_ns = 0;
};

TEST_CASE("the end of a range is given to others") {
  RichInElements rich;
  GivenScheduler& given = rich.given;
  REQUIRE(rich.ranges[0].count > 3);
  const std::uint64_t kept = rich.ranges[0].count - 3;
  given.give_back(1, {}, {{rich.map, 0, kept, 3}});
  CHECK_EQ(given.worker(1).units, 37);
  CHECK_EQ(given.worker(1).outstanding, rich.ranges.size());
  CHECK_EQ(given.worker(1).outstanding_ns, rich.before_ns - 3'000'000);
  given.place();
  std::uint64_t moved = 0;
  std::uint64_t next = kept;
  for (const AssignRange& each : given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
    if (moved == 0) CHECK_EQ(each.worker, 2);
    CHECK_EQ(each.begin, next);
    next += each.count;
    moved += each.count;
    CHECK(given.finish_range(each));
  }
  CHECK_EQ(moved, 3);
  // The report is of what was kept.
  CHECK_FALSE(given.finish_range(rich.ranges[0]));
  CHECK(given.finish_range({rich.map, 0, kept, 1}));
  for (std::size_t index = 1; index < rich.ranges.size(); ++index)
    CHECK(given.finish_range(rich.ranges[index]));
  given.sent.take<GroupDone>(1);
  CHECK_EQ(given.worker(1).outstanding_ns, 0);
}

TEST_CASE("a whole range is given to others") {
  RichInElements rich;
  GivenScheduler& given = rich.given;
  const AssignRange last = rich.ranges.back();
  given.give_back(1, {}, {{rich.map, last.begin, 0, last.count}});
  CHECK_EQ(given.worker(1).outstanding, rich.ranges.size() - 1);
  CHECK_FALSE(given.finish_range(last));
  given.place();
  const AssignRange moved = given.take_range();
  CHECK_EQ(moved.worker, 2);
  CHECK_EQ(moved.begin, last.begin);
}

TEST_CASE("of a map that nobody wants nothing is given out again") {
  RichInElements rich;
  GivenScheduler& given = rich.given;
  given.release(rich.map);
  std::vector<protocol::RangeCut> cuts;
  for (const AssignRange& each : rich.ranges) cuts.push_back({rich.map, each.begin, 0, each.count});
  given.give_back(1, {}, cuts);
  CHECK(given.sent.take<Forgotten>(1)[0].id == rich.map);
  given.place();
  CHECK_EQ(given.scheduler.counts().work_left, 0);
  CHECK_EQ(given.worker(1).units, 0);
}

// ---- the choice of a worker

TEST_CASE("of two that hold as much the one with less to do is taken") {
  GivenScheduler given(2, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  const TaskId first = given.scheduler.place_value(std::array<std::int32_t, 1>{1}, 1 << 20, true);
  const TaskId second = given.scheduler.place_value(std::array<std::int32_t, 1>{2}, 1 << 20, true);
  given.submit({{first}});
  given.place();
  CHECK_EQ(given.take_assign().worker, 1);
  given.submit({{first}, {second}});
  given.place();
  CHECK_EQ(given.take_assign().worker, 2);
}

TEST_CASE("a worker with work of its own must be earlier by more than a run") {
  GivenScheduler given(2, 1, generous());
  given.scheduler.on_timing(0, 1, 1'000'000);
  const TaskId near = given.scheduler.place_value(std::array<std::int32_t, 1>{1}, 1'000, true);
  const TaskId far = given.scheduler.place_value(std::array<std::int32_t, 1>{2}, 100, true);
  given.submit({{far}});
  given.submit({{near}});
  given.place();
  given.sent.take<Assign>(2);
  // Level, and one run behind: that is not enough.
  for (int count = 0; count < 2; ++count) {
    given.submit({{near}});
    given.place();
    CHECK_EQ(given.take_assign().worker, 1);
  }
  for (int count = 0; count < 4; ++count) given.submit({{near}});
  given.place();
  const auto assigned = given.sent.take<Assign>(4);
  CHECK(std::ranges::count(assigned, 2, &Assign::worker) > 0);
  CHECK(std::ranges::count(assigned, 1, &Assign::worker) > 0);
}

TEST_CASE("the bandwidth that was measured decides whether data move") {
  for (const std::uint64_t nanoseconds : {std::uint64_t{1'000}, std::uint64_t{1'000'000'000}}) {
    GivenScheduler given(2, 1, generous());
    given.scheduler.on_timing(0, 1, 1'000'000);
    // 1 MB in a microsecond or in a second.
    for (int count = 0; count < 50; ++count) given.scheduler.on_transfer(1'000'000, nanoseconds);
    given.scheduler.on_transfer(0, 5);
    given.scheduler.on_transfer(5, 0);
    const TaskId data = given.scheduler.place_value(std::array<std::int32_t, 1>{1}, 1 << 20, true);
    given.submit({{data}});
    given.place();
    CHECK_EQ(given.take_assign().worker, 1);
    given.submit({{data}});
    given.place();
    const bool fast = nanoseconds == 1'000;
    CHECK_EQ(given.take_assign().worker, fast ? 2 : 1);
    if (!fast) given.sent.take<GiveBack>(1);
  }
}

TEST_CASE("own work of a worker does not go before what is more urgent") {
  GivenScheduler given(1, 1);
  const TaskId data = given.scheduler.place_value(std::array<std::int32_t, 1>{1}, 1'000, true);
  TaskSpec urgent;
  urgent.priority = 3;
  const TaskId bound = given.submit({{data}});
  const TaskId first = given.submit({}, urgent);
  const TaskId second = given.submit({}, urgent);
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  CHECK(assigned[0].task == first);
  CHECK(assigned[1].task == second);
  given.finish(1, first);
  given.place();
  CHECK(given.take_assign().task == bound);
  // Of the same priority, own work goes first.
  const TaskId third = given.submit({{data}}, urgent);
  given.submit({}, urgent);
  given.finish(1, second);
  given.place();
  CHECK(given.take_assign().task == third);
}

}  // namespace
}  // namespace tutti::testing
