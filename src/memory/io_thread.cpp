#include "memory/io_thread.hpp"

#include <csignal>
#include <utility>

namespace tutti::memory {

void IoThread::post(std::function<void()> work) { post(patient_, std::move(work)); }
void IoThread::post_urgent(std::function<void()> work) { post(urgent_, std::move(work)); }

void IoThread::post(std::deque<std::function<void()>>& queue, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  queue.push_back(std::move(work));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void IoThread::stop() {
  std::deque<std::function<void()>> dropped_urgent;
  std::deque<std::function<void()>> dropped_patient;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped_urgent.swap(urgent_);
    dropped_patient.swap(patient_);
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void IoThread::run() {
  // Signals are for other threads; a file that would grow beyond its limit is an error and no
  // signal.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  thread_setup_();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !patient_.empty(); });
    if (stopping_) return;
    std::deque<std::function<void()>>& queue = urgent_.empty() ? patient_ : urgent_;
    {
      const std::function<void()> work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

}  // namespace tutti::memory
