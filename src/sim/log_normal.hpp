#pragma once

/// Log-normal durations: the same on every machine, because only arithmetic that IEEE 754 fixes is
/// used and no function of the C library.

#include <cstdint>

namespace tutti::sim {

/// The standard normal quantile of a probability in (0, 1); nine digits are right.
double normal_quantile(double probability);

/// A log-normal number of mean 1; `sigma` is the standard deviation of its logarithm. `random` is
/// any 64 bits, of which the same ones give the same number.
double log_normal(std::uint64_t random, double sigma);

}  // namespace tutti::sim
