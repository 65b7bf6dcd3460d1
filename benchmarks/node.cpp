/// Values that several ranks read: transfers from rank to rank, and what a node holds of a
/// broadcast.

#include "bench.hpp"

#include <cmath>
#include <fstream>
#include <numeric>

namespace bench {
namespace {

using Numbers = std::vector<double>;

std::uint64_t elements_of(std::uint64_t bytes) {
  return std::max<std::uint64_t>(1, bytes / sizeof(double));
}

std::vector<std::uint64_t> transfer_sizes(const Settings& settings) {
  if (settings.bytes != 0) return {settings.bytes};
  constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
  if (settings.quick) return {1024, megabyte, 16 * megabyte};
  return {1024, 64 * 1024, megabyte, 4 * megabyte, 16 * megabyte, 256 * megabyte};
}

/// Memory of this process, in which what processes share counts in equal parts; in bytes.
std::uint64_t proportional_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    if (word != "Pss:") continue;
    std::uint64_t kilobytes = 0;
    file >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

double last_of(const Numbers& numbers) { return numbers.back(); }

/// Reads all of it, so that every page is mapped.
double sum_of(const Numbers& numbers) { return std::reduce(numbers.begin(), numbers.end()); }

/// Seconds of a call on all ranks that takes a value.
double seconds_of_run(tutti::Client& client, const tutti::Future<Numbers>& value) {
  const auto start = Clock::now();
  for (const double last : client.run(last_of, value)) {
    if (last != 1.0) throw std::runtime_error("transfer: wrong value");
  }
  return seconds_since(start);
}

}  // namespace

/// The way of a value from the rank that has it to the others, of which there should be one: a call
/// on all ranks with a value of one of them, less the same call with a value that all have.
/// Microseconds below 1 MiB, megabytes a second from there on.
std::vector<Figure> transfer(tutti::Client& client, const Settings& settings) {
  std::vector<Figure> figures;
  if (client.ranks() == 1) return figures;
  for (const std::uint64_t bytes : transfer_sizes(settings)) {
    const std::uint64_t elements = elements_of(bytes);
    const auto calls = std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 3, 300);
    const bool is_large = bytes >= (std::uint64_t{1} << 20);
    const auto make = [](std::uint64_t count) { return Numbers(count, 1.0); };
    const auto here = client.broadcast(make(1));
    Figure figure = repeat("transfer", is_large ? "MB/s" : "us", settings, [&] {
      std::vector<double> with;
      std::vector<double> without;
      for (std::uint64_t call = 0; call < calls; ++call) {
        auto value = client.submit(make, elements);
        tutti::wait(value);
        with.push_back(seconds_of_run(client, value));
        without.push_back(seconds_of_run(client, here));
      }
      const double seconds = median(with) - median(without);
      return is_large ? static_cast<double>(elements * sizeof(double)) / 1e6 / seconds
                      : seconds * 1e6;
    });
    figure.parameters["bytes"] = elements * sizeof(double);
    figures.push_back(figure);
  }
  return figures;
}

/// Memory that a broadcast takes on all ranks of one node together, as a multiple of its size, when
/// all have read it.
std::vector<Figure> broadcast_memory(tutti::Client& client, const Settings& settings) {
  const std::uint64_t bytes =
      settings.bytes != 0 ? settings.bytes : std::uint64_t{settings.quick ? 64u : 256u} << 20;
  const std::uint64_t elements = elements_of(bytes);
  const auto memory = [&client] {
    const std::vector<std::uint64_t> all = client.run(proportional_bytes);
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
  };
  const std::uint64_t before = memory();
  const auto value = client.broadcast(Numbers(elements, 1.0));
  for (const double sum : client.run(sum_of, value)) {
    if (sum != static_cast<double>(elements)) throw std::runtime_error("broadcast: wrong value");
  }
  const std::uint64_t after = std::max(before, memory());
  Figure figure;
  figure.name = "broadcast_memory";
  figure.unit = "copies";
  figure.value = static_cast<double>(after - before) / static_cast<double>(bytes);
  figure.parameters["bytes"] = bytes;
  figure.parameters["resident_bytes"] = after - before;
  return {figure};
}

}  // namespace bench
