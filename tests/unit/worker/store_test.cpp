#include "worker/store.hpp"

#include "sim/sim_value.hpp"

#include <doctest/doctest.h>

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

}  // namespace
}  // namespace tutti::worker
