/// Calls of actors that do next to nothing.

#include "bench.hpp"

#include <stdexcept>

namespace bench {
namespace {

struct Counter {
  int add(int by) { return n += by; }
  int n = 0;
};

void expect_sum(const tutti::Actor<Counter>& counter, std::uint64_t sum) {
  if (counter.call(&Counter::add, 0).result() != static_cast<int>(sum))
    throw std::runtime_error("actor: a call was lost");
}

}  // namespace

/// Microseconds of call().result(), one after the other; of each of many calls that are made before
/// the first is asked for; and the same of calls that go to one actor on each worker in turn.
std::vector<Figure> actor(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 50'000, 5'000);
  const auto microseconds = [&](Clock::time_point start) {
    return seconds_since(start) * 1e6 / static_cast<double>(count);
  };
  std::vector<Figure> figures;
  figures.push_back(repeat("actor_roundtrip", "us", settings, [&] {
    const auto counter = client.actor<Counter>();
    counter.wait();
    const auto start = Clock::now();
    for (std::uint64_t index = 0; index < count; ++index)
      (void)counter.call(&Counter::add, 1).result();
    const double result = microseconds(start);
    expect_sum(counter, count);
    return result;
  }));
  const auto pipelined = [&](const std::vector<tutti::Actor<Counter>>& counters) {
    for (const auto& counter : counters) counter.wait();
    std::vector<tutti::Future<int>> futures;
    futures.reserve(count);
    const auto start = Clock::now();
    for (std::uint64_t index = 0; index < count; ++index)
      futures.push_back(counters[index % counters.size()].call(&Counter::add, 1));
    (void)client.gather(futures);
    return microseconds(start);
  };
  figures.push_back(repeat("actor_pipelined", "us", settings, [&] {
    const auto counter = client.actor<Counter>();
    const double result = pipelined({counter});
    expect_sum(counter, count);
    return result;
  }));
  figures.push_back(repeat("actor_each_worker", "us", settings, [&] {
    std::vector<tutti::Actor<Counter>> counters;
    for (int rank = 1; rank < std::max(2, client.ranks()); ++rank)
      counters.push_back(client.actor<Counter>());
    return pipelined(counters);
  }));
  for (Figure& figure : figures) figure.parameters["calls"] = count;
  return figures;
}

}  // namespace bench
