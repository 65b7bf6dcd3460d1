#pragma once

/// Adaptive: how many workers there is work for. Pure: time is passed in. The rule is that of
/// Dask's Adaptive: as many as get through with all that is known in `target_s`, no more than there
/// are tasks, more at once, fewer only when that was so several times in turn.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tutti::scheduler {

struct AdaptiveLimits {
  std::uint32_t minimum = 1;
  std::uint32_t maximum = 1;
  double interval_s = 1;
  double target_s = 5;
  std::uint32_t wait_count = 3;  ///< looks in turn that want fewer, before there are fewer
};

/// What is known of the work.
struct Occupancy {
  double work_s = 0;           ///< expected time of all that is not done, on one worker
  std::uint64_t tasks = 0;     ///< not done, elements of maps included
  double memory_fraction = 0;  ///< of their limits, that the workers that work use
};

class Adaptive {
 public:
  explicit Adaptive(AdaptiveLimits limits) : limits_(limits) {}

  bool is_due(double now_s) const { return now_s >= next_s_; }
  /// The number of workers to have from now on, where `now` work.
  std::uint32_t look(double now_s, std::uint32_t now, const Occupancy& occupancy) {
    next_s_ = now_s + limits_.interval_s;
    const std::uint32_t wanted = wanted_for(now, occupancy);
    if (wanted >= now) {
      fewer_ = 0;
      return wanted;
    }
    if (++fewer_ < limits_.wait_count) return now;
    fewer_ = 0;
    return wanted;
  }

 private:
  std::uint32_t wanted_for(std::uint32_t now, const Occupancy& occupancy) const {
    // From here on values are spilled.
    constexpr double full = 0.6;
    double wanted = std::ceil(occupancy.work_s / limits_.target_s);
    wanted = std::min(wanted, static_cast<double>(occupancy.tasks));
    if (occupancy.memory_fraction > full) wanted = std::max(wanted, 2.0 * now);
    return static_cast<std::uint32_t>(
        std::clamp(wanted, static_cast<double>(limits_.minimum),
                   static_cast<double>(std::max(limits_.minimum, limits_.maximum))));
  }

  AdaptiveLimits limits_;
  double next_s_ = 0;
  std::uint32_t fewer_ = 0;
};

}  // namespace tutti::scheduler
