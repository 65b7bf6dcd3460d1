#include "scheduler/snapshot.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::scheduler {
namespace {

TEST_CASE("a snapshot counts work, load and workers, and the story goes on from it") {
  Scheduler scheduler;
  Commands commands;
  scheduler.set_time(1000);
  scheduler.on_worker_joined(1, 2, 4096);
  scheduler.on_worker_joined(3, 1, 8192);
  const TaskId first = scheduler.submit({}, commands);
  scheduler.submit({}, commands);
  scheduler.place(commands);
  const Snapshot before = take_snapshot(scheduler);
  CHECK_EQ(before.time_ns, 1000);
  CHECK_EQ(before.counts.work_left, 2);
  CHECK_EQ(before.counts.outstanding, 2);
  REQUIRE_EQ(before.workers.size(), 2);
  CHECK_EQ(before.workers[0].rank, 1);
  CHECK_EQ(before.workers[1].memory_limit_bytes, 8192);

  scheduler.set_time(2000);
  CHECK(scheduler.on_task_finished(scheduler.find_task(first)->worker, first, 8, commands));
  const Snapshot after = take_snapshot(scheduler);
  CHECK_EQ(after.counts.tasks_done, 1);
  CHECK_EQ(after.counts.work_left, 1);
  std::vector<StoryEvent> events;
  scheduler.story().read(before.next_event, events);
  REQUIRE_EQ(events.size(), 1);
  CHECK(events[0].kind == StoryEvent::Kind::finished);
  CHECK_EQ(events[0].time_ns, 2000);
}

}  // namespace
}  // namespace tutti::scheduler
