#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace tutti::testing {
namespace {

using scheduler::AvailablePiece;

constexpr std::uint32_t function = 7;

/// Runs everything that is assigned until nothing is; returns how many elements ran.
std::uint64_t run_ranges(GivenScheduler& given) {
  std::uint64_t elements = 0;
  for (;;) {
    given.place();
    given.sent.absorb();
    if (given.sent.peek<AssignRange>() == 0) return elements;
    for (const AssignRange& range : given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
      elements += range.count;
      CHECK(given.finish_range(range));
    }
  }
}

TEST_CASE("what is left counts elements of maps") {
  GivenScheduler given(1);
  const TaskId task = given.submit();
  given.submit_group(5);
  CHECK_EQ(given.scheduler.tasks_left(), 6);
  given.place();
  given.finish(1, given.take_assign().task);
  CHECK_EQ(given.scheduler.tasks_left(), 5);
  given.place();
  given.finish_range(given.sent.take<AssignRange>(2)[0]);
  CHECK_EQ(given.scheduler.tasks_left(), 4);
  CHECK_EQ(given.state(task), TaskState::finished);
}

TEST_CASE("a map is handed out in ranges, and done when all of them are") {
  GivenScheduler given(2, 2);
  const TaskId map = given.submit_group(100);
  CHECK(given.group_state(map) == GroupState::active);
  CHECK_EQ(run_ranges(given), 100);
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
  CHECK(given.group_state(map) == GroupState::finished);
  CHECK_EQ(given.scheduler.counts().tasks_done, 100);
  given.release(map);
  const auto release = given.sent.take<Release>(2);
  CHECK_NE(release[0].worker, release[1].worker);
  given.sent.take<Forgotten>(1);
}

TEST_CASE(
    "without a known run time elements go one by one; with it in stretches that get shorter") {
  GivenScheduler given(1);
  given.submit_group(10'000);
  given.place();
  for (const AssignRange& range : given.sent.take<AssignRange>(2)) {
    CHECK_EQ(range.count, 1);
    given.scheduler.on_timing(function, 1, 100'000);
    given.finish_range(range);
  }
  std::uint64_t before = 10'000;
  std::uint64_t ranges = 0;
  for (;;) {
    given.place();
    given.sent.absorb();
    if (given.sent.peek<AssignRange>() == 0) break;
    for (const AssignRange& range : given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
      CHECK(range.count <= before);
      before = range.count;
      ++ranges;
      given.finish_range(range);
    }
  }
  CHECK_EQ(before, 1);
  CHECK(ranges > 20);
  CHECK(ranges < 200);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("a range moves at most so many bytes of its sources") {
  SchedulerOptions options = strict_credit();
  options.range_bytes_max = 1000;
  GivenScheduler given(1, 1, options);
  given.scheduler.on_timing(function, 100, 100);
  GroupSpec spec;
  spec.bytes_per_element = 100;
  given.submit_group(1'000'000, {}, {}, spec);
  given.place();
  for (const AssignRange& range : given.sent.take<AssignRange>(2)) CHECK_EQ(range.count, 10);
}

TEST_CASE("a map of nothing is done at once") {
  GivenScheduler given(1);
  const TaskId map = given.submit_group(0);
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
  given.release(map);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a map of nothing over a constant is done when the constant is") {
  GivenScheduler given(1);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(0, {}, {{constant, 0}});
  CHECK(given.group_state(map) == GroupState::waiting);
  given.place();
  given.take_assign();
  given.finish(1, constant);
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
}

TEST_CASE("a map waits for its constants") {
  GivenScheduler given(1);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(2, {}, {{constant, 0}});
  given.place();
  given.take_assign();
  given.finish(1, constant);
  CHECK(given.group_state(map) == GroupState::active);
  CHECK_EQ(run_ranges(given), 2);
  CHECK_EQ(given.scheduler.find_task(constant)->references, 0);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("a constant that fails fails the whole map, and maps over it, with one origin") {
  GivenScheduler given(1);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(5, {}, {{constant, 0}});
  const TaskId over = given.submit_group(5, {map});
  const TaskId element = given.submit({{over, 3}});
  given.place();
  given.take_assign();
  given.throw_in(1, constant, "origin");
  for (const TaskId id : {map, over}) {
    CHECK(given.group_state(id) == GroupState::failed);
    CHECK_EQ(given.scheduler.find_group(id)->failure->message, "origin");
  }
  CHECK(given.state(element) == TaskState::failed);
  CHECK_EQ(given.scheduler.counts().work_left, 0);
  CHECK_EQ(given.sent.take<Failed>(4).size(), 4);
  // A map over a failed one fails at submit.
  const TaskId late = given.submit_group(5, {over});
  CHECK(given.group_state(late) == GroupState::failed);
  given.sent.take<Failed>(1);
  for (const TaskId id : {late, map, over, element, constant}) given.release(id);
  given.sent.take<Forgotten>(5);
}

TEST_CASE("a map over a map starts with the first finished range, where the range is") {
  GivenScheduler given(2);
  const TaskId source = given.submit_group(4);
  const TaskId over = given.submit_group(4, {source});
  given.place();
  const auto ranges = given.sent.take<AssignRange>(4);
  for (const AssignRange& range : ranges) CHECK(range.group == source);
  given.finish_range(ranges[2]);
  given.place();
  const AssignRange piece = given.take_range();
  CHECK(piece.group == over);
  CHECK_EQ(piece.begin, ranges[2].begin);
  CHECK_EQ(piece.worker, ranges[2].worker);
  for (const std::size_t index : {0u, 1u, 3u}) given.finish_range(ranges[index]);
  given.finish_range(piece);
  CHECK_EQ(run_ranges(given), 3);
  CHECK_EQ(given.sent.take<GroupDone>(2).size(), 2);
}

TEST_CASE("a map over a finished sequence takes every stretch of it") {
  GivenScheduler given(2);
  const std::array<AvailablePiece, 2> stretches{AvailablePiece{0, 3, 1}, AvailablePiece{3, 5, 2}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 8);
  CHECK(given.group_state(sequence) == GroupState::finished);
  given.scheduler.on_timing(function, 1000, 1000);
  given.submit_group(8, {sequence});
  given.place();
  const auto ranges = given.sent.take<AssignRange>(2);
  CHECK_EQ(ranges[0].count, 3);
  CHECK_EQ(ranges[0].worker, 1);
  CHECK_EQ(ranges[1].begin, 3);
  CHECK_EQ(ranges[1].worker, 2);
  for (const AssignRange& range : ranges) given.finish_range(range);
  given.release(sequence);
  given.sent.take<GroupDone>(1);
  CHECK_EQ(given.sent.take<Release>(2).size(), 2);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a map over several sources waits for all of them, and takes pieces of each") {
  GivenScheduler given(2);
  const std::array<AvailablePiece, 2> stretches{AvailablePiece{0, 3, 1}, AvailablePiece{3, 3, 2}};
  const TaskId placed = given.scheduler.place_sequence(stretches, 6);
  const TaskId source = given.submit_group(6);
  const TaskId zip = given.submit_group(6, {placed, source});
  CHECK_EQ(given.scheduler.find_group(zip)->available.size(), 0);
  CHECK_EQ(run_ranges(given), 12);
  CHECK_EQ(given.sent.take<GroupDone>(2)[1].id.bits(), zip.bits());
  std::vector<protocol::PieceRef> pieces;
  given.scheduler.append_pieces(placed, 0, 1, 4, pieces);
  REQUIRE_EQ(pieces.size(), 2);
  CHECK(pieces[0] == protocol::PieceRef{placed, 1, 2, 1, 0});
  CHECK(pieces[1] == protocol::PieceRef{placed, 3, 2, 2, 0});
}

TEST_CASE("one sequence may feed a map twice, and be its constant too") {
  GivenScheduler given(1);
  const TaskId source = given.submit_group(3);
  const TaskId zip = given.submit_group(3, {source, source}, {{source, 1}});
  CHECK_EQ(given.scheduler.find_group(source)->references, 3);
  given.release(source);
  CHECK_EQ(run_ranges(given), 6);
  CHECK(given.sent.take<GroupDone>(2)[1].id == zip);
  given.sent.take<Release>(1);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a map whose constant is an element of its source takes each stretch once") {
  GivenScheduler given(1, 4);
  const TaskId source = given.submit_group(3);
  const TaskId over = given.submit_group(3, {source}, {{source, 1}});
  given.place();
  const auto ranges = given.sent.take<AssignRange>(3);
  for (const AssignRange& range : ranges) given.finish_range(range);
  CHECK_EQ(run_ranges(given), 3);
  CHECK(given.sent.take<GroupDone>(2)[1].id == over);
}

TEST_CASE("an element that throws fails alone, and what needs it") {
  GivenScheduler given(1, 2);
  const TaskId map = given.submit_group(3);
  const TaskId good = given.submit({{map, 0}});
  const TaskId bad = given.submit({{map, 1}});
  given.place();
  const auto ranges = given.sent.take<AssignRange>(3);
  CHECK(given.throw_element(1, map, 1));
  given.scheduler.check_invariants();
  CHECK(given.state(bad) == TaskState::waiting);
  for (const AssignRange& range : ranges) given.finish_range(range);
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
  CHECK(given.state(good) == TaskState::ready);
  CHECK(given.state(bad) == TaskState::failed);
  CHECK_EQ(given.scheduler.failure_of_task(bad)->message, "element 1");
  CHECK(given.sent.take<Failed>(1)[0].task == bad);
  CHECK(element_state(*given.scheduler.find_group(map), 1) == ElementState::failed);
  CHECK(element_state(*given.scheduler.find_group(map), 2) == ElementState::finished);
  const TaskId late = given.submit({{map, 1}});
  CHECK(given.state(late) == TaskState::failed);
  given.sent.take<Failed>(1);
  given.place();
  CHECK(given.take_assign().task == good);
  CHECK_EQ(given.scheduler.holder_of({map, 0}, 1), 1);
}

TEST_CASE("an inherited failure is the failure of the source's element") {
  GivenScheduler given(1);
  const TaskId source = given.submit_group(1);
  const TaskId over = given.submit_group(1, {source});
  given.place();
  const AssignRange first = given.take_range();
  CHECK(given.throw_element(1, source, 0));
  given.finish_range(first);
  given.place();
  const AssignRange second = given.take_range();
  CHECK(given.throw_element(1, over, 0, true));
  given.finish_range(second);
  const auto* group = given.scheduler.find_group(over);
  CHECK(failure_of(*group, 0) == failure_of(*given.scheduler.find_group(source), 0));
  given.sent.take<GroupDone>(2);
}

TEST_CASE("stale reports of ranges and elements are ignored") {
  GivenScheduler given(2);
  const TaskId map = given.submit_group(1);
  CHECK_FALSE(given.finish_range({map, 0, 1, 1}));
  given.place();
  const AssignRange range = given.take_range();
  const int other = 3 - range.worker;
  CHECK_FALSE(given.finish_range({map, 0, 1, other}));
  CHECK_FALSE(given.finish_range({map, 0, 2, range.worker}));
  CHECK_FALSE(given.throw_element(other, map, 0));
  CHECK_FALSE(given.throw_element(range.worker, map, 1));
  CHECK(given.finish_range(range));
  CHECK_FALSE(given.finish_range(range));
  CHECK_FALSE(given.throw_element(range.worker, map, 0));
  CHECK_FALSE(given.finish_range({TaskId::group(9, 1), 0, 1, 1}));
  given.sent.take<GroupDone>(1);
  CHECK_EQ(given.scheduler.counts().tasks_done, 1);
}

TEST_CASE(
    "a map that is released in the middle gives out nothing more, and is forgotten with its last "
    "report") {
  GivenScheduler given(1);
  const TaskId map = given.submit_group(100);
  given.place();
  const auto ranges = given.sent.take<AssignRange>(2);
  given.release(map);
  given.finish_range(ranges[0]);
  given.place();
  CHECK(given.group_state(map) == GroupState::active);
  given.finish_range(ranges[1]);
  CHECK(given.group_state(map) == GroupState::unused);
  CHECK(given.sent.take<Release>(1)[0].id == map);
  CHECK(given.sent.take<Forgotten>(1)[0].id == map);
  CHECK_EQ(given.scheduler.counts().work_left, 0);
  given.place();
}

TEST_CASE("a released map runs on as long as a map over it is wanted") {
  GivenScheduler given(1);
  const TaskId source = given.submit_group(3);
  const TaskId over = given.submit_group(3, {source});
  given.release(source);
  CHECK_EQ(run_ranges(given), 6);
  CHECK(given.sent.take<GroupDone>(2)[1].id == over);
  CHECK(given.sent.take<Release>(1)[0].id == source);
  CHECK(given.sent.take<Forgotten>(1)[0].id == source);
  given.release(over);
  given.sent.take<Release>(1);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a pinned map puts element i on rank i at once, outside of all credit") {
  GivenScheduler given(3);
  for (int count = 0; count < 6; ++count) given.submit();
  given.place();
  given.sent.take<Assign>(6);
  GroupSpec spec;
  spec.pinned = true;
  const TaskId map = given.submit_group(4, {}, {}, spec);
  given.place();
  const auto ranges = given.sent.take<AssignRange>(4);
  for (std::size_t index = 0; index < 4; ++index) {
    CHECK_EQ(ranges[index].begin, index);
    CHECK_EQ(ranges[index].count, 1);
    CHECK_EQ(ranges[index].worker, static_cast<int>(index));
    given.finish_range(ranges[index]);
  }
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
  CHECK_EQ(given.scheduler.counts().outstanding, 6);
}

TEST_CASE("a task may need two elements that finish one after the other, and a task") {
  GivenScheduler given(1, 2);
  const TaskId map = given.submit_group(2);
  const TaskId task = given.submit();
  const TaskId sum = given.submit({{map, 0}, {map, 1}, {task, 0}});
  given.place();
  const auto ranges = given.sent.take<AssignRange>(2);
  given.take_assign();
  given.finish_range(ranges[0]);
  CHECK_EQ(given.scheduler.find_task(sum)->missing_inputs, 2);
  given.finish_range(ranges[1]);
  // What is missing is produced on one worker: the task goes there ahead of readiness.
  given.place();
  CHECK(given.take_assign().task == sum);
  given.finish(1, task);
  CHECK(given.finish(1, sum));
  given.sent.take<GroupDone>(1);
}

TEST_CASE("a sequence that feeds many maps in turn does not remember them all") {
  GivenScheduler given(1);
  const std::array<AvailablePiece, 1> stretches{AvailablePiece{0, 1, 1}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 1);
  for (int count = 0; count < 100; ++count) {
    const TaskId map = given.submit_group(1, {sequence});
    CHECK_EQ(run_ranges(given), 1);
    given.release(map);
    given.sent.take<GroupDone>(1);
    given.sent.take<Release>(1);
    given.sent.take<Forgotten>(1);
  }
  CHECK(given.scheduler.find_group(sequence)->derived.size() < 20);
}

}  // namespace
}  // namespace tutti::testing
