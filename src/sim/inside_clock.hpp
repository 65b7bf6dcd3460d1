#pragma once

/// InsideClock: real time spent inside calls of the scheduler. The only thing in a virtual cluster
/// that looks at a real clock; nothing that happens there depends on it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace tutti::sim {

class InsideClock {
 public:
  using Clock = std::chrono::steady_clock;

  /// Off, calls cost nothing more and seconds() stays 0.
  explicit InsideClock(bool on) : on_(on) {
    if (!on_) return;
    constexpr int repetitions = 1'000;
    for (int number = 0; number < repetitions; ++number) measure([] {});
    empty_seconds_ = std::chrono::duration<double>(inside_).count() / repetitions;
    inside_ = {};
    measurements_ = 0;
    start_ = Clock::now();
    start_processor_seconds_ = processor_seconds();
  }

  template <class Calls>
  void measure(Calls calls) {
    if (!on_) {
      calls();
      return;
    }
    const auto start = Clock::now();
    calls();
    inside_ += Clock::now() - start;
    ++measurements_;
  }

  /// Without what looking at the clock takes, and without the share of the time in which other
  /// programs had the processor: they interrupt us inside and outside alike.
  double seconds() const {
    if (!on_) return 0;
    const double looking = empty_seconds_ * static_cast<double>(measurements_);
    const double inside = std::max(0.0, std::chrono::duration<double>(inside_).count() - looking);
    const double all = std::chrono::duration<double>(Clock::now() - start_).count();
    const double ours = processor_seconds() - start_processor_seconds_;
    return inside * std::min(1.0, ours / std::max(all, 1e-9));
  }

 private:
  /// What this thread had of a processor; too slow to ask for each call.
  static double processor_seconds() {
    std::timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  bool on_;
  Clock::duration inside_{};
  std::uint64_t measurements_ = 0;
  double empty_seconds_ = 0;
  Clock::time_point start_;
  double start_processor_seconds_ = 0;
};

}  // namespace tutti::sim
