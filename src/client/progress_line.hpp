#pragma once

/// The text of a progress line, without clock and terminal.

#include <cstdint>
#include <string>

namespace tutti::client_module {

/// How far a number of tasks is.
struct ProgressCount {
  std::uint64_t done = 0;  ///< have ended, well or not
  std::uint64_t total = 0;
  std::uint64_t failed = 0;         ///< of those that are done
  std::uint64_t done_at_start = 0;  ///< had ended before anybody measured the time
  double seconds = 0;               ///< since the start
};

/// "57/132, 31/s, 2.4 s left"; "132/132, 31/s, took 4.3 s" at the end; ", 2 failed" where it is so.
std::string progress_line(const std::string& name, const ProgressCount& count);

/// "0.4 s", "12 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
std::string duration_text(double seconds);

/// "0.25/s", "31/s", "12,300/s", "1.2 million/s".
std::string rate_text(double per_second);

}  // namespace tutti::client_module
