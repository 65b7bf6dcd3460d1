#pragma once

/// What an ideal scheduler would reach: nothing but the run times counts, and everything is known
/// everywhere at once.

#include "sim/workload.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace tutti::sim {

/// Slots of different speed: by slot, how many times longer everything takes there than it says.
using SlotFactors = std::vector<double>;

/// `workers` times `slots` slots; `factor_of(rank)` tells how slow a worker is, ranks from 1 on.
template <class FactorOf>
SlotFactors slot_factors(int workers, std::uint32_t slots, FactorOf factor_of) {
  SlotFactors factors;
  factors.reserve(static_cast<std::size_t>(workers) * slots);
  for (int rank = 1; rank <= workers; ++rank) factors.insert(factors.end(), slots, factor_of(rank));
  return factors;
}

/// The end of the last task when tasks are given out one by one, in order, each to the slot that is
/// free first.
std::uint64_t greedy_makespan_ns(std::span<const std::uint64_t> durations_ns,
                                 const SlotFactors& factors);

/// The same for any workload: whenever a slot is free, the ready task or element of highest
/// priority, then the one submitted first, starts there at once. An element of a map over a map is
/// ready when its elements there are done.
std::uint64_t list_makespan_ns(const Workload& work, const SlotFactors& factors);

struct LowerBound {
  std::uint64_t critical_path_ns = 0;  ///< the longest chain of what needs each other
  std::uint64_t work_ns = 0;           ///< everything, on a slot of factor 1
  std::uint64_t makespan_ns = 0;       ///< no scheduler ends before
};

LowerBound lower_bound(const Workload& work, const SlotFactors& factors);

}  // namespace tutti::sim
