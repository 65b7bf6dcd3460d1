#pragma once

/// What TaskOptions ask for beside a slot, as the scheduler takes it.

#include "protocol/demand.hpp"
#include "tutti/detail/call_graph.hpp"
#include "tutti/task_options.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

namespace tutti::client_module {

/// Gives the ranks that names of workers mean; throws Error (bad_argument) for names of nobody.
using ChooseRanks = std::function<std::vector<std::int32_t>(const std::vector<WorkerName>&)>;

/// False for most: then demand_of() gives nothing.
inline bool asks_for_more(const TaskOptions& options) {
  return options.cores != 1 || !options.resources.empty() || !options.workers.empty() ||
         options.memory != 0;
}

/// Throws Error (bad_argument) for amounts out of their limits.
protocol::Demand demand_of(const TaskOptions& options, const ChooseRanks& choose);

/// Of the calls of a graph that ask for more, by their numbers.
using GraphDemands = std::map<std::uint64_t, protocol::Demand>;
GraphDemands demands_of(const detail::CallGraph& graph, std::span<const std::uint32_t> uses,
                        const std::function<protocol::Demand(const TaskOptions&)>& demand_for);
/// An empty one when the call asks for nothing.
const protocol::Demand& demand_in(const GraphDemands& demands, std::uint64_t number);

}  // namespace tutti::client_module
