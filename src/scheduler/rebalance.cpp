// Evening out what workers hold: which idle pieces go where.

#include "scheduler/replication.hpp"
#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace tutti::scheduler {
namespace {

/// How full a worker is, in parts of what it may use.
double fill(const Holding& worker, bool has_limits) {
  const auto bytes = static_cast<double>(worker.bytes);
  return has_limits ? bytes / static_cast<double>(worker.limit_bytes) : bytes;
}

}  // namespace

std::vector<Move> plan_rebalance(std::vector<Holding> workers, std::vector<Move> movable) {
  std::vector<Move> moves;
  const bool has_limits =
      std::ranges::all_of(workers, [](const Holding& each) { return each.limit_bytes != 0; });
  double bytes = 0;
  double room = 0;
  std::map<std::int32_t, Holding*> by_rank;
  std::set<std::pair<double, std::int32_t>> by_fill;
  for (Holding& worker : workers) {
    bytes += static_cast<double>(worker.bytes);
    room += has_limits ? static_cast<double>(worker.limit_bytes) : 1.0;
    by_rank[worker.worker] = &worker;
    by_fill.emplace(fill(worker, has_limits), worker.worker);
  }
  if (workers.size() < 2) return moves;
  const double mean = bytes / room;
  std::ranges::sort(movable, [](const Move& a, const Move& b) {
    return std::tie(b.bytes, a.piece) < std::tie(a.bytes, b.piece);
  });
  for (Move& move : movable) {
    Holding& from = *by_rank.at(move.from);
    const double size = fill({move.from, move.bytes, from.limit_bytes}, has_limits);
    const double before = fill(from, has_limits);
    if (move.bytes == 0 || size >= 2 * (before - mean)) continue;
    Holding& to = *by_rank.at(by_fill.begin()->second);
    const double after = fill({to.worker, to.bytes + move.bytes, to.limit_bytes}, has_limits);
    if (after >= before) continue;
    by_fill.erase({before, from.worker});
    by_fill.erase(by_fill.begin());
    from.bytes -= move.bytes;
    to.bytes += move.bytes;
    by_fill.emplace(fill(from, has_limits), from.worker);
    by_fill.emplace(fill(to, has_limits), to.worker);
    move.to = to.worker;
    moves.push_back(move);
  }
  return moves;
}

std::vector<Move> Scheduler::rebalance(std::span<const TaskId> ids,
                                       std::span<const std::int32_t> ranks, Commands& commands) {
  std::vector<Holding> workers;
  for (const std::int32_t rank : ranks)
    workers.push_back({rank, 0, workers_.at(rank).memory_limit_bytes});
  for_each_piece([&](const Piece& piece, std::uint64_t bytes) {
    for (const std::int32_t holder : holders_of(piece)) {
      const auto worker = std::ranges::find(workers, holder, &Holding::worker);
      if (worker != workers.end()) worker->bytes += bytes;
    }
  });
  std::vector<Move> movable;
  const auto consider = [&](const Piece& piece, std::uint64_t bytes) {
    const std::vector<std::int32_t> holders = holders_of(piece);
    if (holders.size() != 1 || std::ranges::find(ranks, holders.front()) == ranks.end()) return;
    movable.push_back({piece, bytes, holders.front(), no_worker});
  };
  const std::set<TaskId> chosen(ids.begin(), ids.end());
  for (const TaskId id : chosen) {
    const GroupRecord* group = groups_.find(id);
    const TaskRecord* record = tasks_.find(id);
    const bool held =
        (group != nullptr && group->client_holds) || (record != nullptr && record->client_holds);
    // A task that holds a future was told once where its result is.
    const bool of_task =
        group != nullptr ? group->owner != 0 : record != nullptr && record->owner != 0;
    // What is used would have to stay as well, and its memory with it.
    const bool stays = record != nullptr && record->is_actor;
    if (!held || of_task || stays || is_replicating(id) || users_of(id) != 0) continue;
    for_each_piece_of(id, consider);
  }
  std::vector<Move> moves = plan_rebalance(std::move(workers), std::move(movable));
  for (const Move& move : moves) replicate(move.piece, {&move.to, 1}, {&move.from, 1}, commands);
  return moves;
}

}  // namespace tutti::scheduler
