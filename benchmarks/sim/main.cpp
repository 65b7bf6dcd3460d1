/// tutti-sim: a workload on virtual workers, and how far from ideal that was. docs/simulation.md
/// says what the figures mean.

#include "settings.hpp"
#include "sim/greedy.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace tutti::sim {
namespace {

/// What no scheduler needs time for.
struct Ideal {
  std::uint64_t greedy_ns = 0;
  LowerBound bound;
};

bool is_independent(const Workload& work) {
  return std::ranges::all_of(work, [](const WorkItem& item) {
    return item.inputs.empty() && item.sources.empty() && item.priority == 0;
  });
}

Ideal find_ideal(const Settings& settings, const Workload& work) {
  const ClusterOptions& cluster = settings.cluster;
  const SlotFactors factors = slot_factors(cluster.workers, cluster.slots,
                                           [&](int rank) { return slowness(cluster, rank); });
  Ideal ideal;
  ideal.bound = lower_bound(work, factors);
  if (!is_independent(work)) {
    ideal.greedy_ns = list_makespan_ns(work, factors);
    return ideal;
  }
  std::vector<std::uint64_t> durations_ns;
  durations_ns.reserve(count_tasks(work));
  for (const WorkItem& item : work) {
    for (std::uint64_t element = 0; item.elements && element < *item.elements; ++element)
      durations_ns.push_back(element_duration_ns(item, element));
    if (!item.elements) durations_ns.push_back(item.duration_ns);
  }
  ideal.greedy_ns = greedy_makespan_ns(durations_ns, factors);
  return ideal;
}

nlohmann::ordered_json to_json(const Settings& settings, const Workload& work,
                               const ClusterReport& report, double wall_seconds) {
  const ClusterOptions& cluster = settings.cluster;
  const std::uint64_t tasks = count_tasks(work);
  nlohmann::ordered_json line;
  line["workload"] = settings.workload;
  line["tasks"] = tasks;
  line["workers"] = cluster.workers;
  line["slots"] = cluster.slots;
  line["seed"] = cluster.seed;
  line["duration_us"] = settings.duration_us;
  line["sigma"] = settings.distribution == "lognormal" ? settings.sigma : 0.0;
  line["makespan_ms"] = static_cast<double>(report.makespan_ns) * 1e-6;
  // With failures, less is run than the ideal would run.
  if (cluster.failure_probability == 0) {
    const Ideal ideal = find_ideal(settings, work);
    line["greedy_ms"] = static_cast<double>(ideal.greedy_ns) * 1e-6;
    line["ratio"] = static_cast<double>(report.makespan_ns) / static_cast<double>(ideal.greedy_ns);
    line["bound_ms"] = static_cast<double>(ideal.bound.makespan_ns) * 1e-6;
    line["bound_ratio"] =
        static_cast<double>(report.makespan_ns) / static_cast<double>(ideal.bound.makespan_ns);
    line["critical_path_ms"] = static_cast<double>(ideal.bound.critical_path_ns) * 1e-6;
  }
  const double slots_ns = static_cast<double>(report.makespan_ns) *
                          static_cast<double>(cluster.workers) * static_cast<double>(cluster.slots);
  line["idle_share"] = std::max(0.0, 1.0 - static_cast<double>(report.busy_ns) / slots_ns);
  line["messages"] = report.messages;
  line["packets"] = report.packets;
  line["bytes"] = report.bytes;
  line["fetches"] = report.fetches;
  line["stored_bytes_max"] = report.stored_bytes_max;
  line["failed"] = report.failed + report.failed_elements;
  line["events"] = report.events;
  line["scheduler_events"] = report.scheduler_events;
  line["scheduler_us_per_event"] =
      report.scheduler_seconds * 1e6 / static_cast<double>(report.scheduler_events);
  line["scheduler_us_per_task"] = report.scheduler_seconds * 1e6 / static_cast<double>(tasks);
  line["wall_s"] = wall_seconds;
  line["log"] = fmt::format("{:016x}", report.log_hash);
  return line;
}

void print_table(const nlohmann::ordered_json& line) {
  for (const auto& [name, value] : line.items()) {
    if (value.is_string()) {
      fmt::print("{:<24} {:>18}\n", name, value.get<std::string>());
    } else if (value.is_number_float()) {
      fmt::print("{:<24} {:>18.4f}\n", name, value.get<double>());
    } else {
      fmt::print("{:<24} {:>18}\n", name, value.get<std::uint64_t>());
    }
  }
}

int simulate(const Settings& settings) {
  const Workload work = make_workload(settings);
  const auto start = std::chrono::steady_clock::now();
  const ClusterReport report = SimCluster(settings.cluster, work).run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const nlohmann::ordered_json line = to_json(settings, work, report, wall.count());
  if (settings.json) {
    std::cout << line.dump() << std::endl;
  } else {
    print_table(line);
  }
  for (const std::string& law : report.broken) fmt::print(stderr, "tutti-sim: broken: {}.\n", law);
  return report.broken.empty() ? 0 : 1;
}

}  // namespace
}  // namespace tutti::sim

int main(int argc, char** argv) {
  tutti::sim::Settings settings;
  const int code = tutti::sim::read_command_line(argc, argv, settings);
  return code >= 0 ? code : tutti::sim::simulate(settings);
}
