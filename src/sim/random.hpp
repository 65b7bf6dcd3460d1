#pragma once

/// Random numbers of the simulation: the same on every machine.

#include <cstdint>

namespace tutti::sim {

/// Mixes two numbers into one that looks random (the finaliser of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15ull + b + 0x632be59bd9b4e019ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/// A number in [0, 1).
constexpr double unit_interval(std::uint64_t random) {
  return static_cast<double>(random >> 11) * 0x1.0p-53;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed, 1)) {}
  std::uint64_t next() { return mix(state_++, 2); }
  /// One of 0 ... count - 1.
  std::uint64_t below(std::uint64_t count) { return next() % count; }

 private:
  std::uint64_t state_;
};

}  // namespace tutti::sim
