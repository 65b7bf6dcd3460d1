/// Bandwidth of what lies spread over the workers: gather of the results of a map, scatter of an
/// array.

#include "bench.hpp"

#include <numeric>

namespace bench {
namespace {

std::vector<std::uint64_t> sizes(const Settings& settings) {
  if (settings.bytes != 0) return {settings.bytes};
  if (settings.quick) return {8'000'000};
  return {std::uint64_t{64} << 10, std::uint64_t{1} << 20, 8'000'000, std::uint64_t{256} << 20};
}

std::uint64_t calls_for(std::uint64_t bytes) {
  return std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 1, 100);
}

}  // namespace

/// Megabytes a second of results of a map of doubles that has ended, into a std::vector that is
/// allocated in the measured time ("gather"), and into memory that was used before ("gather_into").
std::vector<Figure> gather(tutti::Client& client, const Settings& settings) {
  std::vector<Figure> figures;
  for (const std::uint64_t bytes : sizes(settings)) {
    const std::uint64_t elements = bytes / sizeof(double);
    const std::uint64_t calls = calls_for(bytes);
    const auto results = client.map([](std::uint64_t index) { return static_cast<double>(index); },
                                    tutti::range(elements));
    tutti::wait(results);
    const double megabytes = static_cast<double>(bytes * calls) / 1e6;
    const auto require = [&](const std::vector<double>& values) {
      if (values.size() != elements || values.back() != static_cast<double>(elements - 1))
        throw std::runtime_error("gather: wrong result");
    };
    Figure fresh = repeat("gather", "MB/s", settings, [&] {
      double seconds = 0;
      for (std::uint64_t call = 0; call < calls; ++call) {
        const auto start = Clock::now();
        const std::vector<double> values = client.gather(results);
        seconds += seconds_since(start);
        require(values);
      }
      return megabytes / seconds;
    });
    std::vector<double> values(elements, -1.0);
    Figure reused = repeat("gather_into", "MB/s", settings, [&] {
      const auto start = Clock::now();
      for (std::uint64_t call = 0; call < calls; ++call) client.gather_into(values, results);
      require(values);
      return megabytes / seconds_since(start);
    });
    fresh.parameters["bytes"] = reused.parameters["bytes"] = bytes;
    fresh.parameters["stretches"] = reused.parameters["stretches"] = client.who_has(results).size();
    figures.push_back(fresh);
    figures.push_back(reused);
  }
  return figures;
}

/// Megabytes a second of an array of doubles to the workers, until all have said that they have
/// their part; with a hash of the contents ("scatter_hashed") too.
std::vector<Figure> scatter(tutti::Client& client, const Settings& settings) {
  std::vector<Figure> figures;
  for (const std::uint64_t bytes : sizes(settings)) {
    std::vector<double> values(bytes / sizeof(double));
    std::iota(values.begin(), values.end(), 0.0);
    const std::uint64_t calls = calls_for(bytes);
    for (const bool hash : {false, true}) {
      Figure figure = repeat(hash ? "scatter_hashed" : "scatter", "MB/s", settings, [&] {
        double seconds = 0;
        for (std::uint64_t call = 0; call < calls; ++call) {
          values.front() += 1;  // other contents each time
          const auto start = Clock::now();
          const auto spread = client.scatter({.hash = hash}, values);
          seconds += seconds_since(start);
        }
        return static_cast<double>(bytes * calls) / 1e6 / seconds;
      });
      figure.parameters["bytes"] = bytes;
      figures.push_back(figure);
    }
  }
  return figures;
}

}  // namespace bench
