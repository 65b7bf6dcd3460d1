#include "base/durations.hpp"
#include "scheduler/group_table.hpp"
#include "scheduler/ready_queue.hpp"
#include "scheduler/story.hpp"
#include "scheduler/worker_table.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::scheduler {
namespace {

TEST_CASE("idle workers take turns, and leave the ring when they are not idle") {
  WorkerTable workers({.tasks_per_slot = 2, .nanoseconds_per_slot = 0});
  CHECK_EQ(workers.next_idle(), WorkerTable::no_one);
  workers.join(1, 1, 0);
  workers.join(2, 1, 0);
  CHECK_EQ(workers.next_idle(), 1);
  CHECK_EQ(workers.next_idle(), 2);
  CHECK_EQ(workers.next_idle(), 1);
  workers.load(1, 5);
  CHECK_EQ(workers.next_idle(), 2);
  CHECK_EQ(workers.next_idle(), 2);
  workers.load(2, 5);
  CHECK_EQ(workers.next_idle(), WorkerTable::no_one);
  CHECK_FALSE(workers.anybody_idle());
  CHECK_NE(workers.next_available(), WorkerTable::no_one);
  workers.load(1, 5);
  workers.load(2, 5);
  CHECK_EQ(workers.next_available(), WorkerTable::no_one);
  workers.unload(2, 5);
  CHECK_EQ(workers.next_available(), 2);
  CHECK_EQ(workers.next_idle(), WorkerTable::no_one);
  workers.unload(2, 5);
  CHECK_EQ(workers.next_idle(), 2);
  CHECK_EQ(workers.total_slots(), 2);
}

TEST_CASE("credit is two tasks a slot, or more while they are short, up to a number") {
  const WorkerTable workers({.tasks_per_slot = 2, .tasks_max = 10, .nanoseconds_per_slot = 100});
  WorkerRecord worker;
  worker.slots = 2;
  worker.outstanding = 3;
  worker.outstanding_ns = 1'000'000;
  CHECK(workers.has_credit(worker));
  worker.outstanding = 4;
  CHECK_FALSE(workers.has_credit(worker));
  worker.outstanding_ns = 199;
  CHECK(workers.has_credit(worker));
  worker.outstanding = 10;
  CHECK_FALSE(workers.has_credit(worker));
}

TEST_CASE("a worker is visited when its queue grows or its load falls") {
  WorkerTable workers({});
  workers.join(1, 1, 0);
  workers.load(1, 1);
  CHECK_EQ(workers.next_visit(), WorkerTable::no_one);
  workers.queue_own(1, 0, TaskId::task(1, 1));
  workers.queue_ahead(1, TaskId::task(2, 1));
  CHECK_EQ(workers.next_visit(), 1);
  CHECK_EQ(workers.next_visit(), WorkerTable::no_one);
  workers.unload(1, 1);
  CHECK_EQ(workers.next_visit(), 1);
  CHECK_EQ(workers.next_victim(), 1);
  workers.at(1).own_queue.pop();
  CHECK_EQ(workers.next_victim(), WorkerTable::no_one);
}

TEST_CASE("the ready queue goes by priority, then by order") {
  ReadyQueue queue;
  CHECK(queue.empty());
  const auto id = [](std::uint32_t slot) { return TaskId::task(slot, 1); };
  queue.push(0, id(1));
  queue.push(-3, id(2));
  queue.push(7, id(3));
  queue.push(0, id(4));
  CHECK_EQ(queue.size(), 4);
  std::vector<std::uint32_t> seen;
  queue.for_each([&](TaskId each) { seen.push_back(each.slot()); });
  CHECK(seen == std::vector<std::uint32_t>{3, 1, 4, 2});
  for (const std::uint32_t slot : {3u, 1u}) {
    CHECK_EQ(queue.front().slot(), slot);
    queue.pop();
  }
  queue.push(7, id(5));
  for (const std::uint32_t slot : {5u, 4u, 2u}) {
    CHECK_EQ(queue.front().slot(), slot);
    queue.pop();
  }
  CHECK(queue.empty());
}

TEST_CASE("the story keeps the last events and tells those of one task") {
  Story story(4);
  const TaskId a = TaskId::task(1, 1);
  const TaskId b = TaskId::task(2, 1);
  CHECK_EQ(story.tell(a), "");
  story.add(StoryEvent::Kind::submitted, a, -1);
  story.set_time(1'500'000);
  story.add(StoryEvent::Kind::assigned, a, 3);
  story.add(StoryEvent::Kind::submitted, b, -1);
  CHECK_EQ(story.tell(a), "0.000000 s submitted\n0.001500 s assigned (rank 3)");
  story.add(StoryEvent::Kind::finished, b, 2);
  story.add(StoryEvent::Kind::finished, a, 3);
  CHECK_EQ(story.tell(a), "0.001500 s assigned (rank 3)\n0.001500 s finished (rank 3)");
  std::vector<StoryEvent> events;
  CHECK_EQ(story.read(0, events), 5);
  CHECK_EQ(events.size(), 4);
  events.clear();
  CHECK_EQ(story.read(4, events), 5);
  REQUIRE_EQ(events.size(), 1);
  CHECK(events[0].id == a);
  CHECK_EQ(story.read(5, events), 5);
  CHECK_EQ(events.size(), 1);
}

TEST_CASE("every kind of story event has a name") {
  for (int kind = 0; kind <= static_cast<int>(StoryEvent::Kind::worker_joined); ++kind) {
    CHECK_NE(name_of(static_cast<StoryEvent::Kind>(kind)), "unknown");
  }
}

TEST_CASE("durations are means, and unknown functions take what is said") {
  Durations durations;
  CHECK_FALSE(durations.known(3));
  CHECK_EQ(durations.mean_ns(3), 0);
  CHECK_EQ(durations.estimate_ns(3, 1, 500), 500);
  CHECK_EQ(durations.estimate_ns(3, 4, 500), 2000);
  durations.add(3, 2, 3000);
  CHECK(durations.known(3));
  CHECK_FALSE(durations.known(2));
  CHECK_EQ(durations.mean_ns(3), doctest::Approx(1500));
  CHECK_EQ(durations.estimate_ns(3, 10, 0), 15000);
}

TEST_CASE("durations forget old calls, and never leave the range of a load") {
  Durations durations;
  for (int count = 0; count < 20'000; ++count) durations.add(0, 1, 100);
  for (int count = 0; count < 20'000; ++count) durations.add(0, 1, 900);
  CHECK(durations.mean_ns(0) > 850);
  durations.add(1, 1, 0);
  CHECK_EQ(durations.estimate_ns(1, 1, 0), 1);
  durations.add(2, 1, 1ull << 60);
  CHECK_EQ(durations.estimate_ns(2, 1ull << 40, 0), ~std::uint32_t{0});
}

TEST_CASE("chunks of a group answer for their elements") {
  GroupRecord group;
  group.state = GroupState::active;
  group.chunks[3] = {4, 2};
  group.chunks[10] = {1, 5};
  CHECK(find_chunk(group, 2) == nullptr);
  CHECK_EQ(find_chunk(group, 3)->worker, 2);
  CHECK_EQ(find_chunk(group, 6)->worker, 2);
  CHECK(find_chunk(group, 7) == nullptr);
  CHECK_EQ(find_chunk(group, 10)->worker, 5);
  CHECK(element_state(group, 3) == ElementState::finished);
  CHECK(element_state(group, 8) == ElementState::pending);
  group.failures[3] = std::make_shared<const TaskFailure>();
  group.failures[8] = group.failures[3];
  CHECK(element_state(group, 8) == ElementState::pending);
  CHECK(element_state(group, 3) == ElementState::failed);
  CHECK(failure_of(group, 3) == group.failures[3]);
  CHECK(failure_of(group, 4) == nullptr);
}

TEST_CASE("groups are found by their id only") {
  GroupTable table;
  const TaskId id = table.allocate();
  CHECK(id.is_group());
  CHECK(table.find(id) == nullptr);
  table.at(id.slot()).state = GroupState::active;
  CHECK(table.find(id) != nullptr);
  CHECK(table.find(TaskId::task(id.slot(), id.generation())) == nullptr);
  table.forget(id.slot());
  CHECK(table.find(id) == nullptr);
  CHECK_NE(table.allocate().generation(), id.generation());
  CHECK_EQ(table.live(), 1);
}

}  // namespace
}  // namespace tutti::scheduler
