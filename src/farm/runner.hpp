#pragma once

/// Runner: starts commands as processes of this rank and waits for them.

#include "farm/guard.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::farm {

/// A command as it travels to a rank.
struct CommandSpec {
  std::uint64_t number = 0;  ///< from 1 on, in the order of the list
  std::string line = {};     ///< for the shell
};

/// How it ended, as it travels back.
struct CommandEnd {
  double start_s = 0;  ///< since 1970
  double run_s = 0;
  std::int32_t exit_value = 0;
  std::int32_t signal = 0;
  bool timed_out = false;
  bool interrupted = false;  ///< ended, or not begun, because the farm was told to stop
  std::string host = {};
  std::uint64_t output_bytes = 0;  ///< wherever it went
  std::string output = {};         ///< its standard output, when it was collected
  std::string messages = {};       ///< its standard error, when it was collected
};

/// Where the output of commands goes.
enum class OutputTo {
  client,        ///< collected, and printed by rank 0 as one piece
  rank,          ///< what the rank has itself, as it comes
  result_files,  ///< DIRECTORY/NUMBER/stdout and stderr
  log_files,     ///< DIRECTORY/NUMBER.log, both
};

struct RunnerSettings {
  std::string shell = "/bin/sh";
  OutputTo output_to = OutputTo::client;
  std::string directory = {};  ///< of results or logs; must exist
  /// After that, a command gets TERM. None: it may take as long as it likes.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Between TERM and KILL.
  std::chrono::milliseconds time_to_end{500};
  std::uint32_t cores = 1;  ///< of each command
};

class Runner {
 public:
  /// The environment of commands is taken from that of the process now. To be made before MPI
  /// starts, see Guard.
  explicit Runner(RunnerSettings settings);

  /// Runs the command to its end. Many threads may do so at once. Throws Error (io) when its files
  /// cannot be made or no process can be started at all.
  CommandEnd run(const CommandSpec& command);

  const RunnerSettings& settings() const { return settings_; }

 private:
  struct Files;
  Files open_files(const CommandSpec& command) const;
  pid_t start(const CommandSpec& command, const Files& files, std::size_t slot) const;
  void await(pid_t pid, CommandEnd& end) const;

  RunnerSettings settings_;
  Guard guard_;
  std::vector<std::string> environment_;
};

}  // namespace tutti::farm
