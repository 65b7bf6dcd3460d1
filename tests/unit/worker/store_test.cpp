#include "worker/store.hpp"

#include "sim/sim_value.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace tutti::worker {
namespace {

const TaskId value_id = TaskId::task(1, 1);
const TaskId sequence_id = TaskId::group(1, 1);

TEST_CASE("a value is kept until it is erased; the first one stays") {
  Store store;
  CHECK_FALSE(store.contains(value_id));
  CHECK(store.find(value_id) == nullptr);
  const detail::ValuePtr value = sim::make_sim_value();
  store.put(value_id, value, 10);
  store.put(value_id, sim::make_sim_value(), 99);
  CHECK(store.find(value_id) == value.get());
  CHECK_EQ(store.bytes(), 10);
  CHECK_EQ(store.size(), 1);
  store.erase(value_id);
  store.erase(value_id);
  CHECK_FALSE(store.contains(value_id));
  CHECK_EQ(store.bytes(), 0);
  CHECK_FALSE(value->is_shared());
}

TEST_CASE("the result of a void function is there and null") {
  Store store;
  store.put(value_id, detail::ValuePtr(), 0);
  CHECK(store.contains(value_id));
  CHECK(store.find(value_id) == nullptr);
}

TEST_CASE("stretches are found by their elements and erased together") {
  Store store;
  store.put_stretch(sequence_id, {10, 5, detail::ValuePtr(), 50});
  store.put_stretch(sequence_id, {0, 3, detail::ValuePtr(), 30});
  store.put_stretch(sequence_id, {0, 3, detail::ValuePtr(), 30});
  CHECK_EQ(store.bytes(), 80);
  CHECK_EQ(store.size(), 1);
  CHECK_EQ(store.find_stretch(sequence_id, 2)->begin, 0);
  CHECK(store.find_stretch(sequence_id, 3) == nullptr);
  CHECK(store.find_stretch(sequence_id, 9) == nullptr);
  CHECK_EQ(store.find_stretch(sequence_id, 14)->begin, 10);
  CHECK(store.find_stretch(sequence_id, 15) == nullptr);
  CHECK(store.find_stretch(TaskId::group(9, 9), 0) == nullptr);
  std::vector<std::uint64_t> begins;
  store.for_each_stretch(sequence_id,
                         [&](const Store::Stretch& stretch) { begins.push_back(stretch.begin); });
  CHECK(begins == std::vector<std::uint64_t>{0, 10});
  store.erase(sequence_id);
  CHECK_EQ(store.bytes(), 0);
  CHECK_EQ(store.size(), 0);
}

TEST_CASE("clearing drops everything") {
  Store store;
  store.put(value_id, sim::make_sim_value(), 10);
  store.put_stretch(sequence_id, {0, 3, sim::make_sim_value(), 30});
  CHECK_EQ(store.size(), 2);
  store.clear();
  CHECK_EQ(store.size(), 0);
  CHECK_EQ(store.bytes(), 0);
}

constexpr std::uint64_t large = Store::large_bytes_min;

std::vector<std::uint32_t> slots_by_use(const Store& store) {
  std::vector<std::uint32_t> slots;
  for (const Store::Large& each : store.by_use()) slots.push_back(each.key.id.slot());
  return slots;
}

TEST_CASE("large values stand in the order in which they were used") {
  Store store;
  for (std::uint32_t slot = 1; slot <= 3; ++slot)
    store.put(TaskId::task(slot, 1), sim::make_sim_value(), large);
  store.put(TaskId::task(4, 1), sim::make_sim_value(), large - 1);
  store.put_stretch(TaskId::group(5, 1), {0, 3, sim::make_sim_value(), large});
  CHECK(slots_by_use(store) == std::vector<std::uint32_t>{1, 2, 3, 5});
  CHECK(store.use(TaskId::task(1, 1))->value);
  CHECK(store.use_stretch(TaskId::group(5, 1), 2) != nullptr);
  CHECK(store.use(TaskId::task(2, 1))->value);
  CHECK(store.use(TaskId::task(9, 1)) == nullptr);
  CHECK(slots_by_use(store) == std::vector<std::uint32_t>{3, 1, 5, 2});
  store.erase(TaskId::task(1, 1));
  store.erase(TaskId::group(5, 1));
  CHECK(slots_by_use(store) == std::vector<std::uint32_t>{3, 2});
}

TEST_CASE("a value that is away is contained and null, and comes back with its backing") {
  Store store;
  store.put(value_id, sim::make_sim_value(), large);
  store.put_stretch(sequence_id, {10, 5, sim::make_sim_value(), 2 * large});
  const auto backing = std::make_shared<int>(0);
  for (const ValueKey key : {ValueKey{value_id, 0}, ValueKey{sequence_id, 10}}) {
    CHECK_FALSE(store.is_away(key));
    store.find_large(key)->backing = backing;
    CHECK_FALSE(store.send_away(key)->is_shared());
    CHECK(store.is_away(key));
    CHECK(store.value_of(key) == nullptr);
  }
  CHECK(store.contains(value_id));
  CHECK(store.find(value_id) == nullptr);
  CHECK(store.find_single(value_id)->away != 0);
  CHECK(store.find_stretch(sequence_id, 12)->away);
  CHECK(store.by_use().empty());
  CHECK_EQ(store.bytes(), 0);
  CHECK_EQ(store.bytes_away(), 3 * large);
  // Using what is away does not put it in order.
  CHECK(store.use(value_id) != nullptr);
  const detail::ValuePtr value = sim::make_sim_value();
  store.bring_back({value_id, 0}, value);
  store.bring_back({value_id, 0}, sim::make_sim_value());
  CHECK(store.find(value_id) == value.get());
  CHECK_EQ(store.bytes(), large);
  CHECK_EQ(store.bytes_away(), 2 * large);
  CHECK(slots_by_use(store) == std::vector<std::uint32_t>{1});
  CHECK(store.find_large({value_id, 0})->backing == backing);
  store.erase(sequence_id);
  CHECK_EQ(store.bytes_away(), 0);
  store.erase(value_id);
  CHECK_EQ(backing.use_count(), 1);
  store.bring_back({value_id, 0}, value);
  CHECK_EQ(store.size(), 0);
}

}  // namespace
}  // namespace tutti::worker
