#pragma once

/// Replication: how far the copying of a value or stretch is. Move: what evens out memory.

#include "scheduler/commands.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace tutti::scheduler {

/// Each holder serves one copy at a time, and each copy serves the next ones.
struct Replication {
  struct Copy {
    std::int32_t source;
    std::int32_t target;
  };
  std::deque<std::int32_t> idle_sources;  ///< holders that send it to nobody
  std::deque<std::int32_t> targets;       ///< who is to get it and has no source yet
  std::vector<Copy> under_way;
  std::vector<std::int32_t> leaving;  ///< holders that give it up when all copies are there
};

/// A piece that goes to another worker.
struct Move {
  Piece piece;
  std::uint64_t bytes = 0;
  std::int32_t from = -1;
  std::int32_t to = -1;
};

/// What a worker holds, and the memory that it may use; 0 for no limit.
struct Holding {
  std::int32_t worker = -1;
  std::uint64_t bytes = 0;
  std::uint64_t limit_bytes = 0;
};

/// Moves that even out what the workers hold, relative to their limits (without limits on all of
/// them: in bytes). Each piece of `movable` (`to` is not set) is with one of the workers. Larger
/// ones go first, each to the worker that is least full, as long as that brings its holder nearer
/// to the mean.
std::vector<Move> plan_rebalance(std::vector<Holding> workers, std::vector<Move> movable);

}  // namespace tutti::scheduler
