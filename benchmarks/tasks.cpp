/// Overheads: tasks that do nothing.

#include "bench.hpp"

#include <thread>

namespace bench {
namespace {

int identity(int x) { return x; }

}  // namespace

/// Tasks a second by map and gather; each gives an int.
std::vector<Figure> map_empty(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 10'000'000, 10'000'000);
  Figure figure = repeat("map_empty", "tasks/s", settings, [&] {
    const auto start = Clock::now();
    const std::vector<int> results =
        client.gather(client.map([](int x) { return x; }, tutti::range(static_cast<int>(count))));
    const double seconds = seconds_since(start);
    if (results.size() != count || results.back() != static_cast<int>(count) - 1)
      throw std::runtime_error("map_empty: wrong results");
    return static_cast<double>(count) / seconds;
  });
  figure.parameters["tasks"] = count;
  return {figure};
}

/// Tasks a second by submit, each with a future that is asked.
std::vector<Figure> submit_empty(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 1'000'000, 100'000);
  std::vector<tutti::Future<int>> futures;
  futures.reserve(count);
  Figure figure = repeat("submit_empty", "tasks/s", settings, [&] {
    futures.clear();
    const auto start = Clock::now();
    for (std::uint64_t index = 0; index < count; ++index) {
      futures.push_back(client.submit(identity, static_cast<int>(index)));
    }
    const std::vector<int> results = client.gather(futures);
    const double seconds = seconds_since(start);
    if (results.back() != static_cast<int>(count) - 1)
      throw std::runtime_error("submit_empty: wrong results");
    return static_cast<double>(count) / seconds;
  });
  figure.parameters["tasks"] = count;
  return {figure};
}

/// Microseconds of submit(f).result(), one after the other.
std::vector<Figure> roundtrip(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 50'000, 5'000);
  Figure figure = repeat("roundtrip", "us", settings, [&] {
    const auto start = Clock::now();
    for (std::uint64_t index = 0; index < count; ++index)
      (void)client.submit(identity, static_cast<int>(index)).result();
    return seconds_since(start) * 1e6 / static_cast<double>(count);
  });
  figure.parameters["calls"] = count;
  return {figure};
}

/// The same after pauses of 10 ms, in which all ranks fall asleep.
std::vector<Figure> roundtrip_idle(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 100, 20);
  Figure figure = repeat("roundtrip_idle", "us", settings, [&] {
    std::vector<double> samples;
    for (std::uint64_t index = 0; index < count; ++index) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const auto start = Clock::now();
      (void)client.submit(identity, 1).result();
      samples.push_back(seconds_since(start) * 1e6);
    }
    return median(samples);
  });
  figure.parameters["calls"] = count;
  figure.parameters["pause_ms"] = 10;
  return {figure};
}

/// Microseconds a link of a chain of dependent tasks.
std::vector<Figure> chain(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 100'000, 10'000);
  Figure figure = repeat("chain", "us", settings, [&] {
    const auto start = Clock::now();
    auto last = client.submit(identity, 0);
    for (std::uint64_t index = 1; index < count; ++index)
      last = client.submit([](int x) { return x + 1; }, last);
    if (last.result() != static_cast<int>(count) - 1)
      throw std::runtime_error("chain: wrong result");
    return seconds_since(start) * 1e6 / static_cast<double>(count);
  });
  figure.parameters["links"] = count;
  return {figure};
}

}  // namespace bench
