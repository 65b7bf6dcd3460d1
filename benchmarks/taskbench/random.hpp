#pragma once

/// Numbers that look drawn and are not: the same arguments give the same number on every rank.

#include <cstdint>
#include <initializer_list>

namespace taskbench {

/// A number in [0, 1) for `key`.
inline double uniform(std::initializer_list<std::int64_t> key) {
  std::uint64_t state = 0x243f6a8885a308d3;
  for (const std::int64_t word : key) {
    // The finaliser of SplitMix64, once for each word.
    state += 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(word);
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
    state ^= state >> 31;
  }
  return static_cast<double>(state >> 11) * 0x1p-53;
}

}  // namespace taskbench
