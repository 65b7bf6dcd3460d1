#include "memory/policy.hpp"

#include <algorithm>
#include <limits>

namespace tutti::memory {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
/// A paused rank goes on below the level by this fraction of the limit.
constexpr double pause_margin = 0.05;

std::uint64_t above(std::uint64_t bytes, std::uint64_t level) {
  return bytes > level ? bytes - level : 0;
}

}  // namespace

std::uint64_t level_bytes(const Fill& fill, double level) {
  if (fill.limit == 0 || level <= 0) return unlimited;
  return static_cast<std::uint64_t>(static_cast<double>(fill.limit) * level);
}

std::uint64_t bytes_to_spill(const Levels& levels, const Fill& fill) {
  std::uint64_t surplus = above(fill.managed + fill.coming, level_bytes(fill, levels.target));
  // Without a target for values that of the process is where it is spilled at all.
  const std::uint64_t aim =
      level_bytes(fill, levels.target > 0 ? std::min(levels.target, levels.spill) : levels.spill);
  if (fill.process > level_bytes(fill, levels.spill))
    surplus = std::max(surplus, above(fill.process, aim));
  return std::min(above(surplus, fill.leaving), above(fill.managed, fill.leaving));
}

bool should_pause(const Levels& levels, const Fill& fill, bool is_paused) {
  const std::uint64_t level = level_bytes(
      fill, is_paused ? std::max(levels.pause - pause_margin, levels.pause / 2) : levels.pause);
  return fill.managed > level || fill.process > level;
}

bool has_room(const Levels& levels, const Fill& fill, std::uint64_t bytes) {
  const std::uint64_t level = level_bytes(fill, levels.target > 0 ? levels.target : levels.pause);
  return level == unlimited || fill.managed + fill.coming + bytes <= level;
}

bool may_serve(const Levels& levels, const Fill& fill, std::uint64_t bytes) {
  const std::uint64_t level = level_bytes(fill, levels.pause);
  return level == unlimited || fill.managed + fill.coming + bytes <= level;
}

bool should_trim(const Levels& levels, const Fill& fill) {
  const double level = levels.spill > 0 ? levels.spill : levels.pause;
  return fill.process > level_bytes(fill, level) &&
         fill.process - std::min(fill.process, fill.managed) > fill.limit / 20;
}

}  // namespace tutti::memory
