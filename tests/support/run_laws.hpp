#pragma once

/// A simulated run whose laws all hold.

#include "sim/cluster.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tutti::sim {

inline ClusterReport run_by_laws(const ClusterOptions& options, const Workload& workload) {
  ClusterReport report = SimCluster(options, workload).run();
  INFO("seed " << options.seed << ", workers " << options.workers << ", slots " << options.slots);
  const std::string law = report.broken.empty() ? "" : report.broken.front();
  CHECK_EQ(law, "");
  return report;
}

}  // namespace tutti::sim
