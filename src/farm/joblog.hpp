#pragma once

/// The log of commands that GNU parallel writes and reads (`--joblog`), a line for each that has
/// ended.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::farm {

struct JoblogEntry {
  std::uint64_t number = 0;  ///< of the command, from 1 on
  std::string host = {};
  double start_s = 0;  ///< since 1970
  double run_s = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;  ///< of its output
  int exit_value = 0;
  int signal = 0;  ///< 0 unless a signal ended it
  std::string command = {};

  bool failed() const { return exit_value != 0 || signal != 0; }
};

/// The first line of the file, with its end.
inline constexpr std::string_view joblog_header =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

/// A line, with its end.
std::string joblog_line(const JoblogEntry& entry);

/// How many bytes of the text are whole lines. What follows was cut off while it was written.
std::size_t whole_lines(std::string_view text);

/// All entries, in their order. What was cut off at the end is left out. Throws Error
/// (corrupt_data) that names the line.
std::vector<JoblogEntry> joblog_entries(std::string_view text);

enum class Resume {
  no,
  finished,  ///< leaves out what has ended, well or not
  well,      ///< leaves out what has ended well
};

/// The numbers of the commands (from 1 on) that are still to be run. The last entry of a number
/// counts. Throws Error (bad_argument) when an entry is about another command than the one that has
/// its number now.
std::vector<std::uint64_t> left_to_run(const std::vector<std::string>& commands,
                                       const std::vector<JoblogEntry>& entries, Resume resume);

}  // namespace tutti::farm
