// Maps of which some results are there before they are submitted.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <set>
#include <span>

namespace tutti::testing {
namespace {

using scheduler::FinishedPiece;

/// Elements 2 to 4 and 7, on rank 0.
constexpr std::array<FinishedPiece, 2> some{FinishedPiece{2, 3, 0, 24}, FinishedPiece{7, 1, 0, 8}};
const std::set<std::uint64_t> others{0, 1, 5, 6, 8, 9};

GroupSpec spec_of(std::span<const FinishedPiece> finished) {
  GroupSpec spec;
  spec.finished = finished;
  return spec;
}

/// Runs everything; the elements that ran, each once.
std::set<std::uint64_t> run_all(GivenScheduler& given) {
  std::set<std::uint64_t> elements;
  for (given.place(); given.sent.peek<AssignRange>() != 0; given.place()) {
    for (const AssignRange& range : given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
      for (std::uint64_t index = range.begin; index < range.begin + range.count; ++index)
        CHECK(elements.insert(index).second);
      CHECK(given.finish_range(range));
    }
  }
  return elements;
}

TEST_CASE("only what is not known runs") {
  GivenScheduler given(2);
  const TaskId map = given.submit_group(10, {}, {}, spec_of(some));
  CHECK(run_all(given) == others);
  given.sent.take<GroupDone>(1);
  CHECK(given.scheduler.holder_of({map, 3}, 1) == 0);
  given.release(map);
  std::set<std::int32_t> holders;
  for (const Release& each : given.sent.take<Release>(3)) holders.insert(each.worker);
  CHECK(holders == std::set<std::int32_t>{0, 1, 2});
  given.sent.take<Forgotten>(1);
}

TEST_CASE("a map of which all is known is done at once, and needs neither inputs nor sources") {
  GivenScheduler given(1);
  const std::array<FinishedPiece, 1> all{FinishedPiece{0, 10, 0, 80}};
  const TaskId source = given.submit_group(10);
  const TaskId constant = given.submit();
  const TaskId map = given.submit_group(10, {source}, {{constant, 0}}, spec_of(all));
  CHECK(given.group_state(map) == GroupState::finished);
  CHECK(given.sent.take<GroupDone>(1)[0].id == map);
  given.place();
  given.sent.take<Assign>(given.sent.peek<Assign>());
  given.sent.take<AssignRange>(given.sent.peek<AssignRange>());
}

TEST_CASE("a map that waits for a constant runs the rest when it is there") {
  GivenScheduler given(1);
  const TaskId constant = given.submit();
  given.place();
  given.submit_group(10, {}, {{constant, 0}}, spec_of(some));
  given.finish(1, given.sent.take<Assign>(1)[0].task);
  CHECK(run_all(given) == others);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("what a source gives for known elements is not asked for") {
  for (const int sources : {1, 2}) {
    GivenScheduler given(2);
    std::vector<TaskId> maps;
    for (int number = 0; number < sources; ++number) maps.push_back(given.submit_group(10));
    const TaskId map = given.submit_group(10, maps, {}, spec_of(some));
    std::set<std::uint64_t> elements;
    for (given.place(); given.sent.peek<AssignRange>() != 0; given.place()) {
      for (const AssignRange& range :
           given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
        for (std::uint64_t index = range.begin; index < range.begin + range.count; ++index)
          if (range.group == map) CHECK(elements.insert(index).second);
        CHECK(given.finish_range(range));
      }
    }
    CHECK(elements == others);
    given.sent.take<GroupDone>(1 + static_cast<std::size_t>(sources));
  }
}

TEST_CASE("known failures fail what needs them") {
  GivenScheduler given(1);
  GroupSpec spec = spec_of(some);
  spec.failures[3] = std::make_shared<const TaskFailure>();
  const TaskId map = given.submit_group(10, {}, {}, spec);
  const TaskId task = given.submit({{map, 3}});
  CHECK(given.sent.take<Failed>(1)[0].task == task);
  CHECK(run_all(given) == others);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("a task that is known to fail fails what needs it, and is forgotten when released") {
  GivenScheduler given(1);
  const TaskId failed = given.scheduler.place_failure(std::make_shared<const TaskFailure>());
  given.scheduler.check_invariants();
  const TaskId task = given.submit({{failed, 0}});
  CHECK(given.sent.take<Failed>(1)[0].task == task);
  given.release(task);
  given.release(failed);
  given.sent.take<Forgotten>(2);
  CHECK_EQ(given.scheduler.counts().tasks_live, 0);
}

TEST_CASE("known elements feed a map at once") {
  GivenScheduler given(1);
  const TaskId source = given.submit_group(10, {}, {}, spec_of(some));
  given.submit_group(10, {source});
  std::uint64_t ran = 0;
  for (given.place(); given.sent.peek<AssignRange>() != 0; given.place()) {
    for (const AssignRange& range : given.sent.take<AssignRange>(given.sent.peek<AssignRange>())) {
      ran += range.count;
      CHECK(given.finish_range(range));
    }
  }
  CHECK_EQ(ran, 6 + 10);
  given.sent.take<GroupDone>(2);
}

}  // namespace
}  // namespace tutti::testing
