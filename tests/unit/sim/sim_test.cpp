#include "sim/network.hpp"
#include "sim/random.hpp"
#include "sim/schedule_alone.hpp"
#include "sim/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tutti::sim {
namespace {

TEST_CASE("the network keeps the order of each pair, and of no other") {
  Network network({.latency_ns = 100, .jitter_ns = 1'000, .bandwidth_bytes_per_ns = 1.0}, 1);
  std::uint64_t last = 0;
  std::vector<std::uint64_t> others;
  for (int number = 0; number < 100; ++number) {
    Packet packet;
    packet.from = 1;
    packet.to = 2;
    const std::uint64_t time_ns = network.arrival_ns(packet, 0, 50);
    CHECK(time_ns > last);
    CHECK(time_ns >= 150);
    last = time_ns;
    packet.to = 3 + number;
    others.push_back(network.arrival_ns(packet, 0, 50));
  }
  CHECK_FALSE(std::ranges::is_sorted(others));
}

TEST_CASE("bytes take time") {
  Network network({.latency_ns = 100, .jitter_ns = 0, .bandwidth_bytes_per_ns = 2.0}, 1);
  Packet packet;
  packet.bytes.resize(50);
  CHECK_EQ(network.arrival_ns(packet, 1'000, 0), 100 + 1'050 / 2);
}

TEST_CASE("random numbers are the same everywhere") {
  Random random(1);
  Random same(1);
  Random other(2);
  const std::uint64_t first = random.next();
  CHECK_EQ(first, same.next());
  CHECK_NE(first, other.next());
  for (int count = 0; count < 1000; ++count) {
    CHECK(random.below(7) < 7);
    const double unit = unit_interval(random.next());
    CHECK(unit >= 0.0);
    CHECK(unit < 1.0);
  }
}

TEST_CASE("workloads need only earlier items, and elements that exist") {
  const std::vector<Workload> all{independent_tasks(10, 1),
                                  chain(10, 1),
                                  fan(10, 1),
                                  tree(16, 1),
                                  stencil(5, 4, 1),
                                  random_graph(200, 4, 9),
                                  map(10, 1, 2.0),
                                  map_of_map(10, 3, 1),
                                  mixture(100, 9)};
  for (const Workload& work : all) {
    for (std::size_t number = 0; number < work.size(); ++number) {
      for (const ItemInput& input : work[number].inputs) {
        REQUIRE(input.item < number);
        CHECK(input.element < std::max<std::uint64_t>(1, work[input.item].elements.value_or(1)));
      }
      for (const std::size_t source : work[number].sources) {
        REQUIRE(source < number);
        CHECK(work[source].elements == work[number].elements);
      }
    }
  }
  CHECK_EQ(tree(16, 1).size(), 31);
  CHECK_EQ(stencil(5, 4, 1).size(), 20);
  CHECK_EQ(fan(10, 1).size(), 12);
}

TEST_CASE("the scheduler alone is measured, whatever the sizes") {
  for (const int workers : {1, 100}) {
    const SimFigure figure = schedule_alone(workers, 2'500);
    CHECK_EQ(figure.tasks, 2'500);
    CHECK_EQ(figure.workers, workers);
    CHECK(figure.seconds > 0);
    CHECK(figure.nanoseconds_per_task > 0);
  }
}

}  // namespace
}  // namespace tutti::sim
