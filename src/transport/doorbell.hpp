#pragma once

/// Doorbells: how a rank that sleeps is woken by the ranks of its node, and by its own threads.
///
/// A bell is one futex word: even while its owner is awake, odd while it sleeps or is about to. So
/// the sender of a message to a rank that is awake pays one fence and one load, and of many senders
/// to a sleeping rank one pays the system call.
///
/// No wake-up is lost: the owner makes the word odd, then looks once more for messages; a sender
/// publishes its message, then looks at the word. With a full fence between the two steps on both
/// sides at least one of them sees the other.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tutti::transport {

/// Where the bells of a node can be found by another process of the node. Bytes, the same on all
/// ranks.
struct DoorbellAddress {
  std::int64_t pid = 0;
  std::int64_t descriptor = -1;  ///< negative: there is none
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t secret =
      0;  ///< stands in the segment: tells it from another process of the same number
};

/// The bells of the ranks of a node, numbered by local rank.
class Doorbells {
 public:
  /// Bells that only the threads of this process can ring.
  static std::unique_ptr<Doorbells> make_private(int count);
  /// Bells in memory without a name that ends with its last user. Null when the system refuses.
  static std::unique_ptr<Doorbells> make_shared(int count);
  /// Opens what make_shared made in another process. Null when that is barred (other user, other
  /// pid namespace, ...).
  static std::unique_ptr<Doorbells> open_shared(const DoorbellAddress& address, int count);

  ~Doorbells();
  Doorbells(const Doorbells&) = delete;
  Doorbells& operator=(const Doorbells&) = delete;

  /// For the maker: where its peers find the bells, until close_descriptor().
  DoorbellAddress address() const;
  /// Called when all peers have opened the bells. They stay usable.
  void close_descriptor() noexcept;

  /// Wakes the owner of a bell when it sleeps or has prepared to. What the caller wrote before is
  /// seen by the owner after. Any thread; async-signal-safe.
  void ring(int bell) noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ring_after_fence(bell);
  }
  /// The same for the second and further bells of a row, after one fence.
  void ring_after_fence(int bell) noexcept {
    std::atomic<std::uint32_t>& word = bells_[bell].word;
    const std::uint32_t seen = word.load(std::memory_order_relaxed);
    if (is_asleep(seen)) [[unlikely]]
      wake_sleeper(word, seen);
  }

  /// The owner: says that it will sleep. Then it looks for messages once more, and sleeps if there
  /// are none.
  std::uint32_t prepare(int bell) noexcept;
  /// Sleeps until somebody rang since prepare(), a signal came, or the limit is over. True when
  /// rung.
  bool sleep(int bell, std::uint32_t ticket, std::chrono::microseconds limit) noexcept;
  /// The owner is awake again, or did not sleep after all.
  void end(int bell, std::uint32_t ticket) noexcept;

 private:
  /// On cache lines of its own; two, because processors fetch them in pairs.
  struct alignas(128) Bell {
    std::atomic<std::uint32_t> word;
  };
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

  Doorbells() = default;
  static std::size_t segment_bytes(int count);
  static bool is_asleep(std::uint32_t word) noexcept { return (word & 1) != 0; }
  static void wake_sleeper(std::atomic<std::uint32_t>& word, std::uint32_t seen) noexcept;
  bool map(int descriptor, int count) noexcept;

  Bell* bells_ = nullptr;
  void* segment_ = nullptr;
  std::size_t segment_bytes_ = 0;
  int descriptor_ = -1;
  DoorbellAddress address_;
};

}  // namespace tutti::transport
