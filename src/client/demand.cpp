#include "client/demand.hpp"

#include "tutti/error.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tutti::client_module {
namespace {

constexpr int cores_max = 65'536;

void check_amount(const std::string& name, double amount) {
  if (!(amount > 0) || !std::isfinite(amount)) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("a task asks for {} of the resource '{}'; it must be more than 0, or "
                            "left out",
                            amount, name));
  }
  if (name == protocol::device_resource && amount > 1 && amount != std::floor(amount)) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("a task asks for {} of the resource '{}'; it must be a part of one "
                            "device, up to 1, or a whole number of them",
                            amount, name));
  }
}

}  // namespace

protocol::Demand demand_of(const TaskOptions& options, const ChooseRanks& choose) {
  if (options.cores < 1 || options.cores > cores_max) {
    throw Error(
        ErrorCode::bad_argument,
        fmt::format("a task asks for {} cores; it must be from 1 to {}", options.cores, cores_max));
  }
  for (const auto& [name, amount] : options.resources) check_amount(name, amount);
  protocol::Demand demand;
  demand.cores = static_cast<std::uint32_t>(options.cores);
  demand.resources = options.resources;
  demand.others_too = options.allow_other_workers;
  demand.result_bytes = options.memory;
  if (!options.workers.empty()) demand.workers = choose(options.workers);
  return demand;
}

GraphDemands demands_of(const detail::CallGraph& graph, std::span<const std::uint32_t> uses,
                        const std::function<protocol::Demand(const TaskOptions&)>& demand_for) {
  GraphDemands demands;
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] != 0 && asks_for_more(graph[number].options))
      demands.emplace(number, demand_for(graph[number].options));
  }
  return demands;
}

const protocol::Demand& demand_in(const GraphDemands& demands, std::uint64_t number) {
  static const protocol::Demand none;
  const auto found = demands.find(number);
  return found == demands.end() ? none : found->second;
}

}  // namespace tutti::client_module
