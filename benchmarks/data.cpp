/// Bandwidth: arguments, results and broadcasts of arrays.

#include "bench.hpp"

namespace bench {
namespace {

std::vector<std::uint64_t> sizes(const Settings& settings) {
  if (settings.bytes != 0) return {settings.bytes};
  if (settings.quick) return {8, std::uint64_t{64} << 10, std::uint64_t{16} << 20};
  return {8,
          1024,
          std::uint64_t{64} << 10,
          std::uint64_t{1} << 20,
          std::uint64_t{16} << 20,
          std::uint64_t{256} << 20};
}

std::uint64_t calls_for(std::uint64_t bytes) {
  return std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 1, 2000);
}

}  // namespace

/// Megabytes a second of an argument to a task, and of a result that a task makes, both from submit
/// to result; payload_fetch is only the way of a result that is already made. Whoever receives
/// allocates memory in the measured time.
std::vector<Figure> payload(tutti::Client& client, const Settings& settings) {
  std::vector<Figure> figures;
  for (const std::uint64_t bytes : sizes(settings)) {
    const std::uint64_t elements = std::max<std::uint64_t>(1, bytes / sizeof(double));
    const std::uint64_t calls = calls_for(bytes);
    const double megabytes = static_cast<double>(elements * sizeof(double) * calls) / 1e6;
    Figure argument = repeat("payload_argument", "MB/s", settings, [&] {
      double seconds = 0;
      for (std::uint64_t call = 0; call < calls; ++call) {
        std::vector<double> data(elements, 1.0);
        const auto start = Clock::now();
        auto future = client.submit([](const std::vector<double>& values) { return values.back(); },
                                    std::move(data));
        if (future.result() != 1.0) throw std::runtime_error("payload: wrong result");
        seconds += seconds_since(start);
      }
      return megabytes / seconds;
    });
    argument.parameters["bytes"] = elements * sizeof(double);
    figures.push_back(argument);
    const auto make = [](std::uint64_t count) { return std::vector<double>(count, 1.0); };
    Figure result = repeat("payload_result", "MB/s", settings, [&] {
      double seconds = 0;
      for (std::uint64_t call = 0; call < calls; ++call) {
        const auto start = Clock::now();
        const std::vector<double> data = client.submit(make, elements).result();
        seconds += seconds_since(start);
        if (data.back() != 1.0) throw std::runtime_error("payload: wrong result");
      }
      return megabytes / seconds;
    });
    result.parameters["bytes"] = elements * sizeof(double);
    figures.push_back(result);
    Figure fetch = repeat("payload_fetch", "MB/s", settings, [&] {
      double seconds = 0;
      for (std::uint64_t call = 0; call < calls; ++call) {
        auto future = client.submit(make, elements);
        tutti::wait(future);
        const auto start = Clock::now();
        const std::vector<double> data = std::move(future).result();
        seconds += seconds_since(start);
        if (data.back() != 1.0) throw std::runtime_error("payload: wrong result");
      }
      return megabytes / seconds;
    });
    fetch.parameters["bytes"] = elements * sizeof(double);
    figures.push_back(fetch);
  }
  return figures;
}

/// Megabytes a second of a value to all ranks: size of the value by the time until all have it.
std::vector<Figure> broadcast(tutti::Client& client, const Settings& settings) {
  std::vector<Figure> figures;
  for (const std::uint64_t bytes : sizes(settings)) {
    const std::uint64_t elements = std::max<std::uint64_t>(1, bytes / sizeof(double));
    constexpr int calls = 5;
    Figure figure = repeat("broadcast", "MB/s", settings, [&] {
      double seconds = 0;
      for (int call = 0; call < calls; ++call) {
        std::vector<double> data(elements, 1.0);
        const auto start = Clock::now();
        const auto future = client.broadcast(std::move(data));
        seconds += seconds_since(start);
      }
      return calls * static_cast<double>(elements * sizeof(double)) / 1e6 / seconds;
    });
    figure.parameters["bytes"] = elements * sizeof(double);
    figures.push_back(figure);
  }
  return figures;
}

}  // namespace bench
