// Tasks that are assigned before their inputs are there.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

/// A task on each worker, in the order of ranks.
std::vector<TaskId> one_each(GivenScheduler& given, int workers) {
  for (int count = 0; count < workers; ++count) given.submit();
  given.place();
  std::vector<TaskId> tasks(static_cast<std::size_t>(workers));
  for (const Assign& each : given.sent.take<Assign>(tasks.size()))
    tasks[static_cast<std::size_t>(each.worker - 1)] = each.task;
  return tasks;
}

std::vector<Input> all_of(const std::vector<TaskId>& tasks) {
  std::vector<Input> inputs;
  for (const TaskId task : tasks) inputs.push_back({task});
  return inputs;
}

TEST_CASE("a copy may be heard of before the report of the original, and is kept") {
  GivenScheduler given(2);
  const std::vector<TaskId> made = one_each(given, 2);
  const TaskId sum = given.submit(all_of(made));
  given.place();
  const int worker = given.take_assign().worker;
  const int other = 3 - worker;
  const TaskId far = made[static_cast<std::size_t>(other - 1)];
  // The worker got the value from the other one, whose report is still under way.
  given.fetched(worker, far);
  CHECK_EQ(given.sent.peek<Release>(), 0);
  CHECK_EQ(given.scheduler.holder_of({far}, worker), worker);
  CHECK(given.finish(other, far));
  CHECK(given.finish(worker, made[static_cast<std::size_t>(worker - 1)]));
  CHECK(given.finish(worker, sum));
  given.release(far);
  const auto released = given.sent.take<Release>(2);
  CHECK_EQ(released[0].worker, other);
  CHECK_EQ(released[1].worker, worker);
  given.sent.take<Forgotten>(1);
}

}  // namespace
}  // namespace tutti::testing
