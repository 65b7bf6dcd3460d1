// Tasks of the simulation that need more than a slot, and the law that nobody gets what another one
// has.

#include "sim/cluster.hpp"

#include <map>
#include <utility>

namespace tutti::sim {

/// Every worker has two devices; the first one has the only license.
protocol::Resources resources_of(const ClusterOptions& options, int rank) {
  if (options.demand_share <= 0) return {};
  protocol::Resources resources{{{protocol::device_resource, 2}}, {0, 1}};
  if (rank == 1) resources.amounts["license"] = 1;
  return resources;
}

protocol::Demand demand_of(const ClusterOptions& options, std::size_t item) {
  const std::uint64_t dice = mix(options.seed ^ 0x5bd1e995u, item);
  protocol::Demand demand;
  if (unit_interval(dice) >= options.demand_share) return demand;
  const std::uint64_t kind = mix(dice, 1) % 6;
  if (kind == 0) demand.cores = 1 + static_cast<std::uint32_t>(mix(dice, 2) % options.slots);
  if (kind == 1) demand.resources[protocol::device_resource] = 0.5;
  if (kind == 2 || kind == 5)
    demand.resources[protocol::device_resource] = static_cast<double>(1 + mix(dice, 3) % 2);
  if (kind == 3) demand.resources["license"] = 1;
  if (kind >= 4) {
    const auto workers = static_cast<std::uint64_t>(options.workers);
    demand.workers = {1 + static_cast<std::int32_t>(mix(dice, 4) % workers)};
    demand.others_too = mix(dice, 5) % 2 == 0;
  }
  return demand;
}

/// What runs has its devices and slots for itself, whatever rank 0 believes.
void SimCluster::check_claims() {
  std::map<std::pair<int, std::int32_t>, double> used;
  std::map<int, std::uint32_t> slots;
  int licenses = 0;
  for (const Running& running : running_) {
    if (!running.batch || running.batch->items.empty()) continue;
    slots[running.rank] += running.batch->slots;
    const worker::Execution& item = running.batch->items.front();
    const bool single = item.task != nullptr;
    if (!single && item.range == nullptr) continue;
    const worker::Claim& claim = single ? item.task->claim : item.range->claim;
    const std::size_t number = find_item(single ? item.id : item.range->group);
    if (number == no_item) continue;
    const protocol::Demand demand = demand_of(options_, number);
    if (!demand.workers.empty() && !demand.others_too && demand.workers.front() != running.rank)
      broken("a task runs on a worker that it did not name");
    licenses += demand.resources.contains("license") ? 1 : 0;
    const auto devices = demand.resources.find(protocol::device_resource);
    if (devices == demand.resources.end()) continue;
    if (claim.devices.size() != static_cast<std::size_t>(devices->second + 0.5))
      broken("a task has another number of devices than it asked for");
    for (const std::int32_t device : claim.devices)
      used[{running.rank, device}] += devices->second < 1 ? devices->second : 1;
  }
  for (const auto& [device, share] : used) {
    if (share > 1) broken("a device was given twice");
  }
  if (licenses > 1) broken("one license was given twice");
  for (const auto& [rank, count] : slots) {
    if (count > options_.slots) broken("more slots are in use than there are");
  }
}

}  // namespace tutti::sim
