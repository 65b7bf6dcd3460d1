#include "runtime/progress_engine.hpp"

#include "base/exception_text.hpp"
#include "base/log.hpp"
#include "runtime/topology.hpp"
#include "worker/task_context.hpp"

#include <algorithm>
#include <sched.h>
#include <utility>

namespace tutti::runtime {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Bounds of sleeps: a missed message can never cost more.
constexpr microseconds watch_limit = milliseconds(100);
constexpr microseconds busy_limit = microseconds(50);
constexpr microseconds client_limit = microseconds(300);
constexpr microseconds keeper_limit = milliseconds(20);
constexpr microseconds keeper_nap_max = milliseconds(1);
constexpr auto tick_interval = milliseconds(200);
constexpr microseconds silence(20);

microseconds until(const Deadline& deadline, microseconds limit) {
  if (!deadline) return limit;
  const auto left = std::chrono::ceil<microseconds>(*deadline - Clock::now());
  return std::clamp(left, microseconds(0), limit);
}

/// More ranks on this node than cores: they must be let run.
bool is_crowded(const transport::Transport& transport) {
  const std::vector<transport::Place>& places = transport.places();
  const int node = places[static_cast<std::size_t>(transport.rank())].node;
  return std::ranges::count(places, node, &transport::Place::node) > topology().cores_of_node;
}

}  // namespace

Deadline deadline_of(Timeout timeout) {
  // Beyond some years a limit is none; the arithmetic of the clock would overflow.
  if (timeout.is_forever() || timeout.seconds() > 1e9) return {};
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(timeout.seconds()));
}

ProgressEngine::ProgressEngine(transport::Transport& transport, EngineOptions options)
    : transport_(transport),
      options_(options),
      spin_(options.idle_spin),
      polite_after_(options.idle_spin / 4) {
  if (transport.rank() != 0 || transport.size() == 1 || is_crowded(transport)) return;
  // Who waits on rank 0 waits for an answer, and it comes from ranks that may have to wake up
  // first: to fall asleep meanwhile would double the time. There is a core to spare.
  spin_ = 4 * options.idle_spin;
  polite_after_ = 2 * options.idle_spin;
}

void ProgressEngine::set_handlers(transport::Transport::OnPacket on_packet,
                                  std::function<bool()> end_turn,
                                  std::function<void()> before_sleep,
                                  std::function<void()> on_tick) {
  on_packet_ = std::move(on_packet);
  end_turn_ = std::move(end_turn);
  before_sleep_ = std::move(before_sleep);
  on_tick_ = std::move(on_tick);
}

bool ProgressEngine::poll() {
  // After silence the receivers of what this rank has to say are asleep, and waking takes longer
  // than all else: that goes first, and what arrived meanwhile is looked at while they wake up.
  bool moved = last_poll_ - last_moved_ > silence && end_turn_();
  moved |= transport_.poll(on_packet_);
  moved |= end_turn_();
  last_poll_ = Clock::now();
  if (moved) last_moved_ = last_poll_;
  return moved;
}

void ProgressEngine::notify() {
  changes_.fetch_add(1, std::memory_order_release);
  if (watched_) transport_.wake();
  if (waiting_ != 0) changed_.notify_all();
}

void ProgressEngine::defer(std::function<void()> work) { deferred_.push_back(std::move(work)); }

void ProgressEngine::run_deferred(Lock& lock) {
  while (!deferred_.empty()) {
    std::vector<std::function<void()>> work = std::move(deferred_);
    deferred_.clear();
    lock.unlock();
    for (const std::function<void()>& each : work) {
      try {
        each();
      } catch (...) {
        const ExceptionText text = describe_current_exception();
        base::log_error("a callback threw " + text.type + ": " + text.message + "; it is ignored");
      }
    }
    lock.lock();
  }
}

void ProgressEngine::leave_to_tasks(bool tasks_wait) {
  if (tasks_wait_ == tasks_wait) return;
  tasks_wait_ = tasks_wait;
  if (!tasks_wait) clients_.notify_all();
}

bool ProgressEngine::wait(Lock& lock, const std::function<bool()>& ready, Deadline deadline,
                          Who who) {
  Clock::time_point active = Clock::now();
  bool in_time = true;
  for (;;) {
    if (!deferred_.empty()) run_deferred(lock);
    if (ready()) break;
    if (tasks_wait_ && who == Who::client && worker::current_task() == nullptr) {
      active = Clock::now();
      if (deadline && active >= *deadline) {
        in_time = false;
        break;
      }
      clients_.wait_for(lock, until(deadline, client_limit));
      continue;
    }
    if (keeper_watches_) take_watch_from_keeper();
    if (spinning_ == 0) {
      ++spinning_;
      const bool moved = poll();
      --spinning_;
      if (moved) {
        active = last_poll_;
        continue;
      }
    }
    const Clock::time_point now = Clock::now();
    if (deadline && now >= *deadline) {
      in_time = ready();
      break;
    }
    // Transfers that are under way go at the speed of those who poll: 16 MB took 100 ms with naps
    // of 50 us in between, 2 ms without.
    if (now - active < spin_ || transport_.busy()) {
      const std::uint64_t seen = changes_.load(std::memory_order_acquire);
      lock.unlock();
      // Yielding lets the other ranks of an oversubscribed node run; on a free core it returns at
      // once.
      if (now - active > polite_after_) sched_yield();
      lock.lock();
      if (changes_.load(std::memory_order_relaxed) != seen) active = now;
      continue;
    }
    before_sleep_();
    if (!watched_) {
      const microseconds limit = std::min(watch_limit, transport_.sleep_limit());
      if (watch(lock, until(deadline, limit), ready)) active = Clock::now();
    } else {
      ++waiting_;
      changed_.wait_for(lock, until(deadline, watch_limit));
      --waiting_;
    }
  }
  // Somebody else may take the watch that this thread leaves.
  if (waiting_ != 0 && !watched_) changed_.notify_one();
  if (keeper_sleeps_on_bell_ && !watched_ && waiting_ == 0) {
    give_watch_to_keeper();
    // What came before the bell was armed is found now.
    poll();
  }
  return in_time;
}

/// Sleeps until something arrives, this rank is woken, or the limit is over. The lock is released
/// meanwhile. True when somebody rang.
bool ProgressEngine::watch(Lock& lock, microseconds limit, const std::function<bool()>& ready) {
  bool rung = false;
  watched_ = true;
  const std::uint32_t ticket = transport_.prepare_sleep();
  // What arrived before the doorbell was armed is found now; what arrives later rings.
  if (!poll() && !ready()) {
    ++sleeps_;
    lock.unlock();
    rung = transport_.sleep(ticket, limit);
    lock.lock();
  }
  transport_.end_sleep();
  watched_ = false;
  return rung;
}

/// The keeper leaves the watch to threads that wait: they act on what comes without a switch. It is
/// not woken for that, and sleeps on without being rung for.
void ProgressEngine::take_watch_from_keeper() {
  transport_.end_sleep();
  watched_ = false;
  keeper_watches_ = false;
}

/// The keeper still sleeps on the bell and is to be rung for again. The caller polls after.
void ProgressEngine::give_watch_to_keeper() {
  watched_ = true;
  keeper_watches_ = true;
  transport_.prepare_sleep();
}

void ProgressEngine::watch_as_keeper(Lock& lock) {
  watched_ = true;
  keeper_watches_ = true;
  before_sleep_();
  const std::uint32_t ticket = transport_.prepare_sleep();
  if (!poll() && !stopping_ && waiting_ == 0) {
    ++sleeps_;
    keeper_sleeps_on_bell_ = true;
    const microseconds limit =
        transport_.busy() ? busy_limit : std::min(keeper_limit, transport_.sleep_limit());
    lock.unlock();
    transport_.sleep(ticket, limit);
    lock.lock();
    keeper_sleeps_on_bell_ = false;
  }
  if (keeper_watches_) take_watch_from_keeper();
}

void ProgressEngine::hand_over() {
  if (keeper_asleep_) keeper_.notify_one();
}

void ProgressEngine::start_keeper(const std::function<void()>& thread_setup) {
  keeper_thread_ = std::thread([this, thread_setup] {
    thread_setup();
    Lock lock(mutex_);
    keep(lock);
  });
}

void ProgressEngine::stop_keeper() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    if (keeper_sleeps_on_bell_ && !watched_) give_watch_to_keeper();
    if (watched_) transport_.wake();
    keeper_.notify_all();
  }
  if (keeper_thread_.joinable()) keeper_thread_.join();
}

void ProgressEngine::keep(Lock& lock) {
  microseconds nap = options_.keeper_interval;
  Clock::time_point next_tick = Clock::now();
  while (!stopping_) {
    run_deferred(lock);
    if (Clock::now() >= next_tick) {
      lock.unlock();
      on_tick_();
      next_tick = Clock::now() + tick_interval;
      lock.lock();
      continue;
    }
    if (waiting_ != 0 && !watched_ && spinning_ == 0) changed_.notify_one();
    if (watched_ || waiting_ != 0) {
      // Another thread has the watch, or takes it now. When it leaves for long it tells, else the
      // limit bounds the gap.
      keeper_asleep_ = true;
      keeper_.wait_for(lock, keeper_limit);
      keeper_asleep_ = false;
      nap = options_.keeper_interval;
      continue;
    }
    if (Clock::now() - last_poll_ < options_.keeper_interval) {
      keeper_asleep_ = true;
      keeper_.wait_for(lock, transport_.busy() ? busy_limit : nap);
      keeper_asleep_ = false;
      nap = std::min(nap * 2, keeper_nap_max);
      continue;
    }
    nap = options_.keeper_interval;
    if (!poll() && !watched_) watch_as_keeper(lock);
  }
}

}  // namespace tutti::runtime
