#pragma once

/// Timeout: how long a call may wait.

#include <chrono>
#include <limits>

namespace tutti {

/// A time limit: a number of seconds, or any std::chrono duration. Without one a call waits for
/// ever.
class Timeout {
 public:
  constexpr Timeout() = default;
  constexpr Timeout(double seconds) : seconds_(seconds) {}
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> limit)
      : seconds_(std::chrono::duration<double>(limit).count()) {}

  constexpr double seconds() const { return seconds_; }
  constexpr bool is_forever() const { return seconds_ == std::numeric_limits<double>::infinity(); }

 private:
  double seconds_ = std::numeric_limits<double>::infinity();
};

inline constexpr Timeout forever{};

}  // namespace tutti
