// Inputs that are slices of a map, or mean that it has ended.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace tutti::testing {
namespace {

using scheduler::all_elements;
using scheduler::AvailablePiece;

/// A map of six elements, given out one by one to a worker of six slots.
struct SixElements {
  SixElements() : given(1, 6), map(given.submit_group(6)) {
    given.place();
    ranges = given.sent.take<AssignRange>(6);
  }
  ~SixElements() {
    while (next < 6) finish();
    given.sent.take<GroupDone>(1);
  }
  void finish() { CHECK(given.finish_range(ranges[next++])); }
  void finish_to(std::size_t end) {
    while (next < end) finish();
  }
  std::uint32_t missing(TaskId task) const {
    return given.scheduler.find_task(task)->missing_inputs;
  }

  GivenScheduler given;
  TaskId map;
  std::vector<AssignRange> ranges;
  std::size_t next = 0;
};

TEST_CASE("a task is ready with the last element of its slice, whatever comes first") {
  SixElements six;
  const TaskId task = six.given.submit({{six.map, 2, 3}});
  for (const std::size_t index : {4u, 0u, 2u}) six.given.finish_range(six.ranges[index]);
  CHECK(six.given.state(task) == TaskState::waiting);
  six.given.finish_range(six.ranges[3]);
  CHECK(six.given.state(task) == TaskState::ready);
  for (const std::size_t index : {1u, 5u}) six.given.finish_range(six.ranges[index]);
  six.next = 6;
}

TEST_CASE("slices overlap, touch, and are the whole map") {
  SixElements six;
  const TaskId begin = six.given.submit({{six.map, 0, 3}});
  const TaskId end = six.given.submit({{six.map, 3, 3}});
  const TaskId middle = six.given.submit({{six.map, 2, 2}});
  const TaskId whole = six.given.submit({{six.map, 0, 6}});
  const TaskId two = six.given.submit({{six.map, 0, 2}, {six.map, 1, 3}, {six.map, 2}});
  six.finish_to(2);
  CHECK(six.given.state(begin) == TaskState::waiting);
  CHECK_EQ(six.missing(two), 2);
  six.finish_to(3);
  CHECK(six.given.state(begin) == TaskState::ready);
  CHECK_EQ(six.missing(two), 1);
  CHECK(six.given.state(middle) == TaskState::waiting);
  six.finish_to(4);
  CHECK(six.given.state(middle) == TaskState::ready);
  CHECK(six.given.state(two) == TaskState::ready);
  CHECK(six.given.state(end) == TaskState::waiting);
  six.finish_to(5);
  CHECK(six.given.state(whole) == TaskState::waiting);
  six.finish_to(6);
  CHECK(six.given.state(end) == TaskState::ready);
  CHECK(six.given.state(whole) == TaskState::ready);
}

TEST_CASE("a slice that is submitted late waits for what is left of it") {
  SixElements six;
  six.finish_to(3);
  CHECK(six.given.state(six.given.submit({{six.map, 0, 3}})) == TaskState::ready);
  const TaskId task = six.given.submit({{six.map, 1, 3}});
  CHECK(six.given.state(task) == TaskState::waiting);
  six.finish_to(4);
  CHECK(six.given.state(task) == TaskState::ready);
}

TEST_CASE("a failure inside a slice fails who needs it, with the range, one outside does not") {
  SixElements six;
  const TaskId before = six.given.submit({{six.map, 0, 2}});
  const TaskId with = six.given.submit({{six.map, 1, 2}});
  const TaskId after = six.given.submit({{six.map, 3, 3}});
  six.given.throw_element(1, six.map, 2);
  CHECK(six.given.state(with) == TaskState::waiting);
  six.finish_to(3);
  CHECK(six.given.state(before) == TaskState::ready);
  CHECK(six.given.state(with) == TaskState::failed);
  CHECK_EQ(six.given.scheduler.failure_of_task(with)->message, "element 2");
  const TaskId late = six.given.submit({{six.map, 0, 6}});
  CHECK(six.given.state(late) == TaskState::failed);
  six.finish_to(6);
  CHECK(six.given.state(after) == TaskState::ready);
  six.given.sent.take<Failed>(2);
}

TEST_CASE("a slice fails with its first bad range, before the rest has ended") {
  SixElements six;
  const TaskId whole = six.given.submit({{six.map, 0, 6}});
  const TaskId after = six.given.submit({{six.map, all_elements, 0}});
  six.given.throw_element(1, six.map, 0);
  six.finish();
  CHECK(six.given.state(whole) == TaskState::failed);
  CHECK(six.given.state(after) == TaskState::failed);
  six.given.sent.take<Failed>(2);
}

TEST_CASE("a task that a slice has failed is left alone by its other slices") {
  SixElements six;
  const TaskId task = six.given.submit({{six.map, 0, 2}, {six.map, 2, 4}});
  six.given.throw_element(1, six.map, 1);
  six.finish_to(2);
  CHECK(six.given.state(task) == TaskState::failed);
  six.finish_to(6);
  CHECK(six.given.state(task) == TaskState::failed);
  six.given.sent.take<Failed>(1);
}

TEST_CASE("a slice of a placed sequence is there at once, and comes in a piece of each stretch") {
  GivenScheduler given(2);
  const std::array<AvailablePiece, 3> stretches{AvailablePiece{0, 3, 1}, AvailablePiece{3, 5, 2},
                                                AvailablePiece{8, 2, 1}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 10);
  const TaskId task = given.submit({{sequence, 1, 8}});
  CHECK(given.state(task) == TaskState::ready);
  given.place();
  // Most of it is there.
  const Assign assign = given.take_assign();
  const auto refs = given.refs(task, assign.worker);
  REQUIRE_EQ(refs.size(), 3);
  CHECK(refs[0] == protocol::InputRef{sequence, 1, 2, 1, 0, 0});
  CHECK(refs[1] == protocol::InputRef{sequence, 3, 5, 2, 0, 0});
  CHECK(refs[2] == protocol::InputRef{sequence, 8, 1, 1, 0, 0});
}

TEST_CASE("a slice within one stretch is one piece") {
  GivenScheduler given(2);
  const std::array<AvailablePiece, 2> stretches{AvailablePiece{0, 3, 1}, AvailablePiece{3, 5, 2}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 8);
  const TaskId task = given.submit({{sequence, 0, 3}, {sequence, 4, 4}, {sequence, 7}});
  given.place();
  const auto refs = given.refs(task, given.take_assign().worker);
  REQUIRE_EQ(refs.size(), 3);
  CHECK(refs[0] == protocol::InputRef{sequence, 0, 3, 1, 0, 0});
  CHECK(refs[1] == protocol::InputRef{sequence, 4, 4, 2, 0, 0});
  CHECK(refs[2] == protocol::InputRef{sequence, 7, 1, 2, 0, 0});
}

TEST_CASE("a task goes to who has most of its slice") {
  GivenScheduler given(2);
  const std::array<AvailablePiece, 2> stretches{AvailablePiece{0, 3, 1}, AvailablePiece{3, 5, 2}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 8);
  given.submit({{sequence, 0, 4}});
  given.submit({{sequence, 2, 6}});
  given.place();
  const auto assigned = given.sent.take<Assign>(2);
  CHECK_EQ(assigned[0].worker, 1);
  CHECK_EQ(assigned[1].worker, 2);
}

TEST_CASE("a slice is a constant of a map, which waits for it") {
  SixElements six;
  const TaskId over = six.given.submit_group(2, {}, {{six.map, 1, 3}});
  six.finish_to(3);
  CHECK(six.given.group_state(over) == GroupState::waiting);
  six.finish_to(4);
  CHECK(six.given.group_state(over) == GroupState::active);
  std::vector<protocol::InputRef> refs;
  six.given.scheduler.append_constant_refs(*six.given.scheduler.find_group(over), 1, refs);
  CHECK_EQ(refs.size(), 3);
  six.given.release(over);
  six.given.sent.take<Forgotten>(1);
}

TEST_CASE("a failed element of a constant slice fails the whole map") {
  SixElements six;
  const TaskId over = six.given.submit_group(2, {}, {{six.map, 1, 3}});
  six.given.throw_element(1, six.map, 3);
  six.finish_to(4);
  CHECK(six.given.group_state(over) == GroupState::failed);
  six.given.sent.take<Failed>(1);
}

TEST_CASE("what comes after a map waits for all of it") {
  SixElements six;
  const TaskId after = six.given.submit({{six.map, all_elements, 0}});
  six.finish_to(5);
  CHECK(six.given.state(after) == TaskState::waiting);
  six.finish_to(6);
  CHECK(six.given.state(after) == TaskState::ready);
  CHECK(six.given.state(six.given.submit({{six.map, all_elements, 0}})) == TaskState::ready);
  CHECK(six.given.refs(after, 1).empty());
}

TEST_CASE("what comes after an element of a map waits for that one, and gets nothing of it") {
  SixElements six;
  const TaskId after = six.given.submit({{six.map, 3, 0}});
  const TaskId both = six.given.submit({{six.map, 3, 0}, {six.map, 4, 0}, {six.map, 1}});
  const TaskId over = six.given.submit_group(2, {}, {{six.map, 3, 0}});
  six.finish_to(3);
  CHECK(six.given.state(after) == TaskState::waiting);
  CHECK_EQ(six.missing(both), 2);
  CHECK(six.given.group_state(over) == GroupState::waiting);
  six.finish_to(4);
  CHECK(six.given.state(after) == TaskState::ready);
  CHECK_EQ(six.missing(both), 1);
  CHECK(six.given.group_state(over) == GroupState::active);
  six.finish_to(5);
  CHECK(six.given.state(both) == TaskState::ready);
  CHECK(six.given.state(six.given.submit({{six.map, 0, 0}})) == TaskState::ready);
  CHECK(six.given.state(six.given.submit({{six.map, 5, 0}})) == TaskState::waiting);
  CHECK(six.given.refs(after, 1).empty());
  CHECK_EQ(six.given.refs(both, 1).size(), 1);
  six.given.release(over);
  six.given.sent.take<Forgotten>(1);
}

TEST_CASE("what comes after a failed element fails, what comes after its neighbours does not") {
  SixElements six;
  const TaskId before = six.given.submit({{six.map, 1, 0}});
  const TaskId failed = six.given.submit({{six.map, 2, 0}});
  const TaskId next = six.given.submit({{six.map, 3, 0}});
  six.given.throw_element(1, six.map, 2);
  six.finish_to(4);
  CHECK(six.given.state(before) == TaskState::ready);
  CHECK(six.given.state(failed) == TaskState::failed);
  CHECK(six.given.state(next) == TaskState::ready);
  CHECK(six.given.state(six.given.submit({{six.map, 2, 0}})) == TaskState::failed);
  six.given.sent.take<Failed>(2);
}

TEST_CASE("what comes after a map of one element waits for it") {
  GivenScheduler given(1);
  const TaskId map = given.submit_group(1);
  const TaskId after = given.submit({{map, all_elements, 0}});
  given.place();
  CHECK(given.state(after) == TaskState::waiting);
  given.finish_range(given.take_range());
  CHECK(given.state(after) == TaskState::ready);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("what comes after a map of nothing waits for its constants, and not else") {
  GivenScheduler given(1);
  const TaskId empty = given.submit_group(0);
  CHECK(given.state(given.submit({{empty, all_elements, 0}})) == TaskState::ready);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(0, {}, {{constant}});
  const TaskId after = given.submit({{map, all_elements, 0}});
  given.place();
  CHECK(given.state(after) == TaskState::waiting);
  given.sent.take<Assign>(2);
  given.finish(1, constant);
  CHECK(given.state(after) == TaskState::ready);
  given.sent.take<GroupDone>(2);
}

TEST_CASE("what comes after a map whose constant fails, or that has a failed element, fails") {
  GivenScheduler given(1);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(0, {}, {{constant}});
  const TaskId after = given.submit({{map, all_elements, 0}});
  given.place();
  given.take_assign();
  given.throw_in(1, constant);
  CHECK(given.state(after) == TaskState::failed);
  CHECK(given.state(given.submit({{map, all_elements, 0}})) == TaskState::failed);
  given.sent.take<Failed>(4);
}

}  // namespace
}  // namespace tutti::testing
