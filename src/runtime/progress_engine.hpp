#pragma once

/// ProgressEngine: the lock of a rank, and who moves its messages.
///
/// Whoever has nothing better to do polls: the client's thread while it waits, an executor between
/// tasks, and, when nobody did for a while, the keeper thread. Only one thread at a time watches
/// the doorbell; the others wait for it to tell them.

#include "transport/transport.hpp"
#include "tutti/timeout.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tutti::runtime {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

/// From now on; none for a wait that lasts for ever.
Deadline deadline_of(Timeout timeout);

struct EngineOptions {
  std::chrono::microseconds idle_spin{50};
  std::chrono::microseconds keeper_interval{100};
};

class ProgressEngine {
 public:
  using Lock = std::unique_lock<std::mutex>;
  /// Who waits: a thread of a client, or one that runs tasks.
  enum class Who : std::uint8_t { client, task };

  ProgressEngine(transport::Transport& transport, EngineOptions options);
  ~ProgressEngine() { stop_keeper(); }

  /// `on_packet` gets what arrives. `end_turn` runs after each poll and makes up what follows:
  /// decisions, messages. It returns true when it sent something. `before_sleep` runs before a
  /// thread that found nothing to do falls asleep. `on_tick` runs on the keeper thread, without the
  /// lock, a few times a second.
  void set_handlers(transport::Transport::OnPacket on_packet, std::function<bool()> end_turn,
                    std::function<void()> before_sleep, std::function<void()> on_tick);

  std::mutex& mutex() { return mutex_; }

  /// Moves messages once. The caller holds the lock. True when something arrived, completed or was
  /// sent.
  bool poll();
  /// Polls until `ready()` holds or the deadline is over; spins, yields, then sleeps. `lock` is
  /// held when ready() is called and on return. False when the time was over.
  bool wait(Lock& lock, const std::function<bool()>& ready, Deadline deadline = {},
            Who who = Who::client);
  /// While tasks of this rank wait inside of themselves their threads look after messages, and
  /// threads of clients sleep: two that poll would wait for each other's lock all the time. The
  /// caller holds the lock.
  void leave_to_tasks(bool tasks_wait);
  /// Something changed that waiting threads may wait for. The caller holds the lock.
  void notify();
  /// Runs `work` without the lock, on a thread that waits or on the keeper. The caller holds the
  /// lock.
  void defer(std::function<void()> work);
  /// Time since somebody polled; for threads that run short tasks one after the other.
  bool poll_is_due() const { return Clock::now() - last_poll_ > std::chrono::microseconds(50); }
  /// The calling thread leaves for long: somebody else has to look after messages. The caller holds
  /// the lock.
  void hand_over();

  void start_keeper(const std::function<void()>& thread_setup);
  void stop_keeper();
  /// Wakes the keeper from a signal handler.
  void wake_from_signal() noexcept { transport_.wake(); }

  /// CPU-independent counters for tests.
  std::uint64_t sleeps() const { return sleeps_; }

 private:
  void run_deferred(Lock& lock);
  bool watch(Lock& lock, std::chrono::microseconds limit, const std::function<bool()>& ready);
  void take_watch_from_keeper();
  void give_watch_to_keeper();
  void watch_as_keeper(Lock& lock);
  void keep(Lock& lock);

  transport::Transport& transport_;
  EngineOptions options_;
  std::chrono::microseconds spin_;          ///< how long a thread that waits polls
  std::chrono::microseconds polite_after_;  ///< from then on it yields the core in between
  transport::Transport::OnPacket on_packet_;
  std::function<bool()> end_turn_;
  std::function<void()> before_sleep_;
  std::function<void()> on_tick_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable clients_;
  bool tasks_wait_ = false;
  std::condition_variable keeper_;
  bool watched_ = false;         ///< a thread sleeps on the doorbell
  bool keeper_watches_ = false;  ///< it is the keeper, and the bell is armed for it
  bool keeper_sleeps_on_bell_ = false;
  unsigned waiting_ = 0;   ///< threads in changed_.wait
  unsigned spinning_ = 0;  ///< threads that poll now
  bool keeper_asleep_ = false;
  bool stopping_ = false;
  std::atomic<std::uint64_t> changes_{0};
  Clock::time_point last_poll_ = Clock::now();
  Clock::time_point last_moved_ = last_poll_;  ///< of the polls that found something
  std::vector<std::function<void()>> deferred_;
  std::uint64_t sleeps_ = 0;
  std::thread keeper_thread_;
};

}  // namespace tutti::runtime
