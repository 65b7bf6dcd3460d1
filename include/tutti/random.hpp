#pragma once

/// Random: a counter-based generator of random numbers. Equal keys give equal streams, on any rank
/// and in any order; different ones have nothing to do with each other.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tutti {

/// Philox4x64-10. A uniform random bit generator, to be used with the distributions of <random>;
/// their results differ between standard libraries, those of uniform() do not. Cheap to make (no
/// tables, no warming up) and to copy. Not thread-safe.
class Random {
 public:
  using result_type = std::uint64_t;

  /// The stream of these three numbers: 2^64 streams for each seed, of 2^64 parts each.
  Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t part = 0)
      : key_{seed, stream}, part_(part) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() {
    if (next_ == block_.size()) refill();
    return block_[next_++];
  }
  /// In [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

 private:
  void refill();

  std::array<std::uint64_t, 2> key_;
  std::uint64_t part_;
  std::uint64_t counter_ = 0;
  std::array<std::uint64_t, 4> block_{};
  std::size_t next_ = 4;
};

}  // namespace tutti
