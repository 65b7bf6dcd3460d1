#include "scheduler/task_table.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace tutti::scheduler {
namespace {

TEST_CASE("a slot is used again under another generation") {
  TaskTable table;
  const TaskId first = table.allocate();
  table.at(first.slot()).state = TaskState::waiting;
  CHECK(table.find(first) != nullptr);
  table.forget(first.slot());
  CHECK(table.find(first) == nullptr);
  CHECK_EQ(table.live(), 0);
  const TaskId second = table.allocate();
  table.at(second.slot()).state = TaskState::ready;
  CHECK_EQ(second.slot(), first.slot());
  CHECK_NE(second.generation(), first.generation());
  CHECK(table.find(first) == nullptr);
  CHECK(table.find(second) == &table.at(second.slot()));
  CHECK(table.id_of(second.slot()) == second);
}

TEST_CASE("generations wrap around without zero") {
  TaskTable table;
  const TaskId id = table.allocate();
  table.at(id.slot()).generation = TaskId::generation_mask;
  table.forget(id.slot());
  CHECK_EQ(table.allocate().generation(), 1);
}

TEST_CASE("records do not move when the table grows") {
  TaskTable table;
  const TaskId first = table.allocate();
  const TaskRecord* record = &table.at(first.slot());
  for (int count = 0; count < 5000; ++count) table.allocate();
  CHECK(&table.at(first.slot()) == record);
  CHECK_EQ(table.live(), 5001);
  CHECK_EQ(table.slots(), 5001);
}

TEST_CASE("ids of groups, of slots never used and of unused slots are not found") {
  TaskTable table;
  const TaskId id = table.allocate();
  CHECK(table.find(id) == nullptr);
  table.at(id.slot()).state = TaskState::ready;
  CHECK(table.find(TaskId::group(id.slot(), id.generation())) == nullptr);
  CHECK(table.find(TaskId::task(17, 1)) == nullptr);
  CHECK(table.find(TaskId()) == nullptr);
}

TEST_CASE("edges come back in order, and their places are used again") {
  EdgePool pool;
  std::uint32_t a = no_edge;
  std::uint32_t b = no_edge;
  std::vector<EdgePool::Edge> taken{{TaskId::task(99, 1)}};
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    pool.add(a, TaskId::task(slot, 1));
    pool.add(b, TaskId::task(10 + slot, 1));
  }
  pool.take(a, taken);
  CHECK_EQ(a, no_edge);
  REQUIRE_EQ(taken.size(), 5);
  for (std::uint32_t slot = 0; slot < 4; ++slot) CHECK_EQ(taken[slot + 1].dependent.slot(), slot);
  for (std::uint32_t slot = 0; slot < 4; ++slot) pool.add(a, TaskId::task(20 + slot, 1));
  CHECK(a < 8);
  taken.clear();
  pool.take(b, taken);
  REQUIRE_EQ(taken.size(), 4);
  CHECK_EQ(taken[3].dependent.slot(), 13);
  pool.take(b, taken);
  CHECK_EQ(taken.size(), 4);
}

TEST_CASE("payloads are moved, not copied, and survive assignment to themselves") {
  std::vector<std::byte> bytes(100, std::byte{7});
  Payload a{std::span<const std::byte>(bytes)};
  const std::byte* place = a.bytes().data();
  Payload b(std::move(a));
  CHECK_EQ(b.bytes().data(), place);
  Payload c;
  c = std::move(b);
  Payload& same = c;
  c = std::move(same);
  CHECK_EQ(c.bytes().size(), 100);
  c = Payload{};
  CHECK(c.bytes().empty());
}

}  // namespace
}  // namespace tutti::scheduler
