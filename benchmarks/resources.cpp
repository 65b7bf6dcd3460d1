/// What a run costs when it does nothing, and what rank 0 keeps of a task.

#include "bench.hpp"

#include <malloc.h>
#include <numeric>
#include <thread>
#include <time.h>

namespace bench {
namespace {

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::uint64_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

/// Share of a core that ranks use while nothing happens, in per cent: the largest of all ranks.
std::vector<Figure> idle(tutti::Client& client, const Settings& settings) {
  Figure figure{"idle", 0, "% of a core", nlohmann::ordered_json::object(), {}};
  const std::vector<double> before = client.run(process_cpu_seconds);
  const auto start = Clock::now();
  std::this_thread::sleep_for(
      std::chrono::duration<double>(settings.quick ? 1.0 : settings.seconds));
  const std::vector<double> after = client.run(process_cpu_seconds);
  const double seconds = seconds_since(start);
  std::vector<double> shares;
  for (std::size_t rank = 0; rank < before.size(); ++rank)
    shares.push_back((after[rank] - before[rank]) / seconds * 100);
  figure.value = *std::max_element(shares.begin(), shares.end());
  figure.samples = shares;
  figure.parameters["watched_s"] = seconds;
  return {figure};
}

/// Heap of rank 0 a live task that a future names, results and arguments apart, and a map element.
std::vector<Figure> memory(tutti::Client& client, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 1'000'000, 100'000);
  std::vector<tutti::Future<void>> futures;
  futures.reserve(count);
  // Tasks that wait for one that is not done stay alive, whatever the workers do.
  auto gate = client.submit(
      [](int ms) {
        std::this_thread::sleep_for(std::chrono::milliseconds(ms));
        return 0;
      },
      settings.quick ? 300 : 2000);
  const std::uint64_t before = heap_bytes();
  for (std::uint64_t index = 0; index < count; ++index) futures.push_back(client.submit([] {}));
  const std::uint64_t with_tasks = heap_bytes();
  for (auto& future : futures) future.result();
  const std::uint64_t with_results = heap_bytes();
  futures.clear();
  gate.result();
  Figure live{
      "memory_live_task",
      static_cast<double>(std::max(with_tasks, with_results) - before) / static_cast<double>(count),
      "B",
      nlohmann::ordered_json::object(),
      {}};
  live.parameters["tasks"] = count;

  const std::uint64_t elements = count * 10;
  (void)client.submit([] { return 0; }).result();
  const std::uint64_t before_map = heap_bytes();
  auto map = client.map([](int) {}, tutti::range(static_cast<int>(elements)));
  tutti::wait(map);
  const std::uint64_t after_map = heap_bytes();
  Figure element{"memory_map_element",
                 (static_cast<double>(after_map) - static_cast<double>(before_map)) /
                     static_cast<double>(elements),
                 "B",
                 nlohmann::ordered_json::object(),
                 {}};
  element.parameters["elements"] = elements;
  return {live, element};
}

}  // namespace bench
