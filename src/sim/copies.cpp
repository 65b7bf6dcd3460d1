// The client of the simulation has results copied and moved while everything runs.

#include "scheduler/replication.hpp"
#include "sim/cluster.hpp"

#include <vector>

namespace tutti::sim {

/// With the probability of the options: copies of something to some workers, moves it, or evens out
/// what all workers hold.
void SimCluster::copy_some() {
  if (options_.copy_probability <= 0 || next_item_ == 0) return;
  const auto draw = [this](std::uint64_t below) {
    return mix(mix(options_.seed, 77), random_draws_++) % below;
  };
  constexpr std::uint64_t parts = 1'000'000;
  if (static_cast<double>(draw(parts)) >= options_.copy_probability * static_cast<double>(parts))
    return;
  scheduler::Scheduler& scheduler = head_.scheduler();
  const auto workers = static_cast<std::uint64_t>(scheduler.workers().size() - 1);
  if (workers == 0) return;
  const auto some_worker = [&] { return static_cast<std::int32_t>(1 + draw(workers)); };
  if (draw(4) == 0) return rebalance_all();
  const Known& known = known_[draw(next_item_)];
  if (!known.held) return;
  std::vector<scheduler::Piece> pieces;
  scheduler.for_each_piece_of(
      known.id, [&](const scheduler::Piece& piece, std::uint64_t) { pieces.push_back(piece); });
  const bool moves = draw(2) == 0;
  for (const scheduler::Piece& piece : pieces) {
    const std::vector<std::int32_t> holders = scheduler.holders_of(piece);
    std::vector<std::int32_t> targets{some_worker()};
    std::vector<std::int32_t> leaving;
    if (moves) leaving.push_back(holders[draw(holders.size())]);
    for (std::uint64_t more = moves ? 0 : draw(workers); more != 0; --more)
      targets.push_back(some_worker());
    scheduler.replicate(piece, targets, leaving, head_.commands());
    ++report_.copies;
  }
}

void SimCluster::rebalance_all() {
  scheduler::Scheduler& scheduler = head_.scheduler();
  std::vector<TaskId> ids;
  for (std::size_t item = 0; item < next_item_; ++item) {
    if (known_[item].held) ids.push_back(known_[item].id);
  }
  std::vector<std::int32_t> ranks;
  for (int rank = 1; rank < scheduler.workers().size(); ++rank) {
    if (scheduler.workers().at(rank).joined) ranks.push_back(rank);
  }
  report_.copies += scheduler.rebalance(ids, ranks, head_.commands()).size();
}

}  // namespace tutti::sim
