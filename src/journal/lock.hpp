#pragma once

/// The lock of a journal: a file that exists while somebody writes, with host, process, boot and
/// job. (Locks of the file system itself are missing on some parallel ones.)

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tutti::journal {

/// Who holds a lock.
struct Holder {
  std::string host;
  std::string boot;  ///< id of the boot of that host
  std::int64_t process = 0;
  std::uint64_t start = 0;  ///< of the process, in the ticks of its boot
  std::string job;          ///< of the batch system, or empty
  std::string restart;      ///< how often the batch system began the job again
  std::string since;        ///< for people

  bool operator==(const Holder&) const = default;
};

/// As the lines of the file. Reading takes any text; what is missing stays empty.
std::string text_of(const Holder& holder);
Holder holder_of(std::string_view text);

/// This process, now.
Holder this_process();

enum class LockState {
  free_to_take,  ///< its holder is surely gone
  held,          ///< its holder runs
  unknown,       ///< its holder ran on another host, or nobody can tell who it was
};
/// What a lock of `holder` means to `self`. `start_of_process` gives the start of a process of this
/// host, 0 when there is none. Pure.
LockState judge(const Holder& holder, const Holder& self, std::uint64_t start_of_process) noexcept;
/// When a process of this host began, in ticks since the boot; 0 when there is none.
std::uint64_t start_of(std::int64_t process);

/// Holds the lock while it lives.
class Lock {
 public:
  /// Throws Error (io) with a sentence that says who has it and what to do. A lock that was left by
  /// a process that is gone is taken over; `takeover()` says so.
  explicit Lock(std::filesystem::path path);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// A sentence, or empty.
  const std::string& takeover() const { return takeover_; }

 private:
  bool create(const std::string& text) const;

  std::filesystem::path path_;
  std::string text_;
  std::string takeover_;
};

}  // namespace tutti::journal
