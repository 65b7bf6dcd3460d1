#pragma once

/// How much memory the ranks of a run use, see Client::memory().

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace tutti {

/// The memory of one rank; all sizes in bytes. Rank 0 is told of other ranks up to five times a
/// second, when something has changed, so figures of other ranks may be a fifth of a second old.
struct RankMemory {
  int rank = 0;
  std::string host = {};
  /// What the option memory_limit allows this rank; 0: no limit.
  std::uint64_t limit_bytes = 0;
  /// Values that the rank keeps in memory, as nbytes() estimates them.
  std::uint64_t managed_bytes = 0;
  /// All memory that belongs to the process alone: values, the program's own, and what its heap
  /// keeps for later. Memory that it shares with others is not in it.
  std::uint64_t process_bytes = 0;
  /// Values that were written to disk and are not in memory.
  std::uint64_t spilled_bytes = 0;
  /// Values that lie once on the node for all of its ranks; counted by the rank that made them.
  std::uint64_t shared_bytes = 0;
  /// The rank starts no tasks because it is short of memory.
  bool paused = false;
};

/// A table: one line a rank, and the sums.
std::ostream& operator<<(std::ostream& out, const std::vector<RankMemory>& ranks);

}  // namespace tutti
