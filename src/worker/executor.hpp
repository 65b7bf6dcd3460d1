#pragma once

/// Executor: the threads that run tasks. The only place that starts them.

#include <functional>
#include <thread>
#include <vector>

namespace tutti::worker {

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() { join(); }

  /// Starts `threads` threads; each runs `loop(number)` until it returns.
  void start(unsigned threads, const std::function<void(unsigned)>& loop) {
    for (unsigned number = 0; number < threads; ++number) threads_.emplace_back(loop, number);
  }
  /// One more, while others run. The caller sees to it that nobody joins meanwhile.
  void add(unsigned number, const std::function<void(unsigned)>& loop) {
    threads_.emplace_back(loop, number);
  }
  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace tutti::worker
