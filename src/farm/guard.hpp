#pragma once

/// Guard: a small process beside a rank that ends the rank's commands when the rank is gone,
/// however it went. Commands are children of the rank; without a guard those of a rank that was
/// killed would run on.

#include <atomic>
#include <cstddef>
#include <span>
#include <sys/types.h>

namespace tutti::farm {

/// One for each process that runs commands. To be made before MPI starts and before threads do, as
/// it forks. It lives as long as the process.
class Guard {
 public:
  /// Throws Error (io) when the process cannot be started.
  Guard();
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  static constexpr std::size_t slots = 4096;

  /// The place of one command in the table that the guard reads. Any thread may claim one; there
  /// are enough for all threads that a rank can have.
  class Slot {
   public:
    explicit Slot(Guard& guard);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    /// Numbers from 0 on, the smallest that is free.
    std::size_t number() const { return number_; }
    /// The process group of the command that runs now; 0 when it is over.
    void set(pid_t group);

   private:
    Guard& guard_;
    std::size_t number_;
  };

 private:
  std::span<std::atomic<pid_t>> table_;  ///< shared with the guard; free slots hold free_slot
  int alive_ = -1;                       ///< closed by the system when this process ends
};

}  // namespace tutti::farm
