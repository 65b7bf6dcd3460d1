#pragma once

/// InsideClock: real time spent inside calls of the scheduler. The only thing in a virtual cluster
/// that looks at a real clock; nothing that happens there depends on it.

#include <chrono>
#include <cstdint>

namespace tutti::sim {

class InsideClock {
 public:
  using Clock = std::chrono::steady_clock;

  /// Off, calls cost nothing more and seconds() stays 0.
  explicit InsideClock(bool on) : on_(on) {
    if (!on_) return;
    constexpr int repetitions = 1'000;
    for (int number = 0; number < repetitions; ++number) measure([] {});
    empty_ = inside_ / repetitions;
    inside_ = {};
    measurements_ = 0;
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

  /// What looking at the clock takes is not part of it.
  double seconds() const {
    const Clock::duration looking = empty_ * static_cast<Clock::rep>(measurements_);
    return inside_ > looking ? std::chrono::duration<double>(inside_ - looking).count() : 0.0;
  }

 private:
  bool on_;
  Clock::duration inside_{};
  Clock::duration empty_{};
  std::uint64_t measurements_ = 0;
};

}  // namespace tutti::sim
