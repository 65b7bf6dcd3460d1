#pragma once

/// Lock, MultiLock, Semaphore, Event, Barrier: how tasks and the client wait for each other. All of
/// them have names, which mean the same everywhere in a run; those of different kinds are apart.
///
/// They may be used by the client and inside tasks, and by several threads. A task that waits gives
/// its slot to others. What a task holds when it ends, or when its rank is lost, is free again.
/// Time limits are seconds or std::chrono durations; 0 means not to wait. They can be passed to
/// tasks as arguments: what arrives is an object of its own with the same name, which holds
/// nothing.
///
/// Errors: Error (bad_argument) when something is released that is not held, or used with another
/// size than it has; Error (not_running) outside of a run.

#include "tutti/detail/sync_call.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tutti {

/// Mutual exclusion between all ranks, for example for a file with one writer. Fits
/// std::lock_guard and std::unique_lock.
class Lock : public detail::SyncObject {
 public:
  explicit Lock(std::string name = "lock") : SyncObject({std::move(name)}) {}

  /// False when the time was over first. Those who wait get it in the order in which they came.
  /// Taking it twice by one object is an error: it would wait for itself.
  bool acquire(Timeout timeout = forever) { return ask(sync::Operation::lock, timeout).in_time; }
  void release() { ask(sync::Operation::unlock); }
  /// Whether anybody holds it now.
  bool locked() const { return ask(sync::Operation::lock_is_held).number != 0; }

  void lock() { acquire(); }
  bool try_lock() { return acquire(0.0); }
  void unlock() { release(); }

  using Recipe = std::string;
  Recipe recipe() const { return names().front(); }
  static Lock from(Recipe name) { return Lock(std::move(name)); }
};

/// Several locks, taken at one moment and in no order: two MultiLocks never wait for each other in
/// a circle. The names are those of Lock.
class MultiLock : public detail::SyncObject {
 public:
  MultiLock() : SyncObject({}) {}
  explicit MultiLock(std::vector<std::string> names) : SyncObject(std::move(names)) {}

  /// Takes any `number` of the locks; 0: all. False when the time was over first.
  bool acquire(Timeout timeout = forever, std::size_t number = 0) {
    return ask(sync::Operation::lock, timeout, static_cast<std::int64_t>(number)).in_time;
  }
  /// Releases all that it has.
  void release() { ask(sync::Operation::unlock); }

  void lock() { acquire(); }
  bool try_lock() { return acquire(0.0); }
  void unlock() { release(); }

  using Recipe = std::vector<std::string>;
  Recipe recipe() const { return names(); }
  static MultiLock from(Recipe names) { return MultiLock(std::move(names)); }
};

/// At most `leases` hold it at once, for example to limit how many read from one disk. While
/// anybody uses it all must say the same number.
class Semaphore : public detail::SyncObject {
 public:
  explicit Semaphore(std::size_t leases = 1, std::string name = "semaphore")
      : SyncObject({std::move(name)}), leases_(leases) {}

  /// False when the time was over first. One object may take several leases.
  bool acquire(Timeout timeout = forever) {
    return ask(sync::Operation::semaphore_acquire, timeout, count()).in_time;
  }
  void release() { ask(sync::Operation::semaphore_release); }
  /// Leases that are free now.
  std::size_t value() const {
    return static_cast<std::size_t>(ask(sync::Operation::semaphore_value, forever, count()).number);
  }

  void lock() { acquire(); }
  bool try_lock() { return acquire(0.0); }
  void unlock() { release(); }

  using Recipe = std::pair<std::uint64_t, std::string>;
  Recipe recipe() const { return {leases_, names().front()}; }
  static Semaphore from(Recipe recipe) {
    return Semaphore(static_cast<std::size_t>(recipe.first), std::move(recipe.second));
  }

 private:
  std::int64_t count() const { return static_cast<std::int64_t>(leases_); }
  std::size_t leases_;
};

/// A flag that many wait for. It is clear until somebody sets it.
class Event : public detail::SyncObject {
 public:
  explicit Event(std::string name = "event") : SyncObject({std::move(name)}) {}

  /// Waits until it is set; false when the time was over first.
  bool wait(Timeout timeout = forever) const {
    return ask(sync::Operation::event_wait, timeout).in_time;
  }
  void set() { ask(sync::Operation::event_set); }
  void clear() { ask(sync::Operation::event_clear); }
  bool is_set() const { return ask(sync::Operation::event_is_set).number != 0; }

  using Recipe = std::string;
  Recipe recipe() const { return names().front(); }
  static Event from(Recipe name) { return Event(std::move(name)); }
};

/// `parties` wait until all of them do; then it can be used again.
class Barrier : public detail::SyncObject {
 public:
  explicit Barrier(std::size_t parties = 1, std::string name = "barrier")
      : SyncObject({std::move(name)}), parties_(parties) {}

  /// Gives each party another number, from 0: the order in which they came. Throws TimeoutError
  /// when the time was over first, which breaks the barrier for those who wait: they get Error
  /// (bad_argument). With 0 it goes through as the last party or not at all, and breaks nothing.
  std::size_t wait(Timeout timeout = forever) {
    const auto reply =
        ask(sync::Operation::barrier_wait, timeout, static_cast<std::int64_t>(parties_));
    if (!reply.in_time) detail::throw_sync_timeout("the barrier", names().front(), timeout);
    return static_cast<std::size_t>(reply.number);
  }

  using Recipe = std::pair<std::uint64_t, std::string>;
  Recipe recipe() const { return {parties_, names().front()}; }
  static Barrier from(Recipe recipe) {
    return Barrier(static_cast<std::size_t>(recipe.first), std::move(recipe.second));
  }

 private:
  std::size_t parties_;
};

namespace detail {

template <>
struct CustomCodec<Lock> : SyncCodec<Lock> {};
template <>
struct CustomCodec<MultiLock> : SyncCodec<MultiLock> {};
template <>
struct CustomCodec<Semaphore> : SyncCodec<Semaphore> {};
template <>
struct CustomCodec<Event> : SyncCodec<Event> {};
template <>
struct CustomCodec<Barrier> : SyncCodec<Barrier> {};

}  // namespace detail
}  // namespace tutti
