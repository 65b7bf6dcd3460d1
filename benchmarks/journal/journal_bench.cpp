/// journal-bench CASE COUNT: what a journal costs. The time is that of the whole work, with the end
/// of the run, at which all is recorded and sealed. One line of JSON.
///
///   map COUNT      empty tasks by a named map, 8 bytes each
///   submit COUNT   the same, each by a named submit
///   arrays COUNT   tasks that give 16 MB each
///   spin COUNT     tasks of 1 ms
///
/// Without TUTTI_JOURNAL nothing is recorded: the figure to compare with. With a journal that has
/// the results it is that of a resumed run.

#include "tutti/tutti.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t array_length = 2'000'000;

double map(tutti::Client& client, std::uint64_t count) {
  const auto results = client.gather(client.map(
      {.name = "map"}, [](std::uint64_t index) { return static_cast<double>(index); },
      tutti::range(count)));
  if (results.size() != count || results.back() != static_cast<double>(count - 1))
    throw std::runtime_error("wrong results");
  return 8;
}

double submit(tutti::Client& client, std::uint64_t count) {
  std::vector<tutti::Future<double>> futures;
  for (std::uint64_t index = 0; index < count; ++index)
    futures.push_back(client.submit(
        {.name = "submit"}, [](std::uint64_t number) { return static_cast<double>(number); },
        index));
  if (client.gather(futures).back() != static_cast<double>(count - 1))
    throw std::runtime_error("wrong results");
  return 8;
}

double arrays(tutti::Client& client, std::uint64_t count) {
  const auto futures = client.map(
      {.name = "arrays"},
      [](std::uint64_t index) {
        return std::vector<double>(array_length, static_cast<double>(index));
      },
      tutti::range(count));
  tutti::wait(futures);
  return array_length * sizeof(double);
}

double spin(tutti::Client& client, std::uint64_t count) {
  const auto futures = client.map(
      {.name = "spin"},
      [](std::uint64_t index) {
        const auto end = Clock::now() + std::chrono::milliseconds(1);
        while (Clock::now() < end) {
        }
        return static_cast<double>(index);
      },
      tutti::range(count));
  tutti::wait(futures);
  return 8;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  auto* const run = name == "map"      ? map
                    : name == "submit" ? submit
                    : name == "arrays" ? arrays
                    : name == "spin"   ? spin
                                       : nullptr;
  if (argc != 3 || run == nullptr) {
    std::fprintf(stderr, "journal-bench map|submit|arrays|spin COUNT\n");
    return 2;
  }
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const auto start = Clock::now();
    const double bytes = run(client, count);
    const double worked = std::chrono::duration<double>(Clock::now() - start).count();
    client.shutdown();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto tasks = static_cast<double>(count);
    std::printf(
        "{\"case\": \"%s\", \"tasks\": %.0f, \"journal\": %s, \"seconds\": %.4f, "
        "\"seconds_of_work\": "
        "%.4f, \"tasks_per_second\": %.0f, \"MB_per_second\": %.1f}\n",
        name.c_str(), tasks, std::getenv("TUTTI_JOURNAL") != nullptr ? "true" : "false", seconds,
        worked, tasks / seconds, tasks * bytes / seconds / 1e6);
  });
}
