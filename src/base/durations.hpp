#pragma once

/// Durations: mean run time and result size of each function, recent calls weighing more.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace tutti {

class Durations {
 public:
  /// The longest time that a load of a worker can be.
  static constexpr std::uint32_t load_ns_max = std::numeric_limits<std::uint32_t>::max();

  void add(std::uint32_t function, std::uint64_t calls, std::uint64_t nanoseconds) {
    if (function >= sums_.size()) sums_.resize(function + 1);
    Sum& sum = sums_[function];
    sum.calls += calls;
    sum.nanoseconds += nanoseconds;
    // Halving forgets old calls step by step; the mean of the rest stays the same.
    if (sum.calls > forget_after_calls && calls < sum.calls) {
      sum.calls = (sum.calls + 1) / 2;
      sum.nanoseconds /= 2;
    }
  }
  void add_result(std::uint32_t function, std::uint64_t bytes) {
    if (function >= sums_.size()) sums_.resize(function + 1);
    Sum& sum = sums_[function];
    const double old = sum.result_bytes;
    sum.result_bytes = sum.results++ == 0
                           ? static_cast<double>(bytes)
                           : old + (static_cast<double>(bytes) - old) / result_memory;
  }
  /// Mean bytes of a result; 0 when nothing is known.
  double result_bytes(std::uint32_t function) const {
    return function < sums_.size() ? sums_[function].result_bytes : 0;
  }
  bool known(std::uint32_t function) const {
    return function < sums_.size() && sums_[function].calls != 0;
  }
  /// Mean nanoseconds of a call; 0 when nothing is known.
  double mean_ns(std::uint32_t function) const {
    if (!known(function)) return 0;
    return static_cast<double>(sums_[function].nanoseconds) /
           static_cast<double>(sums_[function].calls);
  }
  /// The mean as a load of a worker, at least 1, at most what fits; `unknown_ns` when nothing is
  /// known.
  std::uint32_t estimate_ns(std::uint32_t function, std::uint64_t calls,
                            std::uint64_t unknown_ns) const {
    const double mean = known(function) ? mean_ns(function) : static_cast<double>(unknown_ns);
    const double estimate = mean * static_cast<double>(calls);
    return static_cast<std::uint32_t>(std::clamp(estimate, 1.0, static_cast<double>(load_ns_max)));
  }

 private:
  struct Sum {
    std::uint64_t calls = 0;
    std::uint64_t nanoseconds = 0;
    std::uint64_t results = 0;
    double result_bytes = 0;
  };
  static constexpr double result_memory = 8;
  static constexpr std::uint64_t forget_after_calls = 1u << 12;
  std::vector<Sum> sums_;
};

}  // namespace tutti
