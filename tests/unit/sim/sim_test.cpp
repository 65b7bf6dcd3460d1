#include "sim/log_normal.hpp"
#include "sim/network.hpp"
#include "sim/random.hpp"
#include "sim/schedule_alone.hpp"
#include "sim/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
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
    const std::uint64_t time_ns = network.arrival_ns(packet, 50);
    CHECK(time_ns > last);
    CHECK(time_ns >= 150);
    last = time_ns;
    packet.to = 3 + number;
    others.push_back(network.arrival_ns(packet, 50));
  }
  CHECK_FALSE(std::ranges::is_sorted(others));
}

TEST_CASE("bytes take time") {
  Network network({.latency_ns = 100, .jitter_ns = 0, .bandwidth_bytes_per_ns = 2.0}, 1);
  Packet packet;
  packet.bytes.resize(50);
  packet.data_bytes = 1'000;
  CHECK_EQ(network.arrival_ns(packet, 0), 100 + 1'050 / 2);
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
                                  map_reduce(100, 4, 1),
                                  map_reduce(1, 4, 1),
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
  // 16 elements, 4 tasks, 1 task.
  CHECK_EQ(map_reduce(16, 4, 1).size(), 6);
  CHECK_EQ(count_tasks(map_reduce(16, 4, 1)), 21);
}

TEST_CASE("the normal quantile is that of tables") {
  CHECK(normal_quantile(0.5) == doctest::Approx(0.0));
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963985).epsilon(1e-8));
  CHECK(normal_quantile(0.001) == doctest::Approx(-3.090232306).epsilon(1e-8));
  CHECK(normal_quantile(1e-12) == doctest::Approx(-7.034483825).epsilon(1e-8));
  CHECK(normal_quantile(0.999) == doctest::Approx(3.090232306).epsilon(1e-8));
}

TEST_CASE("log-normal durations have the mean and the spread that were asked for") {
  for (const double sigma : {0.5, 1.0, 1.5}) {
    constexpr int count = 400'000;
    double sum = 0;
    double sum_of_logarithms = 0;
    double squares = 0;
    for (int number = 0; number < count; ++number) {
      const double value = log_normal(mix(7, static_cast<std::uint64_t>(number)), sigma);
      CHECK_GT(value, 0.0);
      sum += value;
      sum_of_logarithms += std::log(value);
      squares += std::log(value) * std::log(value);
    }
    const double mean = sum_of_logarithms / count;
    CHECK(sum / count == doctest::Approx(1.0).epsilon(0.02));
    CHECK(mean == doctest::Approx(-sigma * sigma / 2).epsilon(0.02));
    CHECK(std::sqrt(squares / count - mean * mean) == doctest::Approx(sigma).epsilon(0.01));
  }
}

TEST_CASE("durations follow from the seed and the place") {
  Workload work = map_of_map(50, 2, 1'000);
  Workload same = work;
  Workload other = work;
  draw_durations(work, 1.0, 3);
  draw_durations(same, 1.0, 3);
  draw_durations(other, 1.0, 4);
  CHECK_EQ(work.back().duration_ns, same.back().duration_ns);
  CHECK_NE(work.back().duration_ns, other.back().duration_ns);
  CHECK_EQ(element_duration_ns(work[0], 7), element_duration_ns(same[0], 7));
  CHECK_NE(element_duration_ns(work[0], 7), element_duration_ns(work[0], 8));
  CHECK_NE(element_duration_ns(work[0], 7), element_duration_ns(work[1], 7));
  CHECK_NE(element_duration_ns(work[0], 7), element_duration_ns(other[0], 7));
}

TEST_CASE("a stretch takes what its elements take") {
  WorkItem item = map(100, 1'000, 1.0).front();
  CHECK_EQ(stretch_duration_ns(item, 5, 10), 10'000);
  item.skew = 3.0;
  item.sigma = 0.5;
  std::uint64_t sum_ns = 0;
  for (std::uint64_t element = 5; element < 15; ++element)
    sum_ns += element_duration_ns(item, element);
  CHECK_EQ(stretch_duration_ns(item, 5, 10), sum_ns);
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
