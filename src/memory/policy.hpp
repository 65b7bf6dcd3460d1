#pragma once

/// What a rank does about its memory, by how full it is. Pure: everything is passed in.

#include <cstdint>

namespace tutti::memory {

/// Fractions of the memory limit; 0: never.
struct Levels {
  double target = 0.6;  ///< of values: those that were not used for longest are spilled
  double spill = 0.7;   ///< of the process: the same, down to the target
  double pause = 0.8;   ///< of either: no new tasks
};

/// How full a rank is, in bytes.
struct Fill {
  std::uint64_t limit = 0;    ///< 0: none
  std::uint64_t managed = 0;  ///< values in memory
  std::uint64_t coming = 0;   ///< values that are being read, or will be next
  std::uint64_t leaving = 0;  ///< values that are being written
  std::uint64_t process = 0;  ///< what the process has allocated since its start
};

/// How many bytes of values should leave memory now, beyond those that are leaving.
std::uint64_t bytes_to_spill(const Levels& levels, const Fill& fill);

/// Whether no new task may start. A rank that is paused goes on only when it is clearly below the
/// level, so that it does not change its mind with every task.
bool should_pause(const Levels& levels, const Fill& fill, bool is_paused);

/// Whether `bytes` more may come into memory without anything having to leave.
bool has_room(const Levels& levels, const Fill& fill, std::uint64_t bytes);

/// Whether `bytes` may come into memory for another rank, whose tasks wait for them: something may
/// have to leave for them, but no rank pauses because of them.
bool may_serve(const Levels& levels, const Fill& fill, std::uint64_t bytes);

/// True when the process takes so much more than its values that it should give back free memory.
bool should_trim(const Levels& levels, const Fill& fill);

/// Bytes at a level; all of them when there is no limit or the level is 0.
std::uint64_t level_bytes(const Fill& fill, double level);

}  // namespace tutti::memory
