#pragma once

/// IoThread: the thread that reads and writes files, so that nobody who holds a lock does. It is
/// started with the first work.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tutti::memory {

class IoThread {
 public:
  /// `thread_setup` is the first thing that the thread does.
  explicit IoThread(std::function<void()> thread_setup) : thread_setup_(std::move(thread_setup)) {}
  ~IoThread() { stop(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// Any thread may call these. What somebody waits for comes first: `urgent`. After stop() work is
  /// dropped. The work must not throw.
  void post(std::function<void()> work);
  void post_urgent(std::function<void()> work);
  /// Ends what it does now, drops the rest. The caller must not hold a lock that the work takes.
  void stop();

 private:
  void post(std::deque<std::function<void()>>& queue, std::function<void()> work);
  void run();

  std::function<void()> thread_setup_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> urgent_;
  std::deque<std::function<void()>> patient_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti::memory
