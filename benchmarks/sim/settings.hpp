#pragma once

/// What tutti-sim was asked for.

#include "sim/cluster.hpp"
#include "sim/workload.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::sim {

struct Settings {
  std::string workload;
  std::uint64_t tasks = 10'000;
  std::uint64_t elements = 100'000;
  std::uint64_t width = 1'000;
  std::uint64_t steps = 100;
  std::uint64_t leaves = 4'096;
  std::uint64_t fan_in = 16;
  double skew = 1.0;
  double duration_us = 1'000;
  std::string distribution = "constant";
  double sigma = 1.0;
  std::uint64_t result_bytes = 8;
  double latency_us = 2;
  double jitter_us = 2;
  double bandwidth_gb_per_s = 4;
  double submit_gap_us = 1;
  double credit_us = 1'000;
  ClusterOptions cluster;
  bool json = false;
};

/// A workload that can be asked for by name, and the options that give its size.
struct WorkloadKind {
  std::string name;
  std::string meaning;
  std::vector<std::string> sizes;
};
const std::vector<WorkloadKind>& workload_kinds();

/// Reads the command line. Returns -1, or the exit code of a program that has nothing more to do:
/// help was asked for, or a sentence on stderr says what is wrong.
int read_command_line(int argc, char** argv, Settings& settings);

Workload make_workload(const Settings& settings);

}  // namespace tutti::sim
