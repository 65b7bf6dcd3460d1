#pragma once

/// What the cases of tutti-bench share: options, the measured figure, medians.

#include "taskbench/parameters.hpp"
#include "tutti/tutti.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// What the command line says; a case takes what it needs.
struct Settings {
  std::uint64_t count = 0;         ///< tasks, calls, links; 0: the default of the case
  std::uint64_t bytes = 0;         ///< payload; 0: all sizes
  std::uint64_t workers = 10'000;  ///< of the simulation
  int repetitions = 5;
  double seconds = 2;  ///< how long idle ranks are watched
  bool quick = false;
  ::taskbench::Parameters taskbench;
};

/// One line of output: a figure with its unit, and the parameters it was got with.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  std::vector<double> samples;  ///< of each repetition, in the same unit
};

using Case = std::function<std::vector<Figure>(tutti::Client& client, const Settings& settings)>;

/// All cases by name. A case that needs no client ignores it.
const std::map<std::string, Case>& cases();

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

/// Runs `once`, which gives one sample, as often as the settings say, after one run that does not
/// count.
inline Figure repeat(std::string name, std::string unit, const Settings& settings,
                     const std::function<double()>& once) {
  Figure figure;
  figure.name = std::move(name);
  figure.unit = std::move(unit);
  (void)once();
  for (int repetition = 0; repetition < settings.repetitions; ++repetition)
    figure.samples.push_back(once());
  figure.value = median(figure.samples);
  return figure;
}

inline std::uint64_t count_or(const Settings& settings, std::uint64_t normal, std::uint64_t quick) {
  return settings.count != 0 ? settings.count : (settings.quick ? quick : normal);
}

std::vector<Figure> actor(tutti::Client& client, const Settings& settings);
std::vector<Figure> map_empty(tutti::Client& client, const Settings& settings);
std::vector<Figure> submit_empty(tutti::Client& client, const Settings& settings);
std::vector<Figure> roundtrip(tutti::Client& client, const Settings& settings);
std::vector<Figure> roundtrip_idle(tutti::Client& client, const Settings& settings);
std::vector<Figure> chain(tutti::Client& client, const Settings& settings);
std::vector<Figure> payload(tutti::Client& client, const Settings& settings);
std::vector<Figure> broadcast(tutti::Client& client, const Settings& settings);
std::vector<Figure> gather(tutti::Client& client, const Settings& settings);
std::vector<Figure> scatter(tutti::Client& client, const Settings& settings);
std::vector<Figure> idle(tutti::Client& client, const Settings& settings);
std::vector<Figure> memory(tutti::Client& client, const Settings& settings);
std::vector<Figure> spill(tutti::Client& client, const Settings& settings);
std::vector<Figure> simulation(tutti::Client& client, const Settings& settings);
std::vector<Figure> transfer(tutti::Client& client, const Settings& settings);
std::vector<Figure> broadcast_memory(tutti::Client& client, const Settings& settings);
std::vector<Figure> taskbench(tutti::Client& client, const Settings& settings);

}  // namespace bench
