#pragma once

/// The command line of `tutti farm`.

#include "farm/farm.hpp"
#include "tutti/options.hpp"

#include <string>
#include <vector>

namespace tutti::cli {

/// What was asked for, as each rank reads it.
struct FarmCommandLine {
  farm::FarmRequest request = {};  ///< its commands are read by rank 0, see read_commands
  farm::RunnerSettings runner = {};
  Options options = {};
  std::vector<std::string> words = {};  ///< what stands behind the options
  std::string arguments_file = {};      ///< values from lines of a file (`-a`)
  bool dry_run = false;
  std::string answer = {};  ///< not empty: to be printed in place of a run, such as the help
  int answer_code = 0;
};

/// Never throws: mistakes are in the answer, so that one rank can print it.
FarmCommandLine farm_command_line(int argc, char** argv);

/// The commands, from the words, a file or standard input. Throws Error (bad_argument, io).
std::vector<std::string> read_commands(const FarmCommandLine& line);

}  // namespace tutti::cli
