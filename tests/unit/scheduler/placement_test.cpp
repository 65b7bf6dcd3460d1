#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace tutti::testing {
namespace {

TEST_CASE("idle workers come first, in turn") {
  GivenScheduler given(3, 2);
  for (int count = 0; count < 3; ++count) given.submit();
  given.place();
  std::set<int> workers;
  for (const Assign& each : given.sent.take<Assign>(3)) workers.insert(each.worker);
  CHECK_EQ(workers.size(), 3);
  for (int count = 0; count < 3; ++count) given.submit();
  given.place();
  workers.clear();
  for (const Assign& each : given.sent.take<Assign>(3)) workers.insert(each.worker);
  CHECK_EQ(workers.size(), 3);
}

TEST_CASE("a worker gets two tasks a slot ahead, and no more") {
  GivenScheduler given(2, 3);
  for (int count = 0; count < 20; ++count) given.submit();
  given.place();
  const auto assigned = given.sent.take<Assign>(12);
  given.place();
  CHECK(given.sent.empty());
  given.finish(assigned[0].worker, assigned[0].task);
  given.place();
  CHECK_EQ(given.take_assign().worker, assigned[0].worker);
}

TEST_CASE("short tasks get credit in time, up to a number") {
  SchedulerOptions options;
  options.credit.tasks_max = 100;
  GivenScheduler given(1, 1, options);
  given.scheduler.on_timing(0, 10, 10'000);
  for (int count = 0; count < 300; ++count) given.submit();
  given.place();
  CHECK_EQ(given.sent.take<Assign>(100).size(), 100);
}

TEST_CASE("sources of large results get one task a slot, until it is known that they are small") {
  SchedulerOptions options;
  options.credit.result_bytes_per_slot = 1'000'000;
  GivenScheduler given(1, 1, options);
  given.scheduler.on_timing(0, 1, 1'000);
  const TaskId first = given.submit();
  given.place();
  given.finish(given.take_assign().worker, first, 5'000'000);
  for (int count = 0; count < 10; ++count) given.submit();
  given.place();
  const Assign only = given.take_assign();
  given.finish(1, only.task, 5'000'000);
  given.place();
  CHECK_EQ(given.sent.take<Assign>(1).size(), 1);
}

TEST_CASE("long tasks get no credit in time") {
  GivenScheduler given(1, 1, SchedulerOptions{});
  given.scheduler.on_timing(0, 1, 10'000'000);
  for (int count = 0; count < 300; ++count) given.submit();
  given.place();
  CHECK_EQ(given.sent.take<Assign>(2).size(), 2);
}

TEST_CASE("a task goes where most bytes of its inputs are") {
  GivenScheduler given(3);
  const TaskId small = given.submit();
  const TaskId large = given.submit();
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  given.finish(assigned[0].worker, small, 1'000);
  given.finish(assigned[1].worker, large, 1'000'000);
  given.submit({{small, 0}, {large, 0}});
  given.place();
  CHECK_EQ(given.take_assign().worker, assigned[1].worker);
}

/// What gives the data is another function than what needs it, so its results say nothing of those.
TaskSpec function_1() {
  TaskSpec spec;
  spec.function = 1;
  return spec;
}

TEST_CASE("a task leaves its data when moving them is cheaper than waiting") {
  for (const std::uint64_t bytes : {std::uint64_t{1'000}, std::uint64_t{1'000'000'000}}) {
    GivenScheduler given(2);
    given.scheduler.on_timing(0, 1, 1'000'000);
    const TaskId data = given.submit({}, function_1());
    given.place();
    const int holder = given.take_assign().worker;
    given.finish(holder, data, bytes);
    given.submit({{data, 0}});
    given.place();
    CHECK_EQ(given.take_assign().worker, holder);
    given.submit({{data, 0}});
    given.place();
    CHECK_EQ(given.take_assign().worker, bytes == 1'000 ? 3 - holder : holder);
    // The other worker has nothing to do, and so the holder is asked.
    if (bytes != 1'000) CHECK_EQ(given.sent.take<GiveBack>(1).front().worker, holder);
  }
}

TEST_CASE("what waits for a worker without credit is taken by others when they are idle") {
  GivenScheduler given(2);
  given.scheduler.on_timing(0, 1, 1'000);
  const TaskId data = given.submit({}, function_1());
  given.place();
  const int holder = given.take_assign().worker;
  given.finish(holder, data, 1'000'000'000);
  TaskSpec spec;
  for (int count = 0; count < 8; ++count) given.submit({{data, 0}}, spec);
  given.place();
  std::vector<Assign> assigned = given.sent.take<Assign>(3);
  CHECK_EQ(std::ranges::count(assigned, holder, &Assign::worker), 2);
  CHECK_EQ(given.scheduler.workers().at(holder).own_queue.size(), 5);
  std::size_t done = 0;
  while (!assigned.empty()) {
    for (const Assign& each : assigned) done += given.finish(each.worker, each.task);
    given.place();
    assigned = given.sent.take<Assign>(given.sent.peek<Assign>());
  }
  CHECK_EQ(done, 8);
}

TEST_CASE("the queue of a worker keeps priorities") {
  GivenScheduler given(1);
  const TaskId data = given.submit();
  given.place();
  given.take_assign();
  given.finish(1, data);
  for (int count = 0; count < 4; ++count) given.submit({{data, 0}});
  given.place();
  const auto first = given.sent.take<Assign>(2);
  TaskSpec spec;
  spec.priority = 1;
  const TaskId urgent = given.submit({{data, 0}}, spec);
  given.place();
  given.finish(1, first[0].task);
  given.place();
  CHECK(given.take_assign().task == urgent);
}

TEST_CASE("what waits for a task of another worker is not taken") {
  GivenScheduler given(2);
  const TaskId a = given.submit();
  given.place();
  const int worker = given.take_assign().worker;
  for (int count = 0; count < 8; ++count) given.submit({{a, 0}});
  given.place();
  // Three more fit ahead; the others wait although the second worker is idle.
  for (const Assign& each : given.sent.take<Assign>(3)) CHECK_EQ(each.worker, worker);
  given.finish(worker, a);
  given.place();
  CHECK_NE(given.take_assign().worker, worker);
}

TEST_CASE("values that only rank 0 holds bind a task to nobody") {
  GivenScheduler given(2);
  const std::int32_t holders[] = {0};
  const TaskId value = given.scheduler.place_value(holders, 1'000'000'000, true);
  given.submit({{value, 0}});
  given.submit({{value, 0}});
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  CHECK_NE(assigned[0].worker, assigned[1].worker);
}

TEST_CASE("a map leaves no worker idle, and prefers the one that has the elements") {
  GivenScheduler given(2);
  const TaskId source = given.submit_group(8);
  given.place();
  for (const AssignRange& range : given.sent.take<AssignRange>(4)) given.finish_range(range);
  given.place();
  for (const AssignRange& range : given.sent.take<AssignRange>(4)) given.finish_range(range);
  given.sent.take<GroupDone>(1);
  given.submit_group(8, {source});
  given.place();
  std::size_t at_home = 0;
  for (const AssignRange& range : given.sent.take<AssignRange>(4)) {
    std::vector<protocol::PieceRef> pieces;
    given.scheduler.append_pieces(source, 0, range.begin, range.count, pieces);
    at_home += pieces[0].holder == range.worker;
  }
  CHECK_EQ(at_home, 4);
}

}  // namespace
}  // namespace tutti::testing
